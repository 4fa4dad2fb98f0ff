"""Apps: how to find one, and the texts that App Store Connect accepts."""
