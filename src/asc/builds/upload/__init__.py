"""Bringing a binary to App Store Connect: the record of the upload, its parts, and going on where it stopped."""
