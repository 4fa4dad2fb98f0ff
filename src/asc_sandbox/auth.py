"""Verify bearer tokens by Apple's rules.

https://developer.apple.com/documentation/appstoreconnectapi/generating-tokens-for-api-requests
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jwt
from jwt.types import Options

from asc_sandbox.errors import not_authorized
from asc_sandbox.keys import Key

MAX_LIFETIME = 20 * 60
"""Seconds from iat to exp; Apple refuses a token that lives one second longer."""

FUTURE_TOLERANCE = 60
"""Seconds that iat may lie ahead. Apple does not document how much it forgives; this is a guess."""

# PyJWT would compare with the machine's clock. The sandbox has a clock of its own, and a reason for each refusal.
_CLAIMS_ARE_CHECKED_BELOW: Options = {
    "verify_exp": False,
    "verify_aud": False,
    "verify_iat": False,
    "verify_nbf": False,
}


def authenticate(header: str | None, keys: Mapping[str, Key], now: float) -> Key:
    """Return the key that signed the token in an Authorization header. `now` is in seconds since the epoch.

    Raises Refusal 401 if the token is missing, unknown, badly signed or outside its time.
    """
    token = (header or "").removeprefix("Bearer ")
    # Equal to the header means that the word Bearer was missing.
    if not token or token == header:
        raise not_authorized("there is no bearer token")
    key = keys.get(claimed_key_id(header) or "")
    if key is None:
        raise not_authorized("the token names no key of this team in kid")
    try:
        claims = jwt.decode(token, key.public_key, algorithms=["ES256"], options=_CLAIMS_ARE_CHECKED_BELOW)
    except jwt.InvalidTokenError as error:
        raise not_authorized(f"the token's signature or form is wrong: {error}") from None
    if problem := _problem(claims, key, now):
        raise not_authorized(problem)
    return key


def claimed_key_id(header: str | None) -> str | None:
    """Return the kid of the token in an Authorization header without verifying it; None if there is none."""
    try:
        kid = jwt.get_unverified_header((header or "").removeprefix("Bearer ")).get("kid")
    # A header of nested brackets must end with a refusal, not with a traceback.
    except (jwt.InvalidTokenError, UnicodeError, RecursionError):
        return None
    return kid if isinstance(kid, str) else None


def _problem(claims: Mapping[str, Any], key: Key, now: float) -> str | None:
    """Return the first problem of the claims, None if they are valid."""
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(expires, int | float):
        return "exp is missing"
    # The token of an individual key names no issuer, and its subject is always "user" (Apple's page on tokens).
    if key.issuer is None and (claims.get("sub") != "user" or "iss" in claims):
        return "an individual key has no iss, and the sub 'user'"
    if key.issuer is not None and claims.get("iss") != key.issuer:
        return "iss is not the issuer of this key"
    if claims.get("aud") != _audience(key):
        return f"aud is not {_audience(key)}"
    if expires <= now:
        return f"the token expired {now - expires:.0f} s ago"
    if isinstance(issued, int | float) and issued > now + FUTURE_TOLERANCE:
        return f"iat lies {issued - now:.0f} s ahead"
    # Without iat the lifetime counts from the moment of the request.
    if expires - (issued if isinstance(issued, int | float) else now) > MAX_LIFETIME:
        return f"the token lives longer than {MAX_LIFETIME} s"
    return None


def _audience(key: Key) -> str:
    return "apple-developer-enterprise-v1" if key.in_house else "appstoreconnect-v1"
