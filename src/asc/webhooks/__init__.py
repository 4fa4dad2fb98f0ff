"""Webhooks: where App Store Connect sends the events of an app, and how their deliveries ended."""
