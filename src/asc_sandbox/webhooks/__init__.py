"""Webhooks: the events that a change makes, and their delivery over HTTP."""
