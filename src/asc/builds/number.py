"""Build numbers: whole numbers with dots between them, compared segment by segment.

https://developer.apple.com/documentation/bundleresources/information-property-list/cfbundleversion
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from functools import total_ordering

PARTS = 3
"""Segments of a version that are padded with zeros. Build numbers may have more segments, without padding."""


@total_ordering
@dataclass(frozen=True, eq=False)
class BuildNumber:
    """A build number, as text. `2.10` is greater than `2.9`; `7`, `007` and `7.0` are equal."""

    text: str

    @classmethod
    def parse(cls, text: str) -> BuildNumber | None:
        """Return the build number in a text, or None if it is not one (old Mac builds have letters in them)."""
        text = text.strip()
        # 18 digits hold a date with seconds, and stay within 64 bits.
        return cls(text) if re.fullmatch(r"[0-9]{1,18}(\.[0-9]{1,18})*", text) else None

    def next(self) -> BuildNumber:
        """Return the number with its last segment raised by one, leading zeros kept (`1.09` → `1.10`)."""
        head, dot, last = self.text.rpartition(".")
        return BuildNumber(f"{head}{dot}{int(last) + 1:0{len(last)}d}")

    def spellings(self) -> tuple[str, ...]:
        """Return the spellings that App Store Connect may use for this number, the given one first.

        Apple treats `1.5`, `1.5.0` and `1.05` as one train, and keeps the spelling of the first upload. The list ends
        at three segments and two digits, for versions like dates (`24.02.0`): no filter can hold all spellings.
        """
        segments = self._order
        spelt = {self.text: None, ".".join(map(str, segments)): None}
        for more in range(max(0, PARTS - len(segments)) + 1 if len(segments) <= PARTS else 0):
            first, *rest = *segments, *[0] * more
            for tail in itertools.product(
                *(dict.fromkeys((f"{segment}", f"{segment:02d}")) for segment in rest)
            ):
                spelt[".".join((str(first), *tail))] = None
        return tuple(spelt)

    @property
    def _order(self) -> tuple[int, ...]:
        segments = [int(segment) for segment in self.text.split(".")]
        while len(segments) > 1 and segments[-1] == 0:
            segments.pop()
        return tuple(segments)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BuildNumber) and self._order == other._order

    def __hash__(self) -> int:
        return hash(self._order)

    def __lt__(self, other: BuildNumber) -> bool:
        return self._order < other._order

    def __str__(self) -> str:
        return self.text


def spellings(text: str) -> str:
    """Return all spellings of a version or build number, with commas for a filter; another text unchanged."""
    number = BuildNumber.parse(text)
    return ",".join(number.spellings()) if number else text


def same_value(text: str, other: str) -> bool:
    """Return True if two texts are the same number in any spelling."""
    parsed = BuildNumber.parse(text)
    return text == other or (parsed is not None and parsed == BuildNumber.parse(other))


@dataclass(frozen=True)
class Number:
    """The values that identify a build and its upload: the app's id, the train, the build number, Apple's platform."""

    app_id: str
    version: str
    build_number: str
    platform: str

    def __str__(self) -> str:
        return f"{self.version} ({self.build_number})"

    def is_one_with(self, version: str, build_number: str, platform: str) -> bool:
        """Return True if Apple's texts are this number. An empty platform of this number matches any."""
        return (
            same_value(version, self.version)
            and same_value(build_number, self.build_number)
            and self.platform in ("", platform)
        )
