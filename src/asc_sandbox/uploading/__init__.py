"""Files that arrive in parts: stored, received, and read."""
