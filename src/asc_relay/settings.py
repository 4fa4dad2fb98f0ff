"""The settings of a relay, from the environment. Each secret may also lie in a file that a variable names."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from asc import __version__
from asc.api.client import Client
from asc.api.clock import SYSTEM_CLOCK, Clock
from asc.api.key.model import ApiKey, KeyRefused
from asc.api.key.sources import find_key
from asc.api.session import HOST, HOST_IN_HOUSE, Settings, check_base_url, is_loopback
from asc.errors import InputError, Problem, SetupError
from asc.limited_files import read_limited
from asc.words import printable_name
from asc_relay.details import Details, DetailsReader
from asc_relay.events import Event
from asc_relay.github import dispatch
from asc_relay.relay import App, Refusals, Relay
from asc_relay.seen import Seen, open_seen

ASK_FOR = 20.0
"""Seconds for all requests about one event."""
RETRY_FOR = 5.0
"""Seconds for repeats of one request."""
SHORTEST_SECRET = 16
"""Characters, a quarter of them different, as manage-webhooks requires it."""
# A second copy, because tools/relay-function packs only `asc.api` and `asc.apps` for the relay.
_FORM = '{"com.example.app": {"repository": "example/app", "secret": "…"}}'
_BUNDLE_ID = re.compile(r"[A-Za-z0-9.-]{1,155}")
_REPOSITORY = re.compile(r"[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}")


def open_relay(environment: Mapping[str, str], clock: Clock = SYSTEM_CLOCK) -> Relay:
    """Return a relay with the settings of the environment. Raises InputError with all problems."""
    reader = _Reader(environment)
    apps = tuple(reader.apps())
    token = reader.token()
    github = reader.github_url()
    key, settings = reader.app_store_connect()
    seen = reader.seen(clock)
    if reader.problems or seen is None:
        raise InputError(reader.problems)

    reader_of_details = DetailsReader()

    def ask(app: App, event: Event) -> Details:
        if key is None or not event.resource_id:
            return Details()
        # The time limit of a client is for all its threads, so each event has a client of its own.
        client = Client(key, settings, "Developer", clock=clock)
        try:
            with client.until(clock.monotonic() + ASK_FOR):
                return reader_of_details.read(client, app.bundle_id, event.resource_type, event.resource_id)
        finally:
            client.close()

    # The token stays in this closure: no object that could be printed holds it.
    def send(repository: str, event_type: str, payload: Mapping[str, str]) -> None:
        dispatch(github, token, repository, event_type, payload)

    return Relay(apps, seen, ask, send, Refusals(clock.monotonic))


class _Reader:
    """Reads variables and collects their problems. No problem has a part of a secret."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.problems: list[Problem] = []

    def secret(self, name: str) -> str:
        """Return the variable `name`, or the content of the file that `name`_FILE names, without outer blanks."""
        text, path = self._environment.get(name, ""), self._environment.get(f"{name}_FILE", "")
        if text and path:
            self._problem(name, f"is set, and so is {name}_FILE", "Set one of the two.")
        if path:
            try:
                text = read_limited(Path(path)).decode("utf-8-sig")
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or "it is not a text"
                self._problem(f"{name}_FILE", f"{path} cannot be read: {reason}", "Mount the file, readable.")
                return ""
        if not text.strip():
            self._problem(name, "is not set", f"Set it, or {name}_FILE to the path of a file with it.")
        return text.strip()

    def token(self) -> str:
        """Return the token of GitHub. A text that no header can carry is a problem."""
        token = self.secret("RELAY_GITHUB_TOKEN")
        if not re.fullmatch(r"[!-~]*", token):
            reason = "has other characters than letters, digits and signs of ASCII"
            self._problem("RELAY_GITHUB_TOKEN", reason, "Copy the token again, without blanks and lines.")
        return token

    def apps(self) -> Iterator[App]:
        """Yield the apps of RELAY_APPS. A wrong one is yielded as well, and has a problem."""
        text = self.secret("RELAY_APPS")
        try:
            apps = json.loads(text, object_pairs_hook=_once) if text else {}
        except _GivenTwice as twice:
            self._problem("RELAY_APPS", f"has {printable_name(twice.name)} twice", "Keep one of the two.")
            return
        except (ValueError, RecursionError):
            self._problem("RELAY_APPS", "is not JSON", f"Write it like {_FORM}.")
            return
        if not isinstance(apps, dict) or (text and not apps):
            self._problem("RELAY_APPS", "has no apps", f"Write it like {_FORM}.")
            return
        owners: dict[str, str] = {}
        for bundle_id, about in apps.items():
            app = self._app(bundle_id, about if isinstance(about, dict) else {})
            for secret in app.secrets:
                if owners.setdefault(secret, bundle_id) != bundle_id:
                    # The secret alone says whose an event is.
                    reason = f"{bundle_id} has the secret of {owners[secret]}"
                    self._problem("RELAY_APPS", reason, "Give each app a secret of its own.")
            yield app

    def _app(self, bundle_id: str, about: Mapping[str, Any]) -> App:
        secrets = about.get("secret")
        secrets = secrets if isinstance(secrets, list) else [secrets]
        repository = about.get("repository")
        wrong = (
            (not _BUNDLE_ID.fullmatch(bundle_id), "is not a bundle id"),
            (set(about) - {"repository", "secret"}, "has other members than repository and secret"),
            (not _REPOSITORY.fullmatch(str(repository)), "has no repository like example/app"),
            (
                not secrets or not all(map(_is_secret, secrets)),
                f"has no secret, or one of fewer than {SHORTEST_SECRET} characters, or of the same few characters",
            ),
        )
        for is_wrong, reason in wrong:
            if is_wrong:
                self._problem("RELAY_APPS", f"{bundle_id} {reason}", f"Write it like {_FORM}.")
        return App(bundle_id, str(repository), tuple(map(str, secrets)))

    def github_url(self) -> str:
        """Return the address of GitHub's API, or of a GitHub server of your own."""
        url = self._environment.get("GITHUB_API_URL", "") or "https://api.github.com"
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
            self._problem(
                "GITHUB_API_URL", "is not https", "Omit it, or write https://github.example.com/api/v3."
            )
        return url.rstrip("/")

    def app_store_connect(self) -> tuple[ApiKey | None, Settings]:
        """Return the API key, None if there is none, and how to reach App Store Connect."""
        key = None
        if self._environment.get("ASC_API_KEY") or self._environment.get("ASC_API_KEY_PATH"):
            try:
                key = find_key(None, None, self._environment)
            except KeyRefused as refused:
                self.problems += refused.problems
        url = self._environment.get("ASC_API_URL") or (HOST_IN_HOUSE if key and key.in_house else HOST)
        try:
            url = check_base_url(url)
        except SetupError as error:
            self._problem("ASC_API_URL", error.message, error.remedy)
        return key, Settings(
            url=url,
            ca_bundle=self._environment.get("SSL_CERT_FILE"),
            retry_for=RETRY_FOR,
            wait_for_budget=0.0,
            user_agent=f"app-store-connect-actions-relay/{__version__}",
        )

    def seen(self, clock: Clock) -> Seen | None:
        """Return the memory that RELAY_SEEN names, None if it cannot be used."""
        location = self._environment.get("RELAY_SEEN") or "/data/seen.sqlite"
        try:
            return open_seen(location, clock.now)
        except (OSError, ValueError, ImportError) as error:
            self._problem(
                "RELAY_SEEN",
                f"{location} cannot be used: {error}",
                "Name a file on a disk that outlives the relay (in a container: a volume), or s3://bucket/folder.",
            )
            return None

    def _problem(self, name: str, reason: str, remedy: str) -> None:
        self.problems.append(Problem(name, reason, remedy))


class _GivenTwice(Exception):
    """An object of JSON has the same name twice."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Return the pairs of an object of JSON. Raises _GivenTwice, because json keeps the last of two silently."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _GivenTwice(
            next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        )
    return found


def _is_secret(value: object) -> bool:
    if not isinstance(value, str) or len(value) < SHORTEST_SECRET:
        return False
    # Half of a surrogate pair, which JSON can hold, has no bytes to sign with.
    return len(set(value)) >= SHORTEST_SECRET // 4 and not re.search("[\ud800-\udfff]", value)
