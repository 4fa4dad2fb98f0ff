"""App Store Connect: the key, the token, the transport, JSON:API documents and Apple's errors."""
