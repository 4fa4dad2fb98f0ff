"""The inputs whats-new, app-info, beta-review-info and testers, from the text of a user to values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from asc.testflight import mappings
from asc.testflight.request import AppInfo, ReviewInfo
from asc.testflight.testers.tester import Tester as Person  # pytest takes names with Test for its own


def test_fastlanes_names_are_read_in_any_style() -> None:
    assert mappings.whats_new({"default": {"whats_new": "New"}, "de-DE": "Neu"}) == {
        "default": "New",
        "de-DE": "Neu",
    }
    assert mappings.whats_new("New") == {"default": "New"}
    info = {
        "feedback_email": "a@example.com",
        "tv_os_privacy_policy_url": "x",
        "privacyPolicyUrl": "y",
        "marketing-url": "",
    }
    assert mappings.app_info({"default": info}) == {
        "default": AppInfo(feedback_email="a@example.com", tv_os_privacy_policy="x", privacy_policy_url="y")
    }
    assert mappings.review_info(
        {"contactFirstName": "Jane", "contact-phone": 15550100, "demo_account_required": "True"}
    ) == ReviewInfo(contact_first_name="Jane", contact_phone="15550100", demo_account_required=True)


@pytest.mark.parametrize(
    ("parse", "value", "named"),
    [
        (mappings.review_info, {"contact_fone": "1"}, ["contact_fone", "contact_phone?"]),
        (mappings.review_info, {"contact_phone": "1", "contactPhone": "2"}, ["contact_phone", "twice"]),
        (mappings.review_info, {"demo_account_required": "yes"}, ["demo_account_required"]),
        (mappings.review_info, {"contact_email": "jane"}, ["contact_email"]),
        (mappings.review_info, {"notes": ["a"]}, ["notes"]),
        (mappings.app_info, {"de": {}}, ["de-DE?"]),
        (mappings.app_info, {"en-US": "text"}, ["en-US", "description"]),
        (mappings.app_info, {"en-US": {"descripton": "x"}}, ["descripton", "en-US", "description?"]),
        (mappings.whats_new, {"en-US": "a", "en_us": "b"}, ["en-US", "twice"]),
        (mappings.whats_new, {"en-US": None, "en_us": "b"}, ["en-US", "twice"]),
        (mappings.review_info, {"contact_phone": "", "contactPhone": "2"}, ["contact_phone", "twice"]),
        (mappings.whats_new, {"en-US": {"text": "b"}}, ["text", "whats_new"]),
        (mappings.testers, ["jane@example.com", "jane"], ["entry 2"]),
    ],
)
def test_a_wrong_entry_is_told_by_its_key(
    parse: Callable[[Any], object], value: Any, named: list[str]
) -> None:
    with pytest.raises(ValueError) as raised:
        parse(value)
    message = str(raised.value)
    assert message.isprintable() and all(name in message for name in named), message


def test_entries_that_are_no_testers_are_told_together_and_no_address_is_shown() -> None:
    with pytest.raises(ValueError, match=r"entry 1 .*entry 3") as raised:
        mappings.testers(["Jane Doe jane@example.com", "ada@example.com", "jane(at)example.com"])
    assert not any(text in str(raised.value) for text in ("jane@", "ane", "ada"))


def test_testers_with_names_and_each_once() -> None:
    assert mappings.testers(
        ["jane@example.com", "Ludwig van Beethoven <lvb@example.com>", "JANE@example.com"]
    ) == (
        Person("jane@example.com"),
        Person("lvb@example.com", "Ludwig", "van Beethoven"),
    )
    assert Person("jane@example.com").masked == "j…@example.com"
