"""The relay: it answers a request, and hands its event on."""

from __future__ import annotations

import logging
import math
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from asc.api.errors import ApiError
from asc.errors import Error
from asc.words import counted
from asc_relay.details import AnotherApp, Details
from asc_relay.events import Event, MalformedEvent, is_signed_with, read_event
from asc_relay.github import DispatchError
from asc_relay.seen import Seen

log = logging.getLogger(__name__)

LARGEST_BODY = 64 * 1024
"""Bytes. Apple's events have less than one KiB."""
SECONDS_BETWEEN_REFUSALS = 60.0
SIGNATURE = "x-apple-signature"


@dataclass(frozen=True)
class App:
    """An app with its repository at GitHub. Any of `secrets` may have signed them, so that a secret can be replaced."""

    bundle_id: str
    repository: str
    secrets: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """The answer to a request. Apple delivers an event again unless the status is 2xx."""

    status: int
    text: str


class Refusals:
    """The requests with a wrong signature. The log has one line for all of a minute: strangers would fill it."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._unsaid = 0
        self._quiet_until = -math.inf

    def count(self) -> None:
        """Count one more, and log how many there were unless a line was logged in the last minute."""
        with self._lock:
            self._unsaid += 1
            if self._now() < self._quiet_until:
                return
            count, self._unsaid = self._unsaid, 0
            self._quiet_until = self._now() + SECONDS_BETWEEN_REFUSALS
        log.warning("Refused %s: no app's secret made the signature", counted(count, "request"))


@dataclass(frozen=True)
class Relay:
    """The apps, the memory, and the two services that a relay talks to.

    `ask` takes an app and an event and returns the details; `send` takes repository, event type and payload.
    """

    apps: tuple[App, ...]
    seen: Seen
    ask: Callable[[App, Event], Details]
    send: Callable[[str, str, Mapping[str, str]], None]
    refusals: Refusals

    def answer(self, signature: str, body: bytes) -> Answer:
        """Hand an event on, if an app's secret signed it and it was not handed on before."""
        # The signature comes first: nobody else's text is parsed, remembered or logged.
        app = next((app for app in self.apps if _signed(app, signature, body)), None)
        if app is None:
            self.refusals.count()
            return Answer(401, "wrong signature")
        try:
            event = read_event(body)
        except MalformedEvent as error:
            log.warning("%s: refused a signed request: %s", app.bundle_id, error)
            return Answer(400, str(error))
        answer = self._answer(app, event)
        log.info("%s: %s %s: %d %s", app.bundle_id, event.dispatch_type, event.id, answer.status, answer.text)
        return answer

    def _answer(self, app: App, event: Event) -> Answer:
        # The id is signed with the event, so nobody but Apple can make a second id for one event.
        claim = self.seen.claim(event.id)
        if claim == "done":
            return Answer(200, "handed on before")
        if claim == "busy":
            return Answer(503, "another request is handing it on")
        try:
            answer = self._hand_on(app, event)
        except BaseException:
            # Also if the process is to end: the next delivery must not find the claim.
            self.seen.release(event.id)
            raise
        if answer.status == 200:
            self.seen.settle(event.id)
        else:
            self.seen.release(event.id)
        return answer

    def _hand_on(self, app: App, event: Event) -> Answer:
        try:
            details = self.ask(app, event)
        except AnotherApp:
            return Answer(403, "the event is about another app")
        except Error as error:
            # A record that was deleted meanwhile never comes back: its event is handed on as it is.
            if not (isinstance(error, ApiError) and error.status == 404):
                log.warning("%s: %s", app.bundle_id, error.message)
                return Answer(502, "App Store Connect did not tell the details")
            details = Details()
        try:
            self.send(app.repository, event.dispatch_type, payload(app, event, details))
        except DispatchError as error:
            return Answer(502, str(error))
        return Answer(200, f"handed on to {app.repository}")


def payload(app: App, event: Event, details: Details) -> dict[str, str]:
    """Return the `client_payload`: at most ten members, as GitHub wants it, and none of them empty."""
    texts = {
        "event-id": event.id,
        "bundle-id": app.bundle_id,
        "app-id": details.app_id,
        "version": details.version,
        "build-number": details.build_number,
        "platform": details.platform,
        "state": event.state,
        "old-state": event.old_state,
        _id_name(event.resource_type): event.resource_id,
    }
    return {name: text for name, text in texts.items() if text}


def _id_name(resource_type: str) -> str:
    """Return `build-upload-id` for buildUploads."""
    return re.sub(r"(?=[A-Z])", "-", resource_type.removesuffix("s")).lower() + "-id"


def _signed(app: App, signature: str, body: bytes) -> bool:
    return any(is_signed_with(secret, signature, body) for secret in app.secrets)
