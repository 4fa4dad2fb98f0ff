"""Recruitment criteria: the devices and system versions that a public link lets in.

https://developer.apple.com/documentation/appstoreconnectapi/betarecruitmentcriterion
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from asc.api.client import Client
from asc.errors import Error
from asc.testflight.mappings import put_once
from asc.words import did_you_mean, listed, printable_name

FAMILIES = ("IPHONE", "IPAD", "APPLE_TV", "APPLE_WATCH", "MAC", "VISION")
_VERSION = r"[0-9]{1,3}(?:\.[0-9]{1,3}){0,2}"
# YAML takes a value that begins with ">" for a block of text, hence the forms without it.
_FORMS = (
    rf"(?:>=\s*)?(?P<least>{_VERSION})\s*(?:-|to)\s*(?P<most>{_VERSION})",
    rf"(?P<least>{_VERSION})\+",
    rf">=\s*(?P<least>{_VERSION})",
    rf"<=\s*(?P<most>{_VERSION})",
    r"any",
)


@dataclass(frozen=True)
class Range:
    """The system versions of a device family, both ends included. "" is an open end."""

    least: str = ""
    most: str = ""

    def __str__(self) -> str:
        if self.least and self.most:
            return f"{self.least} to {self.most}"
        return (
            f"{self.least} and later" if self.least else f"up to {self.most}" if self.most else "any version"
        )


Criteria = Mapping[str, Range]
"""The ranges by Apple's names of the device families. Without an entry no device is kept out."""


def parse_criteria(value: Mapping[str, Any]) -> dict[str, Range]:
    """Return criteria from `{iphone: "18.0+", mac: "14.0 - 26.0"}`. Raises ValueError with a reason."""
    criteria: dict[str, Range] = {}
    for name, text in value.items():
        family = re.sub(r"[-_\s]+", "_", str(name).strip()).upper()
        family = {"APPLETV": "APPLE_TV", "TV": "APPLE_TV", "WATCH": "APPLE_WATCH"}.get(family, family)
        # Apple's list of families is open: a name in Apple's own spelling is sent, and Apple decides.
        if family not in FAMILIES and name != family:
            hint = (
                did_you_mean(family, FAMILIES)
                or f" There are {listed([known.lower() for known in FAMILIES])}."
            )
            raise ValueError(f"{printable_name(str(name))} is not a device family.{hint}")
        # YAML reads an unquoted 18.0 as a number.
        put_once(criteria, family, _range(family, str(text).strip()))
    return criteria


def read_filters(filters: object) -> dict[str, Range]:
    """Return the criteria that an answer of Apple has in `deviceFamilyOsVersionFilters`; {} without any."""
    entries = [entry for entry in filters if isinstance(entry, Mapping)] if isinstance(filters, list) else []
    return {
        str(entry.get("deviceFamily")): Range(
            str(entry.get("minimumOsInclusive") or ""), str(entry.get("maximumOsInclusive") or "")
        )
        for entry in entries
    }


def filters_of(criteria: Criteria) -> list[dict[str, str]]:
    """Return criteria in Apple's form, without open ends."""
    return [
        {
            "deviceFamily": family,
            **({"minimumOsInclusive": versions.least} if versions.least else {}),
            **({"maximumOsInclusive": versions.most} if versions.most else {}),
        }
        for family, versions in criteria.items()
    ]


def check_versions(client: Client, criteria: Criteria) -> None:
    """Raise Error for versions that Apple does not offer. Makes one request."""
    offered = _offered(client)
    for family, versions in criteria.items():
        # Apple decides about a family that its list does not have.
        for version in filter(None, (versions.least, versions.most)):
            # Apple refuses other versions with a code that does not name them.
            if offered.get(family) and version not in offered[family]:
                raise Error(
                    f"criteria: Apple does not offer version {version} of {family}. "
                    f"It offers {', '.join(offered[family])}.",
                    "Choose one of these versions.",
                )


def described(criteria: Criteria) -> str:
    """Return criteria in words: `IPHONE 18.0 and later, MAC any version`; `none` without any."""
    return (
        ", ".join(f"{printable_name(family)} {versions}" for family, versions in criteria.items()) or "none"
    )


def _range(family: str, text: str) -> Range:
    match = next(filter(None, (re.fullmatch(form, text, re.IGNORECASE) for form in _FORMS)), None)
    if not match:
        raise ValueError(f"{family}: {printable_name(text)} is not like 18.0+, 17.0 - 18.5, <= 26.1 or any")
    ends = {"least": "", "most": "", **match.groupdict()}
    versions = Range(ends["least"], ends["most"])
    if versions.least and versions.most and _numbers(versions.least) > _numbers(versions.most):
        raise ValueError(f"{family}: {versions.least} is above {versions.most}")
    return versions


def _numbers(version: str) -> list[int]:
    # Texts compare character by character, and 9.0 would be above 18.0.
    return [int(part) for part in version.split(".")]


def _offered(client: Client) -> dict[str, list[str]]:
    resources: Iterable[Any] = client.list("/v1/betaRecruitmentCriterionOptions").data
    offered: dict[str, list[str]] = {}
    for resource in resources:
        entries = resource.attributes.get("deviceFamilyOsVersions")
        for entry in entries if isinstance(entries, list) else ():
            versions = entry.get("osVersions") if isinstance(entry, Mapping) else None
            if isinstance(versions, list):
                offered.setdefault(str(entry.get("deviceFamily")), []).extend(map(str, versions))
    return offered
