"""An app with build 1.5 (42) for tests of distribution: in a sandbox, and as the values that planning takes."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from asc.api.client import Client
from asc.api.clock import Clock
from asc.api.key.model import ApiKey
from asc.api.session import Settings
from asc.apps.app import App
from asc.builds.build import Build, Localization, fetch_build
from asc.testflight.distribution import DistributionResult, distribute
from asc.testflight.preflight import preflight
from asc.testflight.request import DistributionRequest
from asc.testflight.state import AppState, Destination, Group, Known
from asc_sandbox.plans import Review
from asc_sandbox.server import Sandbox
from asc_sandbox.world import Record
from support.sandbox import app, build, seed, start_sandbox

Json = dict[str, Any]
DESTINATION = Destination(App("app", "com.example.app", "Example", "en-US"), "IOS", "1.5", "42", False)
UNANSWERED = replace(DESTINATION, uses_non_exempt_encryption=None)
FRIENDS = Group("g-friends", "Friends")
QA = Group("g-qa", "QA", internal=True)
STAFF = Group("g-staff", "Staff", internal=True, all_builds=True)
CONTACT = {
    "contactFirstName": "Jane",
    "contactLastName": "Doe",
    "contactEmail": "jane@example.com",
    "contactPhone": "+1 555 0100",
}
DESCRIBED = {"description": "An example.", "feedbackEmail": "beta@example.com"}
READY = Build(
    "b-42",
    build_number="42",
    version="1.5",
    platform="IOS",
    app_id="app",
    primary_locale="en-US",
    processing_state="VALID",
    uploaded_at=datetime(2026, 1, 31, tzinfo=UTC),
    uses_non_exempt_encryption=False,
    detail_id="b-42",
    auto_notify=True,
    internal_state="READY_FOR_BETA_TESTING",
    external_state="READY_FOR_BETA_SUBMISSION",
    localizations={"en-US": Localization("l-en-US", "")},
)
TO_FRIENDS = DistributionRequest(groups=("Friends",))
FULL = DistributionRequest(
    whats_new={"en-US": "Faster.", "de-DE": "Schneller."},
    groups=("Friends", "QA"),
    uses_non_exempt_encryption=False,
)
LOCALES = ("en-US", "de-DE", "ja")
TO_GROUPS = "POST /v1/builds/b-42/relationships/betaGroups"
REVIEW = "POST /v1/betaAppReviewSubmissions"


def app_state(*groups: Group, **rest: Any) -> AppState:
    """Return the state of the app; it has test information in three languages unless told otherwise."""
    described = {locale: Known(f"a-{locale}") for locale in LOCALES}
    rest = {"app_localizations": described, **rest}
    return AppState(rest.pop("destination", DESTINATION), "en-US", groups, **rest)


def group(name: str, internal: bool = False, all_builds: bool = False) -> Json:
    """Return the attributes of a group of testers."""
    return {"name": name, "isInternalGroup": internal, "hasAccessToAllBuilds": all_builds}


GROUPS = {"g-friends": group("Friends"), "g-qa": group("QA", True), "g-staff": group("Staff", True, True)}


@dataclass(frozen=True)
class Older:
    """Another build, uploaded on a day of January 2026; `review` is its state in beta review."""

    id: str
    day: int
    train: str = "1.5"
    review: str = ""
    state: str = "VALID"
    platform: str = "IOS"
    expired: bool = False


def refused(request: str, status: int, code: str, detail: str = "The reason", *, times: int = 1) -> str:
    """Return the fault that refuses a request, as `POST /v1/betaGroups`, so many times."""
    return f"{request} status={status} code={code} detail={shlex.quote(detail)} times={times}"


@dataclass
class TestFlight:
    """The sandbox with the app, and a client of it whose pauses are noted and take no time."""

    __test__ = False  # pytest takes classes with Test for its own

    sandbox: Sandbox
    client: Client
    slept: list[float] = field(default_factory=list)

    @property
    def requests(self) -> list[str]:
        return [f"{entry.method} {entry.path}" for entry in self.sandbox.requests]

    @property
    def writes(self) -> list[str]:
        return [request for request in self.requests if not request.startswith("GET")]

    def records(self, kind: str) -> list[Record]:
        return self.sandbox.world.all(kind)

    def record(self, kind: str, identifier: str) -> Record:
        found = self.sandbox.world.find(kind, identifier)
        assert found
        return found

    @property
    def build(self) -> Build:
        """Build 42 as App Store Connect has it now."""
        return fetch_build(self.client, "b-42")

    @property
    def texts(self) -> dict[str, str]:
        """What's new in build 42, by locale."""
        of_build = self.sandbox.world.related(self.record("builds", "b-42"), "betaBuildLocalizations")
        return {text.attributes["locale"]: text.attributes["whatsNew"] for text in of_build}

    @property
    def groups(self) -> list[str]:
        """The names of the groups that have build 42."""
        of_build = self.sandbox.world.related(self.record("builds", "b-42"), "betaGroups")
        return sorted(found.attributes["name"] for found in of_build)

    @property
    def testers(self) -> list[str]:
        """The addresses of the individual testers of build 42."""
        of_build = self.sandbox.world.related(self.record("builds", "b-42"), "individualTesters")
        return sorted(tester.attributes["email"] for tester in of_build)

    @property
    def expired(self) -> list[str]:
        return [found.id for found in self.records("builds") if found.attributes["expired"]]

    def answer_compliance(self, answer: bool) -> None:
        """Let the build have its answer to export compliance, as if Apple took it from the Info.plist."""
        self.sandbox.world.change(self.record("builds", "b-42"), usesNonExemptEncryption=answer)

    def remove_build(self) -> None:
        """Let build 42 not exist, as before its upload."""
        self.sandbox.world.remove(self.record("builds", "b-42"))

    def approve(self) -> None:
        """Let beta review approve build 42."""
        for submission in self.records("betaAppReviewSubmissions"):
            if submission.references["build"] == ("b-42",):
                self.sandbox.world.change(submission, betaReviewState="APPROVED")

    def preflight(self, request: DistributionRequest, destination: Destination = UNANSWERED) -> AppState:
        return preflight(self.client, request, destination)

    def distribute(self, request: DistributionRequest, **options: Any) -> DistributionResult:
        """Go the whole way, as the command does."""
        return distribute(self.client, request, self.preflight(request), self.build, **options)

    def run(self, request: DistributionRequest) -> list[str]:
        """Go the whole way and return the kinds of the changes."""
        return [change.kind for change in self.distribute(request).done]


@contextmanager
def open_testflight(
    groups: Mapping[str, Json] = GROUPS,
    *,
    faults: Iterable[str] = (),
    older: Iterable[Older] = (),
    answered: bool = False,
    given: Iterable[str] = (),
    review: str = "",
    texts: Mapping[str, str] | None = None,
    contact: Mapping[str, object] = CONTACT,
    described: Iterable[str] = LOCALES,
    testers: Iterable[str] = (),
    client_class: type[Client] = Client,
    expect_violations: bool = False,
    **records: list[Json],
) -> Iterator[TestFlight]:
    """Start a sandbox with the app and build 42.

    `answered`: the build has its answer to export compliance. `given` are the ids of the groups that have it, `review`
    is its state in beta review, `described` the languages of the test information, `testers` the addresses that the
    app has, `records` more records by their type. Beta review waits for `TestFlight.approve`.
    """
    older = tuple(older)
    answer = {"usesNonExemptEncryption": False}
    builds = [
        build(
            other.train,
            other.id,
            other.state,
            platform=other.platform,
            id=other.id,
            uploadedDate=_january(other.day),
            expired=other.expired,
            **answer,
        )
        for other in older
    ]
    builds.append(
        build("1.5", "42", id="b-42", uploadedDate=_january(31), **(answer if answered else {})),
    )
    reviews = {**{other.id: other.review for other in older}, "b-42": review}
    given = set(given)
    world = seed(
        apps=[
            app(
                "com.example.app",
                id="app",
                builds=builds,
                betaGroups=[
                    {"id": identifier, **attributes, **({"builds": ["b-42"]} if identifier in given else {})}
                    for identifier, attributes in groups.items()
                ],
                betaAppReviewDetail=dict(contact),
                betaAppLocalizations=[{"id": f"a-{name}", "locale": name, **DESCRIBED} for name in described],
            )
        ],
        buildBetaDetails=[{"id": "b-42", "build": "b-42"}],
        betaBuildLocalizations=[
            {"id": f"l-{locale}", "build": "b-42", "locale": locale, "whatsNew": text}
            for locale, text in ({"en-US": ""} if texts is None else texts).items()
        ],
        betaAppReviewSubmissions=[
            {"id": name, "build": name, "betaReviewState": state} for name, state in reviews.items() if state
        ],
        betaTesters=[{"email": email, "apps": ["app"]} for email in testers],
        **records,
    )
    with start_sandbox(
        world, faults=faults, review=Review(outcome="never"), expect_violations=expect_violations
    ) as sandbox:
        key = sandbox.api_key()
        slept: list[float] = []
        # Time passes by the pauses that are noted, so that a client that gives up later gives up at once.
        clock = Clock(sleep=slept.append, monotonic=lambda: time.monotonic() + sum(slept))
        made = ApiKey(key["key_id"], key["issuer_id"], key["key"])
        client = client_class(made, Settings(sandbox.url), "Admin", clock=clock)
        try:
            yield TestFlight(sandbox, client, slept)
        finally:
            client.close()


def _january(day: int) -> str:
    return f"{datetime(2025, 12, 31, tzinfo=UTC) + timedelta(days=day):%Y-%m-%dT%H:%M:%SZ}"
