"""Devices of a team: how they compare, which belong into a profile, and how the wanted ones are brought to Apple."""
