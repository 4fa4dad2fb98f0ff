"""Distribution without HTTP: an App Store Connect that holds each request against Apple's document."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from asc.api.client import LARGEST_PAGE, _target
from asc.api.document import Document
from asc.api.errors import ApiError, AppleError
from asc.apps.app import App
from asc.builds.build import Build, Localization, fetch_build
from asc.errors import LostAnswerError
from asc.testflight.distribution import distribute
from asc.testflight.preflight import preflight
from asc.testflight.request import DistributionRequest
from asc.testflight.state import AppState, Destination, Group, Known
from support.contract import contract

Json = dict[str, Any]
DESTINATION = Destination(App("app", "com.example.app", "Example", "en-US"), "IOS", "1.5", "42", False)
FRIENDS = Group("g-friends", "Friends")
QA = Group("g-qa", "QA", internal=True)
STAFF = Group("g-staff", "Staff", internal=True, all_builds=True)
CONTACT = {
    "contactFirstName": "Jane",
    "contactLastName": "Doe",
    "contactEmail": "jane@example.com",
    "contactPhone": "+1 555 0100",
}
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
    localizations={"en-US": Localization("l-en", "")},
)
TO_FRIENDS = DistributionRequest(groups=("Friends",))


DESCRIBED = {"description": "An example.", "feedbackEmail": "beta@example.com"}


def app_state(*groups: Group, **rest: Any) -> AppState:
    """What the app has; test information in the languages of the tests, unless told otherwise."""
    described = {locale: Known(f"a-{locale}") for locale in ("en-US", "de-DE", "ja")}
    rest = {"app_localizations": described, **rest}
    return AppState(rest.pop("destination", DESTINATION), "en-US", groups, **rest)


@dataclass
class Apple:
    """A client with an App Store Connect behind it that holds each request against Apple's document.

    `lose` and `refuse` hold for requests that match, once each.
    """

    groups: dict[str, Json] = field(default_factory=dict)
    review: Json = field(default_factory=lambda: dict(CONTACT))
    build: Json = field(default_factory=dict)
    testers: dict[str, str] = field(default_factory=dict)
    older: list[Json] = field(default_factory=list)
    declarations: list[Json] = field(default_factory=list)
    app_texts: dict[str, Json] = field(
        default_factory=lambda: {locale: dict(DESCRIBED) for locale in ("en-US", "de-DE", "ja")}
    )
    largest_include: int = 50
    lose: list[str] = field(default_factory=list)
    refuse: list[tuple[str, ApiError]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    notifications: int = 0
    submissions: int = 0

    def __post_init__(self) -> None:
        self.lock = threading.Lock()
        self.build = {
            "encryption": None,
            "external": "MISSING_EXPORT_COMPLIANCE",
            "notify": False,
            "texts": {"en-US": ""},
            "groups": [],
            "testers": [],
            **self.build,
        }

    def pause(self, seconds: float) -> None:
        self.slept.append(seconds)

    @property
    def writes(self) -> list[str]:
        return [request for request in self.requests if not request.startswith("GET")]

    # Reading

    def get(self, path: str, query: Mapping[str, Any], *, retry_404: bool = False) -> Document:
        contract().check_request("GET", _target(path, query))
        with self.lock:
            self.requests.append(f"GET {path}")
            return self._build() if path == "/v1/builds/b-42" else self._app(query["include"].split(","))

    def list(self, path: str, query: Mapping[str, Any], *, retry_404: bool = False) -> Document:
        contract().check_request("GET", _target(path, {"limit": LARGEST_PAGE, **query}))
        with self.lock:
            self.requests.append(f"GET {path}")
            if path == "/v1/betaGroups":
                return Document.read({"data": self._groups()})
            if path == "/v1/betaTesters":
                wanted = query["filter[email]"].split(",")
                known = [each for each in self.testers if each in wanted]
                return Document.read(
                    {"data": [thing("betaTesters", self.testers[each], email=each) for each in known]}
                )
            assert path == "/v1/builds"
            return self._builds(query)

    def _groups(self) -> list[Json]:
        return [thing("betaGroups", identifier, **group) for identifier, group in self.groups.items()]

    def _app(self, names: list[str]) -> Document:
        related = {
            "betaGroups": self._groups(),
            "betaAppLocalizations": [
                thing("betaAppLocalizations", f"a-{name}", locale=name, **text)
                for name, text in self.app_texts.items()
            ],
            "appEncryptionDeclarations": self.declarations,
            "betaAppReviewDetail": [thing("betaAppReviewDetails", "app", **self.review)],
        }
        app = thing("apps", "app", primaryLocale="en-US")
        app["relationships"] = {}
        included: list[Json] = []
        for name in names:
            came = related[name][: self.largest_include]
            data: Any = [reference(each) for each in came]
            meta = {"paging": {"total": len(related[name])}}
            app["relationships"][name] = (
                {"data": data[0]} if name == "betaAppReviewDetail" else {"data": data, "meta": meta}
            )
            included += came
        return Document.read({"data": app, "included": included})

    def _build(self) -> Document:
        now = self.build
        texts = [
            thing("betaBuildLocalizations", f"l-{name}", locale=name, whatsNew=text)
            for name, text in now["texts"].items()
        ]
        detail = thing(
            "buildBetaDetails", "b-42", autoNotifyEnabled=now["notify"], externalBuildState=now["external"]
        )
        train = thing("preReleaseVersions", "p", version="1.5", platform="IOS")
        build = thing(
            "builds",
            "b-42",
            version="42",
            processingState="VALID",
            uploadedDate="2026-01-31T00:00:00Z",
            usesNonExemptEncryption=now["encryption"],
        )
        build["relationships"] = {
            "buildBetaDetail": {"data": reference(detail)},
            "preReleaseVersion": {"data": reference(train)},
            "betaBuildLocalizations": {"data": [reference(each) for each in texts]},
            "betaGroups": {"data": [{"type": "betaGroups", "id": each} for each in now["groups"]]},
            "individualTesters": {"data": [{"type": "betaTesters", "id": each} for each in now["testers"]]},
            "app": {"data": {"type": "apps", "id": "app"}},
        }
        return Document.read(
            {"data": build, "included": [*texts, detail, train, thing("apps", "app", primaryLocale="en-US")]}
        )

    def _builds(self, query: Mapping[str, Any]) -> Document:
        states = query.get("filter[betaAppReviewSubmission.betaReviewState]")
        train = query.get("filter[preReleaseVersion.version]")
        found = [
            each
            for each in self.older
            if not each["expired"]
            and (not states or each["review"] in states.split(","))
            and (not train or each["train"] in train.split(","))
        ]
        builds, included = [], []
        for each in found:
            name = each["id"]
            train = thing("preReleaseVersions", f"p-{name}", version=each["train"], platform="IOS")
            related = {"preReleaseVersion": {"data": reference(train)}}
            included.append(train)
            if each["review"]:
                submission = thing("betaAppReviewSubmissions", name, betaReviewState=each["review"])
                related["betaAppReviewSubmission"] = {"data": reference(submission)}
                included.append(submission)
            build = thing(
                "builds", name, version=name, uploadedDate=each["uploaded"], processingState=each["state"]
            )
            builds.append({**build, "relationships": related})
        return Document.read({"data": builds, "included": included})

    # Writing

    def post(self, path: str, body: Any) -> Document:
        contract().check_request("POST", path, body)
        return self._write("POST", path, body["data"])

    def patch(self, path: str, body: Any) -> Document:
        contract().check_request("PATCH", path, body)
        return self._write("PATCH", path, body["data"])

    def _write(self, method: str, path: str, data: Any) -> Document:
        with self.lock:
            request = f"{method} {path}"
            self.requests.append(request)
            for index, (pattern, error) in enumerate(self.refuse):
                if re.fullmatch(pattern, request):
                    del self.refuse[index]
                    raise error
            self._apply(path, data)
            for pattern in self.lose:
                if re.fullmatch(pattern, request):
                    self.lose.remove(pattern)
                    raise LostAnswerError(f"{request} was sent, but its answer was lost.", "Look.")
            return Document(())

    def _apply(self, path: str, data: Any) -> None:
        build = self.build
        attributes = data.get("attributes", {}) if isinstance(data, dict) else {}
        if path == "/v1/builds/b-42":
            if build["encryption"] is not None:
                raise refusal(409, "ENTITY_ERROR.ATTRIBUTE.INVALID", "The build has its answer")
            build["encryption"] = attributes["usesNonExemptEncryption"]
            build["external"] = "READY_FOR_BETA_SUBMISSION"
        elif path.startswith("/v1/builds/b-42/relationships/"):
            kind = "groups" if path.endswith("betaGroups") else "testers"
            build[kind] += [each["id"] for each in data if each["id"] not in build[kind]]
        elif path.startswith("/v1/builds/"):
            next(each for each in self.older if path.endswith(f"/{each['id']}"))["expired"] = True
        elif path == "/v1/betaBuildLocalizations":
            if attributes["locale"] in build["texts"]:
                raise refusal(409, "ENTITY_ERROR.ATTRIBUTE.INVALID.DUPLICATE")
            build["texts"][attributes["locale"]] = attributes["whatsNew"]
        elif path.startswith("/v1/betaBuildLocalizations/"):
            build["texts"][path.rpartition("/l-")[2]] = attributes["whatsNew"]
        elif path == "/v1/betaGroups":
            identifier = f"g-{len(self.groups)}"
            self.groups[identifier] = attributes
            build["groups"].append(identifier)
        elif path == "/v1/betaTesters":
            assert attributes["email"] not in self.testers
            self.testers[attributes["email"]] = f"t-{attributes['email']}"
            build["testers"].append(f"t-{attributes['email']}")
        elif path == "/v1/betaAppReviewSubmissions":
            assert build["external"] == "READY_FOR_BETA_SUBMISSION"
            self.submissions += 1
            build["external"] = "WAITING_FOR_BETA_REVIEW"
        elif path == "/v1/buildBetaNotifications":
            assert not build["notify"]
            self.notifications += 1
        elif path.startswith("/v1/buildBetaDetails/"):
            build["notify"] = attributes["autoNotifyEnabled"]
        elif path.startswith("/v1/betaAppReviewDetails/"):
            self.review.update(attributes)
        elif path.startswith("/v1/betaAppLocalizations"):
            name = attributes.pop("locale", path.rpartition("/a-")[2])
            self.app_texts.setdefault(name, {}).update(attributes)
        else:
            raise AssertionError(path)


def thing(kind: str, identifier: str, **attributes: Any) -> Json:
    return {"type": kind, "id": identifier, "attributes": attributes}


def reference(resource: Json) -> Json:
    return {"type": resource["type"], "id": resource["id"]}


def refusal(status: int, code: str, detail: str = "The reason") -> ApiError:
    return ApiError("POST /v1/x", status, (AppleError(str(status), code, "Refused", detail),), "Mend it.")


def group(name: str, internal: bool = False, all_builds: bool = False) -> Json:
    return {"name": name, "isInternalGroup": internal, "hasAccessToAllBuilds": all_builds}


GROUPS = {"g-friends": group("Friends"), "g-qa": group("QA", True), "g-staff": group("Staff", True, True)}
FULL = DistributionRequest(
    whats_new={"en-US": "Faster.", "de-DE": "Schneller."},
    groups=("Friends", "QA"),
    uses_non_exempt_encryption=False,
)
UNANSWERED = replace(DESTINATION, uses_non_exempt_encryption=None)


def run(apple: Any, wishes: DistributionRequest, destination: Destination = UNANSWERED) -> list[str]:
    """The whole way, as the command goes it; the kinds of what was done."""
    on = preflight(apple, wishes, destination)
    state = fetch_build(apple, "b-42")
    return [change.kind for change in distribute(apple, wishes, on, state).done]


def older(name: str, day: int, train: str = "1.5", review: str = "", state: str = "VALID") -> Json:
    """Another build; `review` is its state in beta review."""
    return {
        "id": name,
        "train": train,
        "uploaded": f"2026-01-{day:02}T00:00:00Z",
        "review": review,
        "state": state,
        "expired": False,
    }
