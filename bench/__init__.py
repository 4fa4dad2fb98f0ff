"""Figures against a peer and against the floor: `make bench`."""
