"""The page of one app: its builds and their progress, its groups, testers and versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asc_sandbox.pages import cards, parts
from asc_sandbox.pages.html import Html, element
from asc_sandbox.pages.page import HOME, page
from asc_sandbox.pages.store_page import version_path
from asc_sandbox.pages.views.apps import AppSummary, Group, StoreVersion, Tester
from asc_sandbox.pages.views.builds import BuildProgress


@dataclass(frozen=True)
class AppPage:
    """The facts of an app at the time `now`. `client` is a line of a shell that points a client at the sandbox."""

    now: datetime
    address: str
    client: str
    app: AppSummary
    newest: tuple[BuildProgress, ...]
    deliveries: int
    groups: tuple[Group, ...]
    testers: tuple[Tester, ...]
    versions: tuple[StoreVersion, ...]


def render(view: AppPage) -> Html:
    """Return the page of an app as HTML."""
    app = view.app
    back = element("p", element("a", "← Overview", href=HOME), class_="back")
    facts = (parts.code(app.bundle_id), f" · id {app.id}", f" · SKU {app.sku}" if app.sku else "")
    return page(
        app.name,
        cards.app_path(app.id),
        view.address,
        back,
        element("h1", app.name),
        element("p", facts, class_="quiet"),
        _builds(view),
        _groups(view.groups),
        _testers(view.testers),
        _versions(view.versions),
    )


def _builds(view: AppPage) -> Html:
    if not view.newest:
        hint = parts.empty(
            "No builds yet. Make one and upload it:",
            view.client,
            f".venv/bin/python entrypoint.py sandbox make-ipa Example.ipa --bundle-id {view.app.bundle_id}"
            " --version 1.0 --build-number 1",
            ".venv/bin/python entrypoint.py upload-testflight --file Example.ipa",
        )
        return parts.section("builds", "Builds", 0, hint)
    content = cards.cards(view.newest, view.now, with_app=False)
    return parts.section(
        "builds", "Uploads and builds", view.deliveries, content, parts.more(view.deliveries)
    )


def _groups(groups: Sequence[Group]) -> Html:
    rows = (
        (
            group.name,
            "internal" if group.internal else "external",
            "all" if group.builds is None else parts.names(group.builds[::-1]),
            parts.names(group.testers),
        )
        for group in groups
    )
    table = parts.table("Groups", ("Group", "Kind", "Builds", "Testers"), rows, len(groups))
    return parts.section("groups", "Groups", len(groups), table if groups else parts.empty("No groups."))


def _testers(testers: Sequence[Tester]) -> Html:
    rows = (
        (tester.name, parts.code(tester.email), parts.badge(tester.state), parts.names(tester.groups))
        for tester in testers
    )
    table = parts.table("Testers", ("Tester", "Address", "State", "Groups"), rows, len(testers))
    return parts.section("testers", "Testers", len(testers), table if testers else parts.empty("No testers."))


def _version_link(version: StoreVersion) -> Html:
    return element("a", version.version or "no number", href=version_path(version.id))


def _versions(versions: Sequence[StoreVersion]) -> Html:
    rows = (
        (_version_link(version), version.platform, parts.badge(version.state), version.build or "none")
        for version in versions
    )
    table = parts.table("Versions", ("Version", "Platform", "State", "Build"), rows, len(versions))
    nothing = parts.empty("No version in the App Store.")
    return parts.section("versions", "App Store", len(versions), table if versions else nothing)
