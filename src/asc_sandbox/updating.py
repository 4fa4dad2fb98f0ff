"""Bring a world up to date: changes that are due, and records that App Store Connect makes for apps and builds."""

from __future__ import annotations

from asc_sandbox.context import Context
from asc_sandbox.rules.purchases import add_purchase_versions
from asc_sandbox.rules.store_copies import add_price_and_territories, add_store_records
from asc_sandbox.webhooks.watch import Watch
from asc_sandbox.world import Record, World


class Updater:
    """Bring one world up to date. Call `catch_up` before anybody reads the world."""

    def __init__(self, world: World, context: Context) -> None:
        self._world = world
        self._context = context
        self._watch = Watch(world, context)
        self._last_revision = -1
        self._added: set[tuple[str, str]] = set()

    def catch_up(self) -> None:
        """Make the changes that are due, then the records that Apple makes for each new app and build."""
        with self._world.lock:
            self._watch.look()
            self._context.agenda.catch_up(self._watch.look)
            # Most requests change nothing; then there is nothing new to look for.
            if self._last_revision != self._world.revision:
                for app in self._world.all("apps"):
                    self._add_once(app, "betaAppReviewDetail", "app")
                    self._add_once(app, "betaLicenseAgreement", "app")
                    add_store_records(self._world, app)
                    add_price_and_territories(self._world, app)
                    add_purchase_versions(self._world, app)
                for build in self._world.all("builds"):
                    self._add_once(build, "buildBetaDetail", "build")
                    # The notes for testers appear when processing ends.
                    if build.attributes["processingState"] == "VALID":
                        self._add_once(build, "betaBuildLocalizations", "build", locale=self._locale(build))
                self._last_revision = self._world.revision
            self._watch.look()

    def look(self) -> None:
        """Make the webhook events of the changes that a request has made."""
        # Called after each request: two changes of one state are two events.
        with self._world.lock:
            self._watch.look()

    def _add_once(self, record: Record, name: str, back: str, **attributes: str) -> None:
        """Make a record that comes with another one, once."""
        # Only once: if a client deletes it, it must not come back.
        if (record.id, name) in self._added:
            return
        self._added.add((record.id, name))
        if not self._world.related(record, name):
            target = self._world.schema[record.type].by_name[name].target
            self._world.add(target, attributes, {back: record.id})

    def _locale(self, build: Record) -> str:
        apps = self._world.related(build, "app")
        return str(apps[0].attributes["primaryLocale"]) if apps else "en-US"
