"""Binaries and what App Store Connect makes of them: numbers, builds, uploads."""
