"""Builds: reading binaries, uploading them, finding builds and their numbers, waiting for Apple, symbols."""
