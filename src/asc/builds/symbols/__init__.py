"""Symbols: finding the dSYM archives that App Store Connect has of builds, fetching, checking and unpacking them."""
