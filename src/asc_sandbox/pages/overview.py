"""The page at the root: an overview of the whole sandbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asc_sandbox.faults import Planned
from asc_sandbox.pages import cards, faultform, parts, signing_part, words
from asc_sandbox.pages.html import Child, Html, element, joined
from asc_sandbox.pages.page import HOME, TITLE, page
from asc_sandbox.pages.views.apps import AppSummary, Group
from asc_sandbox.pages.views.builds import BuildProgress
from asc_sandbox.pages.views.signing import Signing
from asc_sandbox.pages.views.traffic import ApiKey, Request, Requests

MOST_BUILDS = 5
"""Number of builds that the overview shows."""

MOST_REQUESTS = 30
"""Number of requests that the overview shows."""


@dataclass(frozen=True)
class Overview:
    """The contents of the sandbox at the time `now`. `client` is a line of a shell that points a client at it."""

    now: datetime
    address: str
    client: str
    apps: tuple[AppSummary, ...]
    newest: tuple[BuildProgress, ...]
    deliveries: int
    groups: tuple[Group, ...]
    signing: Signing
    keys: tuple[ApiKey, ...]
    requests: Requests
    faults: tuple[Planned, ...]
    paths: tuple[str, ...]


def render(view: Overview, rejected: faultform.Rejected | None = None) -> Html:
    """Return the page as HTML. `rejected` is a fault that was refused and is shown in its form again."""
    return page(
        TITLE,
        HOME,
        view.address,
        # For screen readers: sighted readers have the tiles.
        element("h1", "What happened here", class_="unseen"),
        _tiles(view),
        _builds(view),
        _apps(view),
        _groups(view.groups),
        signing_part.section(view.signing, view.now, view.client),
        _requests(view),
        _faults(view, rejected),
        _keys(view.keys),
    )


def _tiles(view: Overview) -> Html:
    """Return numbers that link to their sections."""
    apps, groups, requests = len(view.apps), len(view.groups), view.requests
    signing = len(view.signing.certificates) + len(view.signing.profiles)
    coming = sum(1 for fault in view.faults if fault.left != 0)
    tiles = (
        _tile("builds", view.deliveries, "uploads and builds"),
        _tile("apps", apps, words.plural(apps, "app")),
        _tile("groups", groups, words.plural(groups, "group")),
        _tile("signing", signing, "certificates and profiles"),
        _tile("requests", requests.count, words.plural(requests.count, "request"), requests.failed, "failed"),
        _tile("faults", coming, words.plural(coming, "fault"), coming, "to come"),
    )
    return element("nav", element("ul", tiles), id="tiles", aria_label="Sections", data_live=True)


def _tile(name: str, number: int, noun: str, bad: int = 0, alarm: str = "") -> Html:
    """Return one number; `bad` of it is marked with the word `alarm`."""
    mark = element("span", f"{bad} {alarm}", class_="badge bad") if bad else None
    return element(
        "li", element("a", element("b", number), " ", element("span", noun), " ", mark, href=f"#{name}")
    )


def _builds(view: Overview) -> Html:
    if not view.apps:
        return parts.section("builds", "Builds", 0, parts.empty("No builds, because there is no app."))
    if not view.newest:
        hint = parts.empty(
            "No builds yet. Make one and upload it:",
            view.client,
            ".venv/bin/python entrypoint.py sandbox make-ipa Example.ipa --version 1.0 --build-number 1",
            ".venv/bin/python entrypoint.py upload-testflight --file Example.ipa",
        )
        return parts.section("builds", "Builds", 0, hint)
    rest = view.deliveries - len(view.newest)
    more = (
        element("p", f"{words.counted(rest, 'older build')} on the pages of the apps.", class_="more")
        if rest
        else None
    )
    return parts.section(
        "builds",
        "Newest uploads and builds",
        None,
        cards.cards(view.newest, view.now, with_app=True),
        more,
    )


def _apps(view: Overview) -> Html:
    if not view.apps:
        hint = "No apps. Apple's API cannot create apps, so they come from the seed:"
        return parts.section(
            "apps", "Apps", 0, parts.empty(hint, ".venv/bin/python entrypoint.py sandbox --seed FILE")
        )
    columns = ("App", "Bundle id", "Builds", "Newest", "Groups")
    rows = (
        (
            element("a", app.name, href=cards.app_path(app.id)),
            parts.code(app.bundle_id),
            app.builds,
            _newest(app.newest, view.now),
            app.groups,
        )
        for app in view.apps
    )
    return parts.section("apps", "Apps", len(view.apps), parts.table("Apps", columns, rows, len(view.apps)))


def _newest(delivery: BuildProgress | None, now: datetime) -> Html:
    if delivery is None:
        return element("span", "none", class_="quiet")
    when = parts.moment(delivery.when, now)
    return joined(cards.number(delivery), " ", element("span", delivery.platform, " ", when, class_="quiet"))


def _groups(groups: Sequence[Group]) -> Html:
    if not groups:
        hint = "No groups. upload-testflight creates its --groups with --create-groups internal."
        return parts.section("groups", "Groups and testers", 0, parts.empty(hint))
    columns = ("Group", "App", "Kind", "Builds", "Testers")
    rows = (
        (
            group.name,
            element("a", group.app_name, href=cards.app_path(group.app_id)),
            "internal" if group.internal else "external",
            "all" if group.builds is None else parts.names(group.builds[::-1]),
            parts.names(group.testers),
        )
        for group in groups
    )
    return parts.section(
        "groups", "Groups and testers", len(groups), parts.table("Groups", columns, rows, len(groups))
    )


def _requests(view: Overview) -> Html:
    requests = view.requests
    if not requests.last:
        hint = parts.empty(
            "No requests yet. Point a client at the sandbox; its key is the file of --key-file:",
            view.client,
            ".venv/bin/python entrypoint.py doctor",
        )
        return parts.section("requests", "Requests", 0, hint)
    columns = ("Request", "Status", "Took", "Connection", "At")
    rows = (_request_row(request) for request in requests.last)
    table = parts.table("The last requests, newest first", columns, rows, requests.count, MOST_REQUESTS)
    return parts.section("requests", "Requests", requests.count, table)


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


def _faults(view: Overview, rejected: faultform.Rejected | None) -> Html:
    live = element("div", faultform.planned(view.faults), id="planned", data_live=True)
    return parts.section("faults", "Faults", None, live, faultform.forms(view.paths, rejected), live=False)


def _keys(keys: Sequence[ApiKey]) -> Html:
    rows = (
        (parts.code(key.id), parts.badge(key.role), key.kind, f"{key.left} of {key.limit}") for key in keys
    )
    columns = ("Key id", "Role", "Kind", "Requests left this hour")
    return parts.section("keys", "API keys", len(keys), parts.table("API keys", columns, rows, len(keys)))
