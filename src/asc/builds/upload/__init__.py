"""Upload a binary: its record at App Store Connect, its parts, and resuming an interrupted upload."""
