"""Plans of changes: work them out, send them, read the state again after a lost answer."""
