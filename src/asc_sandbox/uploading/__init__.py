"""Files that arrive in parts: where they are kept, how the parts come in, and what is read from them."""
