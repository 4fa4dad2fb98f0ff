"""The facts that pages show: frozen dataclasses, read from the world."""
