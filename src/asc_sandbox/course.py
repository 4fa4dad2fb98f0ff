"""Bring a world up to date: changes that are due, and records that App Store Connect makes for apps and builds."""

from __future__ import annotations

from asc_sandbox.rules.purchases import furnish_purchases
from asc_sandbox.rules.store_copies import furnish, furnish_sale
from asc_sandbox.stage import Stage
from asc_sandbox.webhooks.watch import Watch
from asc_sandbox.world import Record, World


class Course:
    """Bring one world up to date. Call `catch_up` before anybody reads the world."""

    def __init__(self, world: World, stage: Stage) -> None:
        self._world = world
        self._stage = stage
        self._watch = Watch(world, stage)
        self._seen_revision = -1
        self._furnished: set[tuple[str, str]] = set()

    def catch_up(self) -> None:
        """Make the changes that are due, then the records that Apple makes for each new app and build."""
        with self._world.lock:
            self._watch.look()
            self._stage.agenda.catch_up(self._watch.look)
            # Most requests change nothing; then there is nothing new to look for.
            if self._seen_revision != self._world.revision:
                for app in self._world.all("apps"):
                    self._furnish(app, "betaAppReviewDetail", "app")
                    self._furnish(app, "betaLicenseAgreement", "app")
                    furnish(self._world, app)
                    furnish_sale(self._world, app)
                    furnish_purchases(self._world, app)
                for build in self._world.all("builds"):
                    self._furnish(build, "buildBetaDetail", "build")
                    # The notes for testers appear when processing ends.
                    if build.attributes["processingState"] == "VALID":
                        self._furnish(build, "betaBuildLocalizations", "build", locale=self._locale(build))
                self._seen_revision = self._world.revision
            self._watch.look()

    def look(self) -> None:
        """Make the webhook events of the changes that a request has made."""
        # Called after each request: two changes of one state are two events.
        with self._world.lock:
            self._watch.look()

    def _furnish(self, record: Record, name: str, back: str, **attributes: str) -> None:
        """Make a record that comes with another one, once."""
        # Only once: if a client deletes it, it must not come back.
        if (record.id, name) in self._furnished:
            return
        self._furnished.add((record.id, name))
        if not self._world.related(record, name):
            target = self._world.schema[record.type].by_name[name].target
            self._world.add(target, attributes, {back: record.id})

    def _locale(self, build: Record) -> str:
        apps = self._world.related(build, "app")
        return str(apps[0].attributes["primaryLocale"]) if apps else "en-US"
