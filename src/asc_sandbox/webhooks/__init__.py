"""Webhooks at work: which events a change makes, and their delivery over HTTP."""
