"""Certificates, profiles, the storage that keeps them, and the keychain."""
