"""Compare the changes of a distribution with what App Store Connect has afterwards.

An answer is no proof: App Store Connect may accept a request that it does not carry out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from asc.api.client import Client
from asc.apps import texts
from asc.builds.build import Build, Localization, fetch_links
from asc.changes.change import Change
from asc.errors import Error
from asc.testflight import information
from asc.testflight.expiry import expired_among
from asc.testflight.plan import REVIEWED
from asc.testflight.preflight import read_information
from asc.testflight.state import AppState, Known

T = TypeVar("T", Known, Localization)

_NEVER_SHOWN = "demoAccountPassword"
"""An attribute that Apple need not give back, because it is a secret."""


@dataclass(frozen=True)
class _Shown:
    """The state after the changes. `expired` are ids of builds."""

    build: Build
    app_state: AppState
    expired: frozenset[str]


def not_made(client: Client, done: Sequence[Change], app_state: AppState, build: Build) -> list[Change]:
    """Return the changes of `done` that App Store Connect does not show; `build` was read after them.

    Makes one request if `done` has texts of the app or for reviewers, and one if it has builds that expired. A
    notification of testers is a mail, which shows nowhere: it counts as made.
    """
    kinds = {change.kind for change in done}
    gone = [change.body["data"]["id"] for change in done if change.kind in ("expire", "withdraw")]
    with ThreadPoolExecutor(1) as pool:
        expired = pool.submit(expired_among, client, gone)
        # More groups or testers than an answer includes: only their lists tell.
        build = fetch_links(client, build) if build.links_cut and kinds & {"group", "tester"} else build
        app_state = read_information(client, app_state, kinds)
        shown = _Shown(build, app_state, expired.result())
    return [change for change in done if not _is_made(change, shown)]


def accepted_only(changes: Iterable[Change]) -> Error:
    """Return the error for changes that App Store Connect accepted and did not make."""
    return Error(
        f"Apple accepted these changes, but the build does not show them: "
        f"{'; '.join(change.summary for change in changes)}.",
        "Run the step again: it sends only what is missing. If the error stays, make the change in App Store Connect "
        "(TestFlight).",
    )


def _is_made(change: Change, shown: _Shown) -> bool:
    build, data = shown.build, change.body["data"]
    if isinstance(data, list):
        ids = {reference["id"] for reference in data}
        return ids <= (build.group_ids if change.kind == "group" else build.tester_ids)
    attributes: Mapping[str, Any] = data.get("attributes", {})
    match change.kind:
        case "group":
            # The body of a new group or tester has no id, so that its name or address is looked for.
            return attributes["name"] in build.group_names
        case "tester":
            return attributes["email"].casefold() in build.tester_addresses
        case "compliance":
            return _is_answered(data, build)
        case "whats-new":
            text = _by_locale(data, build.localizations)
            return text is not None and texts.same(text.whats_new, attributes["whatsNew"])
        case "app-info":
            return _has(_by_locale(data, shown.app_state.app_localizations), attributes)
        case "review-info":
            return _has(shown.app_state.review_detail, attributes)
        case "auto-notify":
            return build.auto_notify is attributes["autoNotifyEnabled"]
        case "review":
            return bool(build.review_state) or build.external_state in REVIEWED
        case "expire" | "withdraw":
            return data["id"] in shown.expired
    return True


def _is_answered(data: Mapping[str, Any], build: Build) -> bool:
    answer = data.get("attributes", {}).get("usesNonExemptEncryption")
    declaration = data.get("relationships", {}).get("appEncryptionDeclaration")
    return (answer is None or build.uses_non_exempt_encryption == answer) and (
        declaration is None or build.declaration_id == declaration["data"]["id"]
    )


def _by_locale(data: Mapping[str, Any], existing: Mapping[str, T]) -> T | None:
    """Return the text that a change wrote: by its id, or by its locale if the change created it."""
    if "id" in data:
        return next((text for text in existing.values() if text.id == data["id"]), None)
    return existing.get(data["attributes"]["locale"])


def _has(known: Known | None, attributes: Mapping[str, Any]) -> bool:
    shown = {name: value for name, value in attributes.items() if name != _NEVER_SHOWN}
    return known is not None and not information.differing(shown, known.attributes)
