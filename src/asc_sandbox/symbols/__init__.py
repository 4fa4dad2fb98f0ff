"""Symbols: the dSYM archives of builds, and the signed links that lead to them."""
