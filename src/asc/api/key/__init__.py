"""The App Store Connect API key: where it is found, the forms it comes in, the private key inside."""

from asc.api.key.model import ApiKey, KeyRefused

__all__ = ["ApiKey", "KeyRefused"]
