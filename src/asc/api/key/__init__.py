"""The App Store Connect API key: its sources, its forms, and the private key in it."""

from asc.api.key.model import ApiKey, KeyRefused

__all__ = ["ApiKey", "KeyRefused"]
