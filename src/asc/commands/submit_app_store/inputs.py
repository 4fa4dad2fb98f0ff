"""The inputs of submit-app-store."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from asc.commands import kinds
from asc.commands.declaration import given, given_together
from asc.commands.deliverfile import deliverfile_input
from asc.commands.naming import PLATFORM, AppInputs
from asc.errors import Problem
from asc.store.items import ALL, KINDS, Item
from asc.words import did_you_mean

VERSION, REVIEW, RELEASE, WAIT = "Version and build", "Review", "Release", "Wait"
RELEASE_TYPES = {"manual": "MANUAL", "after-approval": "AFTER_APPROVAL"}
"""Ways to release, as inputs and as Apple name them; a date is SCHEDULED."""


def _release(text: str) -> tuple[str, datetime | None] | None:
    """Return Apple's release type, and the date of a scheduled one; None to keep the one of the version."""
    if text == "keep":
        return None
    if text in RELEASE_TYPES:
        return RELEASE_TYPES[text], None
    try:
        date: datetime = kinds.DATE.parse(text).astimezone(UTC)
    except ValueError:
        raise ValueError(f"{kinds.quoted(text)} is not keep, manual, after-approval, or a date") from None
    # Looked at in UTC, which Apple gets: in zones of half hours a whole hour is not one there.
    if date.minute or date.second:
        raise ValueError(f"{kinds.quoted(text)} is not a whole hour, which Apple requires")
    return "SCHEDULED", date


def _items(text: str) -> tuple[Item, ...]:
    """Return the items of a list like `appEvents/123`. Raises ValueError for a type that is not submitted."""
    by_type = {type_name: kind for kind, type_name in KINDS.items()}
    items = []
    for entry in kinds.LIST.parse(text):
        type_name, _, identifier = entry.partition("/")
        if type_name not in by_type or not re.fullmatch(r"[A-Za-z0-9-]{1,64}", identifier):
            hint = did_you_mean(type_name, by_type) or f" Types: {', '.join(by_type)}."
            raise ValueError(f"{kinds.quoted(entry)} is not a type and an id.{hint}")
        items.append(Item(by_type[type_name], identifier))
    return tuple(items)


@dataclass(frozen=True)
class Inputs(AppInputs):
    """The version and its build, the way of its release, and how long the step waits."""

    version: str = given(
        kinds.version(),
        "The version to submit, for example from update-app-store. Quote it in YAML: unquoted, `1.10` "
        "becomes 1.1.",
        group=VERSION,
        required=True,
        examples=("1.6.0",),
    )
    platform: str = given(PLATFORM, "The platform of the version.", group=VERSION, default="ios")
    build_id: str | None = given(
        kinds.matching(r"[A-Za-z0-9-]{1,64}", "an id of Apple's"),
        "Apple's id of the build to attach, for example the output of upload-testflight. If omitted, the "
        "attached build stays.",
        group=VERSION,
        examples=("${{ steps.upload.outputs.build-id }}",),
    )
    build_number: str | None = given(
        kinds.build_number(), "The number of the build to attach, instead of `build-id`.", group=VERSION
    )
    uses_non_exempt_encryption: bool | None = given(
        kinds.BOOLEAN,
        "The answer to export compliance, if the build has none. If the build has another answer, the step fails.",
        group=REVIEW,
    )
    checks: bool = given(
        kinds.BOOLEAN,
        "Check the version as check-app-store does, before the step writes anything. Errors stop the "
        "step; texts that reviewers may object to are warnings.",
        group=REVIEW,
        default="true",
    )
    in_app_purchases: tuple[str, ...] | None = given(
        kinds.LIST,
        "Product ids of in-app purchases and subscriptions to submit with the version, or `all` that are "
        "ready. Apple reviews the first one of an app only together with a version.",
        group=REVIEW,
        examples=("com.example.app.coins",),
    )
    items: tuple[Item, ...] | None = given(
        kinds.Kind("list", "type/id, one a line or with commas", _items),
        "Other items to submit with the version, by Apple's type and id, for example an event.",
        group=REVIEW,
        examples=("appEvents/1234567890",),
    )
    action: str = given(
        kinds.choice(("submit", "withdraw")),
        "`submit`: send the version to review. `withdraw`: take it out of review, so that it can be changed.",
        group=REVIEW,
        default="submit",
    )
    if_open: str = given(
        kinds.choice(("fail", "cancel")),
        "Handling of another open submission: with another build or version, or one that Apple rejected. "
        "`cancel` withdraws it, which closes the messages with the reviewers.",
        group=REVIEW,
        default="fail",
    )
    include_draft_items: bool = given(
        kinds.BOOLEAN,
        "Also submit a draft that holds other items, for example an event that somebody prepared.",
        group=REVIEW,
        default="false",
    )
    release: tuple[str, datetime | None] | None = given(
        kinds.Kind("text", "keep, manual, after-approval, or a date", _release),
        "When to release the approved version: `manual` waits for release-app-store, `after-approval` "
        "releases it at once, and a date (whole hour, like `2027-01-31T10:00:00Z`) schedules the release.",
        group=RELEASE,
        default="keep",
    )
    phased: str = given(
        kinds.choice(("keep", "true", "false")),
        "Whether to release the version over seven days. Not possible for the first version of an app.",
        group=RELEASE,
        default="keep",
    )
    wait: str = given(
        kinds.choice(("none", "submitted", "reviewed")),
        "`submitted`: until Apple has the version in its queue. `reviewed`: until Apple approved or rejected it.",
        group=WAIT,
        default="submitted",
    )
    timeout: float = given(
        kinds.DURATION,
        "Longest time that the step waits in all. Reviews take hours to days; a job on a hosted runner "
        "ends after 6 hours.",
        group=WAIT,
        default="15m",
        examples=("5h",),
    )
    deliverfile: str | None = deliverfile_input(WAIT)
    dry_run: bool = given(kinds.BOOLEAN, "Only print the plan.", group=WAIT, default="false")

    def problems(self) -> Iterator[Problem]:
        """Yield the problems of the inputs taken together."""
        yield from super().problems()
        if self.build_id and self.build_number:
            yield given_together("build-number", "build-id")
        if self.action == "withdraw" and (self.build_id or self.build_number):
            yield Problem("build-id", "is not for action: withdraw", "Omit the build.")
        if self.action == "withdraw" and (self.in_app_purchases or self.items):
            yield Problem("in-app-purchases", "is not for action: withdraw", "Omit it and items.")
        if ALL in (self.in_app_purchases or ()) and len(self.in_app_purchases or ()) > 1:
            yield Problem(
                "in-app-purchases", "has product ids in addition to all", "Give all, or the product ids."
            )
