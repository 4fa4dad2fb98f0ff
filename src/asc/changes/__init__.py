"""Plans: work out changes, make them, read the state again after a lost answer."""
