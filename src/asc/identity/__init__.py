"""Signing identities: private keys, signing requests, certificates and PKCS#12."""
