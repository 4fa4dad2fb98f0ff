"""The team's side of Apple's certificate authority: throw-away certificates and signed profiles, really made.

Only `office` is for others. What brings cryptography's x509 is imported when it is first needed: the server starts
without it.
"""
