"""Webhooks: the addresses that get the events of an app, and the deliveries of these events."""
