"""Private keys, signing requests, certificates and PKCS#12: who signs."""
