"""The team's side of Apple's certificate authority: it issues real throw-away certificates and signs profiles.

Other packages use `issuing`. Modules that need cryptography's x509 are imported at their first use, because the
server starts faster without it.
"""
