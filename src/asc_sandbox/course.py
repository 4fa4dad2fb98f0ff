"""The course of things: what time brings, and what App Store Connect makes by itself for apps and builds."""

from __future__ import annotations

from asc_sandbox.rules.purchases import furnish_purchases
from asc_sandbox.rules.store_copies import furnish, furnish_sale
from asc_sandbox.stage import Stage
from asc_sandbox.world import Record, World


class Course:
    """Brings a world up to date. Call `catch_up` before anybody looks."""

    def __init__(self, world: World, stage: Stage) -> None:
        self._world = world
        self._stage = stage
        self._seen_revision = -1
        self._furnished: set[tuple[str, str]] = set()

    def catch_up(self) -> None:
        """Make the changes that are due, and what new apps and builds come with."""
        with self._world.lock:
            self._stage.agenda.catch_up()
            if self._seen_revision != self._world.revision:
                for app in self._world.all("apps"):
                    self._furnish(app, "betaAppReviewDetail", "app")
                    self._furnish(app, "betaLicenseAgreement", "app")
                    furnish(self._world, app)
                    furnish_sale(self._world, app)
                    furnish_purchases(self._world, app)
                for build in self._world.all("builds"):
                    self._furnish(build, "buildBetaDetail", "build")
                    if build.attributes["processingState"] == "VALID":
                        self._furnish(build, "betaBuildLocalizations", "build", locale=self._locale(build))
                self._seen_revision = self._world.revision

    def _furnish(self, record: Record, name: str, back: str, **attributes: str) -> None:
        """Make what a record comes with, once: a client may delete it."""
        if (record.id, name) in self._furnished:
            return
        self._furnished.add((record.id, name))
        if not self._world.related(record, name):
            target = self._world.schema[record.type].by_name[name].target
            self._world.add(target, attributes, {back: record.id})

    def _locale(self, build: Record) -> str:
        apps = self._world.related(build, "app")
        return str(apps[0].attributes["primaryLocale"]) if apps else "en-US"
