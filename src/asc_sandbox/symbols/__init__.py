"""The symbols of builds: dSYM archives, and the signed links to them."""
