"""The inputs that name capabilities: Apple's types or fastlane's services, one a line, with a setting or without."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from asc.commands import kinds
from asc.errors import Problem
from asc.provisioning.capabilities import EXPLICIT_ONLY, Capability, merged, read_capability


def _read(text: str) -> tuple[Capability, ...]:
    return merged(_capabilities(text))


def _capabilities(text: str) -> Iterator[Capability]:
    for entry in kinds.LIST.parse(text):
        # A YAML list, which people paste with its dashes, means the same.
        name, _, setting = entry.removeprefix("- ").partition(":")
        yield read_capability(name, setting.strip().strip("\"'"))


KIND = kinds.Kind("list", "one a line: name, or name: setting", _read)


def wildcard_problems(identifiers: Iterable[str], capabilities: Iterable[Capability]) -> Iterator[Problem]:
    """Yield a problem for each capability that a wildcard among the bundle ids cannot have."""
    explicit_only = [capability.type for capability in capabilities if capability.type in EXPLICIT_ONLY]
    for identifier in identifiers:
        if identifier.endswith("*"):
            for kind in explicit_only:
                yield Problem(
                    "capabilities",
                    f"{kind} is not for wildcards ({identifier})",
                    "Use an explicit bundle id.",
                )
