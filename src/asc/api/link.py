"""Signed links, as App Store Connect hands them out, and which of them are followed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from asc.api.address import is_loopback, split

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"(?! )[ -~]*")


@dataclass(frozen=True)
class Link:
    """A signed link. `expires` is in UTC, None where it is not known; `label` says what it is for, in a log line."""

    label: str
    method: str
    url: str
    headers: Mapping[str, str]
    expires: datetime | None

    def may_be_followed(self, *, locally: bool) -> bool:
        """Whether bytes of an app may go there: over https, or `locally` to the sandbox on this machine.

        A method or a header that HTTP does not have is refused as well: sending could only fail, again and again.
        """
        parts = split(self.url)
        if not parts or not _TOKEN.fullmatch(self.method):
            return False
        if not all(
            _TOKEN.fullmatch(name) and _VALUE.fullmatch(value) for name, value in self.headers.items()
        ):
            return False
        local = locally and is_loopback(parts.hostname or "")
        return parts.scheme == "https" or (parts.scheme == "http" and local)
