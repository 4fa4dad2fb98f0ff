"""The page of one app: its builds and how far each one is, its groups, testers and versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asc_sandbox.face import cards, parts
from asc_sandbox.face.html import Html, element
from asc_sandbox.face.page import HOME, page
from asc_sandbox.face.seen.apps import App, Group, StoreVersion, Tester
from asc_sandbox.face.seen.builds import Delivery
from asc_sandbox.face.store_page import version_path


@dataclass(frozen=True)
class AppSeen:
    """What there is of an app at the moment `now`. `client` is the line that points a client here."""

    now: datetime
    address: str
    client: str
    app: App
    newest: tuple[Delivery, ...]
    deliveries: int
    groups: tuple[Group, ...]
    testers: tuple[Tester, ...]
    versions: tuple[StoreVersion, ...]


def render(seen: AppSeen) -> Html:
    """The page."""
    app = seen.app
    back = element("p", element("a", "← Overview", href=HOME), class_="back")
    facts = (parts.code(app.bundle_id), f" · id {app.id}", f" · SKU {app.sku}" if app.sku else "")
    return page(
        app.name,
        cards.app_path(app.id),
        seen.address,
        back,
        element("h1", app.name),
        element("p", facts, class_="quiet"),
        _builds(seen),
        _groups(seen.groups),
        _testers(seen.testers),
        _versions(seen.versions),
    )


def _builds(seen: AppSeen) -> Html:
    if not seen.newest:
        hint = parts.empty(
            "No builds yet. Make one and upload it:",
            seen.client,
            f".venv/bin/python entrypoint.py sandbox make-ipa Example.ipa --bundle-id {seen.app.bundle_id}"
            " --version 1.0 --build-number 1",
            ".venv/bin/python entrypoint.py upload-testflight --file Example.ipa",
        )
        return parts.section("builds", "Builds", 0, hint)
    found = cards.cards(seen.newest, seen.now, with_app=False)
    return parts.section("builds", "Uploads and builds", seen.deliveries, found, parts.more(seen.deliveries))


def _groups(groups: Sequence[Group]) -> Html:
    rows = (
        (
            each.name,
            "internal" if each.internal else "external",
            "all" if each.builds is None else parts.names(each.builds[::-1]),
            parts.names(each.testers),
        )
        for each in groups
    )
    table = parts.table("Groups", ("Group", "Kind", "Builds", "Testers"), rows, len(groups))
    return parts.section("groups", "Groups", len(groups), table if groups else parts.empty("No groups."))


def _testers(testers: Sequence[Tester]) -> Html:
    rows = (
        (each.name, parts.code(each.email), parts.badge(each.state), parts.names(each.groups))
        for each in testers
    )
    table = parts.table("Testers", ("Tester", "Address", "State", "Groups"), rows, len(testers))
    return parts.section("testers", "Testers", len(testers), table if testers else parts.empty("No testers."))


def _version_link(version: StoreVersion) -> Html:
    return element("a", version.version or "no number", href=version_path(version.id))


def _versions(versions: Sequence[StoreVersion]) -> Html:
    rows = (
        (_version_link(each), each.platform, parts.badge(each.state), each.build or "none")
        for each in versions
    )
    table = parts.table("Versions", ("Version", "Platform", "State", "Build"), rows, len(versions))
    nothing = parts.empty("No version in the App Store.")
    return parts.section("versions", "App Store", len(versions), table if versions else nothing)
