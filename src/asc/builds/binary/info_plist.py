"""Read the values of an Info.plist, and remark on values of the wrong type.

https://developer.apple.com/documentation/bundleresources/information-property-list
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from asc.builds.binary.model import Defect
from asc.words import printable_name

LIMIT = 1 << 20
"""Bytes of an Info.plist. The largest apps have some ten thousand."""


def text_of(info: Mapping[str, Any], key: str) -> str:
    """Return the text of a key, "" if there is none. Whole numbers count, because people omit the quotes in XML."""
    value = info.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) else ""


def remarks(info: Mapping[str, Any]) -> Iterator[Defect]:
    """Yield a remark for each value of the wrong type: Apple may read it differently."""
    for key in ("CFBundleShortVersionString", "CFBundleVersion"):
        if isinstance(info.get(key), int):
            yield Defect(
                f"{key} is an <integer> in its Info.plist, where Apple documents a text.",
                f"Write it as <string>{info[key]}</string>.",
                fatal=False,
            )
    answer = info.get("ITSAppUsesNonExemptEncryption")
    if answer is not None and not isinstance(answer, bool):
        yield Defect(
            f"ITSAppUsesNonExemptEncryption is there, but is not a boolean ({printable_name(str(answer))}): "
            "it answers nothing.",
            "Write it as <false/> or <true/> (in Xcode, give the key the type Boolean).",
            fatal=False,
        )


def boolean_of(info: Mapping[str, Any], key: str) -> bool | None:
    """Return the boolean of a key, None if there is none."""
    value = info.get(key)
    return value if isinstance(value, bool) else None
