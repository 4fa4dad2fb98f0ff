"""The texts of a store page: their names in files, Apple's names, and their limits.

https://developer.apple.com/help/app-store-connect/reference/app-information
https://developer.apple.com/help/app-store-connect/reference/platform-version-information
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from asc.apps.texts import in_bytes

Owner = Literal["version", "info"]


@dataclass(frozen=True)
class TextField:
    """A text that each locale has. `name` is fastlane's name of its file, `attribute` Apple's; limits in characters.

    owner: "version" for texts of one version, "info" for those that all platforms of the app share.
    """

    name: str
    attribute: str
    owner: Owner
    longest: int = 0
    shortest: int = 0
    is_url: bool = False


# Plans, tables and findings list the texts in this order.
FIELDS = (
    TextField("name", "name", "info", longest=30, shortest=2),
    TextField("subtitle", "subtitle", "info", longest=30),
    TextField("privacy_url", "privacyPolicyUrl", "info", is_url=True),
    TextField("privacy_choices_url", "privacyChoicesUrl", "info", is_url=True),
    TextField("apple_tv_privacy_policy", "privacyPolicyText", "info"),
    TextField("description", "description", "version", longest=4000),
    TextField("keywords", "keywords", "version", longest=100),
    TextField("release_notes", "whatsNew", "version", longest=4000),
    TextField("promotional_text", "promotionalText", "version", longest=170),
    TextField("support_url", "supportUrl", "version", is_url=True),
    TextField("marketing_url", "marketingUrl", "version", is_url=True),
)
BY_NAME = {field.name: field for field in FIELDS}

RELEASE_NOTES = BY_NAME["release_notes"]
PROMOTIONAL_TEXT = BY_NAME["promotional_text"]

CATEGORIES = {
    "primary_category": "primaryCategory",
    "primary_first_sub_category": "primarySubcategoryOne",
    "primary_second_sub_category": "primarySubcategoryTwo",
    "secondary_category": "secondaryCategory",
    "secondary_first_sub_category": "secondarySubcategoryOne",
    "secondary_second_sub_category": "secondarySubcategoryTwo",
}
"""fastlane's names of the files with categories → Apple's relationships."""

REVIEW = {
    "first_name": "contactFirstName",
    "last_name": "contactLastName",
    "phone_number": "contactPhone",
    "email_address": "contactEmail",
    "demo_user": "demoAccountName",
    "demo_password": "demoAccountPassword",
    "demo_required": "demoAccountRequired",
    "notes": "notes",
}
"""fastlane's names of what reviewers are told → Apple's attributes."""

LONGEST_NOTES = 4000

TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
"""Answers in the files of a page, in small letters."""


def defects(field: TextField, text: str) -> Iterator[str]:
    """Yield what Apple would refuse about a text, each with the figures that say by how much."""
    length = len(text)
    if field.longest and length > field.longest:
        excess = length - field.longest
        yield f"has {length} characters, {excess} more than the {field.longest} that Apple accepts"
    if length < field.shortest:
        yield f"has {length} characters; Apple wants {field.shortest} at least"
    if field.is_url and not is_address(text):
        yield "is not an address that begins with https:// or http://"


def doubts(field: TextField, text: str) -> Iterator[str]:
    """Yield what Apple may refuse about a text."""
    # Apple's help once said bytes and its form counts characters: which one counts is not known.
    if field.name == "keywords" and len(text) <= field.longest < in_bytes(text):
        yield f"has {in_bytes(text)} bytes; Apple may count them, and accepts {field.longest}"


def is_address(text: str) -> bool:
    """Return True for a web address with a scheme and a host."""
    try:
        # The App Store makes links of these addresses, so that one without a scheme leads nowhere.
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and not any(map(str.isspace, text))
