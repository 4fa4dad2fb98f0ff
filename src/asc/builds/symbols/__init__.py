"""Symbols: find, download, check and unpack the dSYM archives that App Store Connect has of builds."""
