"""What is shown: frozen dataclasses, made from the world."""
