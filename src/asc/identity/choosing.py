"""Choose one of several certificates of a private key."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from asc import words
from asc.identity.certificate import Certificate
from asc.identity.errors import NoMatch
from asc.identity.keys import same_key


def choose(certificates: Iterable[Certificate], key: RSAPrivateKey, now: datetime) -> Certificate:
    """Return the certificate of `key` that is valid at `now` and ends last. Of equal ones, return the newest.

    Raises NoMatch if no certificate belongs to the key, or none of them is valid.
    """
    candidates = list(certificates)
    own = [certificate for certificate in candidates if same_key(certificate, key)]
    valid = [certificate for certificate in own if certificate.valid_at(now)]
    if valid:
        return max(valid, key=lambda certificate: (certificate.not_after, certificate.not_before))
    if own:
        last = max(own, key=lambda certificate: certificate.not_after)
        state = "begins only on" if last.not_before > now else "expired on"
        day = last.not_before if last.not_before > now else last.not_after
        raise NoMatch(
            f"The certificate “{last.common_name}” {state} {day:%Y-%m-%d}.",
            "Create a new one with sync-signing and mode: sync.",
        )
    names = words.some([f"“{certificate.common_name}”" for certificate in candidates]) or "none was given"
    raise NoMatch(
        f"No certificate belongs to the private key ({names}).",
        "Give the certificate that was made for it, or the key that was made for the certificate.",
    )
