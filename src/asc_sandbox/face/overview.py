"""The page at the root: everything at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asc_sandbox.face import cards, faultform, parts, signing_part, words
from asc_sandbox.face.html import Child, Html, element, joined
from asc_sandbox.face.page import HOME, TITLE, page
from asc_sandbox.face.seen.apps import App, Group
from asc_sandbox.face.seen.builds import Delivery
from asc_sandbox.face.seen.signing import Signing
from asc_sandbox.face.seen.traffic import ApiKey, Request, Requests
from asc_sandbox.faults import Planned

NEWEST = 5
"""How many builds are shown here."""

LAST = 30
"""How many requests are."""


@dataclass(frozen=True)
class Overview:
    """What the sandbox holds at the moment `now`. `client` is the line that points a client here."""

    now: datetime
    address: str
    client: str
    apps: tuple[App, ...]
    newest: tuple[Delivery, ...]
    deliveries: int
    groups: tuple[Group, ...]
    signing: Signing
    keys: tuple[ApiKey, ...]
    requests: Requests
    faults: tuple[Planned, ...]
    paths: tuple[str, ...]


def render(seen: Overview, rejected: faultform.Rejected | None = None) -> Html:
    """The page."""
    return page(
        TITLE,
        HOME,
        seen.address,
        element("h1", "What happened here", class_="unseen"),
        _tiles(seen),
        _builds(seen),
        _apps(seen),
        _groups(seen.groups),
        signing_part.section(seen.signing, seen.now, seen.client),
        _requests(seen),
        _faults(seen, rejected),
        _keys(seen.keys),
    )


def _tiles(seen: Overview) -> Html:
    """Numbers that lead to their sections."""
    apps, groups, requests = len(seen.apps), len(seen.groups), seen.requests
    signing = len(seen.signing.certificates) + len(seen.signing.profiles)
    coming = sum(1 for each in seen.faults if each.left != 0)
    tiles = (
        _tile("builds", seen.deliveries, "uploads and builds"),
        _tile("apps", apps, words.plural(apps, "app")),
        _tile("groups", groups, words.plural(groups, "group")),
        _tile("signing", signing, "certificates and profiles"),
        _tile("requests", requests.count, words.plural(requests.count, "request"), requests.failed, "failed"),
        _tile("faults", coming, words.plural(coming, "fault"), coming, "to come"),
    )
    return element("nav", element("ul", tiles), id="tiles", aria_label="Sections", data_live=True)


def _tile(name: str, number: int, noun: str, bad: int = 0, alarm: str = "") -> Html:
    """A number; where some of it is bad it says so."""
    mark = element("span", f"{bad} {alarm}", class_="badge bad") if bad else None
    return element(
        "li", element("a", element("b", number), " ", element("span", noun), " ", mark, href=f"#{name}")
    )


def _builds(seen: Overview) -> Html:
    if not seen.apps:
        return parts.section("builds", "Builds", 0, parts.empty("No builds, for there is no app."))
    if not seen.newest:
        hint = parts.empty(
            "No builds yet. Make one and upload it:",
            seen.client,
            ".venv/bin/python entrypoint.py sandbox make-ipa Example.ipa --version 1.0 --build-number 1",
            ".venv/bin/python entrypoint.py upload-testflight --file Example.ipa",
        )
        return parts.section("builds", "Builds", 0, hint)
    rest = seen.deliveries - len(seen.newest)
    more = (
        element("p", f"{words.counted(rest, 'older build')} on the pages of the apps.", class_="more")
        if rest
        else None
    )
    return parts.section(
        "builds",
        "Newest uploads and builds",
        None,
        cards.cards(seen.newest, seen.now, with_app=True),
        more,
    )


def _apps(seen: Overview) -> Html:
    if not seen.apps:
        hint = "No apps. Apple lets nobody make one by its API, and so they come from the seed:"
        return parts.section(
            "apps", "Apps", 0, parts.empty(hint, ".venv/bin/python entrypoint.py sandbox --seed FILE")
        )
    columns = ("App", "Bundle id", "Builds", "Newest", "Groups")
    rows = (
        (
            element("a", each.name, href=cards.app_path(each.id)),
            parts.code(each.bundle_id),
            each.builds,
            _newest(each.newest, seen.now),
            each.groups,
        )
        for each in seen.apps
    )
    return parts.section("apps", "Apps", len(seen.apps), parts.table("Apps", columns, rows, len(seen.apps)))


def _newest(delivery: Delivery | None, now: datetime) -> Html:
    if delivery is None:
        return element("span", "none", class_="quiet")
    when = parts.moment(delivery.when, now)
    return joined(cards.number(delivery), " ", element("span", delivery.platform, " ", when, class_="quiet"))


def _groups(groups: Sequence[Group]) -> Html:
    if not groups:
        hint = "No groups. upload-testflight makes those of its --groups with --create-groups internal."
        return parts.section("groups", "Groups and testers", 0, parts.empty(hint))
    columns = ("Group", "App", "Kind", "Builds", "Testers")
    rows = (
        (
            each.name,
            element("a", each.app_name, href=cards.app_path(each.app_id)),
            "internal" if each.internal else "external",
            "all" if each.builds is None else parts.names(each.builds[::-1]),
            parts.names(each.testers),
        )
        for each in groups
    )
    return parts.section(
        "groups", "Groups and testers", len(groups), parts.table("Groups", columns, rows, len(groups))
    )


def _requests(seen: Overview) -> Html:
    found = seen.requests
    if not found.last:
        hint = parts.empty(
            "No requests yet. Point a client here; its key is the file of --key-file:",
            seen.client,
            ".venv/bin/python entrypoint.py doctor",
        )
        return parts.section("requests", "Requests", 0, hint)
    columns = ("Request", "Status", "Took", "Connection", "At")
    rows = (_request_row(each) for each in found.last)
    table = parts.table("The last requests, newest first", columns, rows, found.count, LAST)
    return parts.section("requests", "Requests", found.count, table)


def _request_row(request: Request) -> tuple[Child, ...]:
    query = element("code", request.query, class_="query") if request.query else None
    return (
        joined(element("b", request.method, class_="verb"), " ", parts.code(request.path), query),
        parts.badge(str(request.status or "dropped"), request.tone),
        f"{request.milliseconds:.1f} ms",
        request.connection,
        element(
            "time",
            f"{request.when:%H:%M:%S}",
            datetime=request.when.isoformat(),
            title=request.when.isoformat(" ", "seconds"),
        ),
    )


def _faults(seen: Overview, rejected: faultform.Rejected | None) -> Html:
    live = element("div", faultform.planned(seen.faults), id="planned", data_live=True)
    return parts.section("faults", "Faults", None, live, faultform.forms(seen.paths, rejected), live=False)


def _keys(keys: Sequence[ApiKey]) -> Html:
    rows = (
        (parts.code(each.id), parts.badge(each.role), each.kind, f"{each.left} of {each.limit}")
        for each in keys
    )
    columns = ("Key id", "Role", "Kind", "Requests left this hour")
    return parts.section("keys", "API keys", len(keys), parts.table("API keys", columns, rows, len(keys)))
