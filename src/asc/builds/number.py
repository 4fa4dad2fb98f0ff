"""Build numbers: one or more whole numbers with dots between, compared segment by segment; and what has one.

https://developer.apple.com/documentation/bundleresources/information-property-list/cfbundleversion
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from functools import total_ordering

PARTS = 3
"""Segments of a version. Build numbers may have more, which nobody pads."""


@total_ordering
@dataclass(frozen=True, eq=False)
class BuildNumber:
    """A build number, as text. `2.10` is greater than `2.9`; `7`, `007` and `7.0` are equal."""

    text: str

    @classmethod
    def parse(cls, text: str) -> BuildNumber | None:
        """Reads a build number; None for a text that is not one (old Mac builds have letters in them)."""
        text = text.strip()
        return cls(text) if re.fullmatch(r"[0-9]{1,18}(\.[0-9]{1,18})*", text) else None

    def next(self) -> BuildNumber:
        """The next number: the last segment plus one, with its leading zeros kept (`1.09` → `1.10`)."""
        head, dot, last = self.text.rpartition(".")
        return BuildNumber(f"{head}{dot}{int(last) + 1:0{len(last)}d}")

    def spellings(self) -> tuple[str, ...]:
        """Return the ways in which App Store Connect may write this number, as given first.

        It takes `1.5`, `1.5.0` and `1.05` for one train, and keeps the spelling of the first upload. The list ends at
        three segments and two digits, for versions of dates (`24.02.0`): no filter can hold all spellings.
        """
        segments = self._order
        spelt = {self.text: None, ".".join(map(str, segments)): None}
        for more in range(max(0, PARTS - len(segments)) + 1 if len(segments) <= PARTS else 0):
            first, *rest = *segments, *[0] * more
            for tail in itertools.product(*(dict.fromkeys((f"{one}", f"{one:02d}")) for one in rest)):
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
    """All spellings of a version or build number, as a filter takes them; of another text that alone."""
    number = BuildNumber.parse(text)
    return ",".join(number.spellings()) if number else text


def same_value(one: str, other: str) -> bool:
    """Whether two texts are the same number, however they are written."""
    parsed = BuildNumber.parse(one)
    return one == other or (parsed is not None and parsed == BuildNumber.parse(other))


@dataclass(frozen=True)
class Number:
    """What makes a build and its upload unique: the app's id, the train, the build number, and Apple's platform."""

    app_id: str
    version: str
    build_number: str
    platform: str

    def __str__(self) -> str:
        return f"{self.version} ({self.build_number})"

    def is_one_with(self, version: str, build_number: str, platform: str) -> bool:
        """Whether texts of Apple's name this number; a missing platform of ours stands for any."""
        return (
            same_value(version, self.version)
            and same_value(build_number, self.build_number)
            and self.platform in ("", platform)
        )
