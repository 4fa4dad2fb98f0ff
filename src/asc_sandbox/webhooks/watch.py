"""Watch the apps with a webhook, and make an event of each changed state and each new feedback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from asc_sandbox.rules.states import external_state
from asc_sandbox.rules.store_states import state_of
from asc_sandbox.webhooks.events import announce, make_event
from asc_sandbox.world import Record, World

if TYPE_CHECKING:
    from asc_sandbox.context import Context

_Key = tuple[str, str]
_EVENTS = {
    "buildUploads": "BUILD_UPLOAD_STATE_UPDATED",
    "buildBetaDetails": "BUILD_BETA_DETAIL_EXTERNAL_BUILD_STATE_UPDATED",
    "appStoreVersions": "APP_STORE_VERSION_APP_VERSION_STATE_UPDATED",
    "betaFeedbackCrashSubmissions": "BETA_FEEDBACK_CRASH_SUBMISSION_CREATED",
    "betaFeedbackScreenshotSubmissions": "BETA_FEEDBACK_SCREENSHOT_SUBMISSION_CREATED",
}
_FEEDBACK = ("betaFeedbackCrashSubmissions", "betaFeedbackScreenshotSubmissions")


class Watch:
    """Remember the states of each watched app."""

    def __init__(self, world: World, context: Context) -> None:
        self._world = world
        self._context = context
        self._revision = -1
        self._known: dict[str, dict[_Key, str]] = {}

    def look(self) -> None:
        """Make the events and deliveries for everything that changed since the last look."""
        # Called after every single change, so that no state in between is missed.
        if self._revision == self._world.revision:
            return
        for app in {app.id: app for hook in self._world.all("webhooks") for app in self._app(hook)}.values():
            states = dict(self._states(app))
            before = self._known.get(app.id)
            self._known[app.id] = states
            # The first look only learns: there are no events of what was there before the webhook.
            for key, state in states.items() if before is not None else ():
                if before is not None and before.get(key) != state:
                    self._make(app, key, before.get(key), state)
        self._revision = self._world.revision

    def _app(self, webhook: Record) -> list[Record]:
        return self._world.related(webhook, "app")

    def _states(self, app: Record) -> Iterator[tuple[_Key, str]]:
        world = self._world
        for upload in world.related(app, "buildUploads"):
            yield (upload.type, upload.id), str(upload.attributes["state"]["state"])
        for version in world.related(app, "appStoreVersions"):
            yield (version.type, version.id), state_of(version)
        for build in world.related(app, "builds"):
            for detail in world.related(build, "buildBetaDetail"):
                state = detail.attributes.get("externalBuildState") or external_state(world, detail)
                yield (detail.type, detail.id), str(state)
        for name in _FEEDBACK:
            for submission in world.related(app, name):
                yield (submission.type, submission.id), ""

    def _make(self, app: Record, key: _Key, old: str | None, new: str) -> None:
        """Make the event of one change."""
        # A new record has no old state. It is a guess that it makes no event.
        if new and old is None:
            return
        event_type = _EVENTS[key[0]]
        hooks = [
            hook
            for hook in self._world.related(app, "webhooks")
            if hook.attributes["enabled"] and event_type in hook.attributes["eventTypes"]
        ]
        if hooks:
            event = make_event(self._world, self._context, event_type, key, (old, new) if old else None)
            for hook in hooks:
                announce(self._world, self._context, hook, event)
