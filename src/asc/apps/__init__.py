"""Apps: finding one, and the texts that App Store Connect takes."""
