"""Handing a build to testers: what is wished, what is there, the changes between the two, and making them."""
