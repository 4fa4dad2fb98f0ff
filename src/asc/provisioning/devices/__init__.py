"""The team's devices: compare them, register and change them, and choose those that a profile lists."""
