"""The inputs of upload-testflight, and their checks before any request."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from asc.apps import texts
from asc.commands import kinds
from asc.commands.declaration import CommonInputs, given, given_together
from asc.commands.naming import APP_ID, BUNDLE_ID, PLATFORM
from asc.commands.notes import read_notes
from asc.commands.text_files import text_of
from asc.errors import InputError, Problem
from asc.testflight import mappings
from asc.testflight.request import DistributionRequest

LATEST = "latest"
WAITS = ("none", "upload", "processing", "available")
EARLY = ("whats-new", "whats-new-file", "app-info", "beta-review-info")
"""Texts, which App Store Connect takes as soon as there is a build, processed or not."""
BUILD, UPLOAD, WAIT = "Build", "Upload", "Wait"
TEXTS, TESTERS, REVIEW, OLDER = "What to test", "Testers", "Compliance and review", "Older builds"


@dataclass(frozen=True)
class Inputs(CommonInputs):
    """The file or build, the texts, the testers, and how long to wait."""

    file: str | None = given(
        kinds.GLOB,
        "The `.ipa` or `.pkg` to upload. Exactly one file must match. Instead, name an existing "
        "build: by one of the ids below, or by app, version and build number.",
        group=BUILD,
        examples=("build/*.ipa",),
    )
    bundle_id: str | None = given(
        BUNDLE_ID,
        "Bundle id of the app. The default is the one in the file.",
        group=BUILD,
        examples=("com.example.app",),
    )
    app_id: str | None = given(
        APP_ID,
        "Apple's id of the app, instead of `bundle-id`.",
        group=BUILD,
        examples=("1000000001",),
    )
    version: str | None = given(
        kinds.version(),
        "Marketing version (train). With `file`, it must be the version in the file. Quote it in "
        "YAML: unquoted, `1.10` becomes 1.1.",
        group=BUILD,
        examples=("1.5.0",),
    )
    build_number: str | None = given(
        kinds.build_number("latest"),
        "Build number. With `file`, it must be the number in the file. Without `file`, `latest` "
        "stands for the highest number, by default of the highest version.",
        group=BUILD,
        examples=("42", "latest"),
    )
    platform: str | None = given(
        PLATFORM, "Platform. With `file`, it must be the platform of the file.", group=BUILD
    )
    build_upload_id: str | None = given(
        kinds.matching(r"[A-Za-z0-9-]{1,64}", "the id of a build upload"),
        "Continue with an upload of an earlier job (its output `build-upload-id`), instead of `file`.",
        group=BUILD,
    )
    build_id: str | None = given(
        kinds.matching(r"[A-Za-z0-9-]{1,64}", "the id of a build"),
        "Continue with a build in App Store Connect (the output `build-id`), instead of `file`.",
        group=BUILD,
    )
    if_exists: str = given(
        kinds.choice(("resume", "skip", "fail")),
        "Handling of a build number that is already used. `resume`: continue the upload of the same "
        "file, or continue with its build; fail for another file. `skip`: continue with the existing "
        "build, whatever file it came from. `fail`: fail, unless the upload has only begun.",
        group=UPLOAD,
        default="resume",
    )
    parallel_parts: int = given(
        kinds.whole_number(1, 32),
        "Number of parts of the file to send at the same time.",
        group=UPLOAD,
        default="8",
    )
    dry_run: bool = given(
        kinds.BOOLEAN,
        "Check everything and print the plan, but change nothing.",
        group=UPLOAD,
        default="false",
    )
    wait: str = given(
        kinds.choice(WAITS),
        "The state to wait for. `none`: App Store Connect has the file. `upload`: Apple has made a "
        "build of it. `processing`: the build can be tested. `available`: testers can install it. "
        "Texts need at least `upload`; groups and testers need `processing`.",
        group=WAIT,
        default="processing",
    )
    timeout: float = given(
        kinds.DURATION,
        "Longest time to wait, from the end of the upload.",
        group=WAIT,
        default="30m",
        examples=("1h30m",),
    )
    whats_new: str | None = given(
        kinds.TEXT,
        "What to test: one text, or a mapping of locales to texts. A single text, and the entry "
        "`default`, apply to all locales of the build that are not named.",
        group=TEXTS,
        examples=("Faster start.", "{en-US: Faster start., de-DE: Schnellerer Start.}"),
    )
    whats_new_file: str | None = given(
        kinds.PATH, "A file with the text or the mapping (YAML or JSON), instead of `whats-new`.", group=TEXTS
    )
    app_info: Mapping[str, Any] | None = given(
        kinds.MAPPING,
        "Test information of the app: locale → `description`, `feedback-email`, `marketing-url`, "
        "`privacy-policy-url`, `tv-os-privacy-policy`.",
        group=TEXTS,
    )
    groups: tuple[str, ...] | None = given(
        kinds.LIST,
        "Groups to give the build to, internal or external, by name or id.",
        group=TESTERS,
        examples=("QA, Beta testers",),
    )
    create_groups: str = given(
        kinds.choice(("none", "internal", "external"), also={"false": "none", "true": "external"}),
        "Create groups that do not exist, as internal or external ones.",
        group=TESTERS,
        default="none",
    )
    testers: tuple[str, ...] | None = given(
        kinds.LIST,
        "Individual testers to give the build to: `email` or `First Last <email>`. They are external "
        "testers.",
        group=TESTERS,
        examples=("Ada Example <ada@example.com>",),
    )
    notify_testers: bool | None = given(
        kinds.BOOLEAN,
        "Notify testers of the build. The default is the setting in App Store Connect.",
        group=TESTERS,
    )
    uses_non_exempt_encryption: bool | None = given(
        kinds.BOOLEAN,
        "Answer to the export compliance question. The default is ITSAppUsesNonExemptEncryption in "
        "Info.plist.",
        group=REVIEW,
    )
    encryption_declaration: str | None = given(
        kinds.TEXT, "Id or code of the approved encryption declaration to use.", group=REVIEW
    )
    submit_beta_review: bool = given(
        kinds.BOOLEAN,
        "Submit the build to beta review if an external group or tester gets it and it was not "
        "submitted yet.",
        group=REVIEW,
        default="true",
    )
    beta_review_info: Mapping[str, Any] | None = given(
        kinds.MAPPING,
        "Information for Apple's reviewers: `contact-first-name`, `contact-last-name`, "
        "`contact-email`, `contact-phone`, `demo-account-name`, `demo-account-password`, "
        "`demo-account-required`, `notes`. Use a secret if it holds a password.",
        group=REVIEW,
        secret=True,
    )
    reject_waiting_review: bool = given(
        kinds.BOOLEAN,
        "Expire builds of this train that are waiting for beta review, so that this one can be submitted.",
        group=REVIEW,
        default="false",
    )
    expire_previous_builds: str = given(
        kinds.choice(("none", "train", "platform"), also={"false": "none", "true": "train"}),
        "Expire older builds once testers can install this one: those of the same platform and train,"
        " or of all trains of the platform.",
        group=OLDER,
        default="none",
    )

    @cached_property
    def request(self) -> tuple[DistributionRequest, list[str]]:
        """Return the request of the inputs, and the changes made to texts. Raises InputError with all problems."""
        # Cached, so that the file of whats-new that was checked is the one that is sent.
        return _request_of(self)

    def problems(self) -> Iterator[Problem]:
        """Yield the problems: exactly one build is named, and the options fit together."""
        yield from self._problems_of_the_build()
        try:
            # Read here, so that wrong texts and testers are told with the other problems, before any request.
            _ = self.request
        except InputError as error:
            yield from error.problems
        if self.whats_new and self.whats_new_file:
            yield given_together("whats-new-file", "whats-new")
        yield from self._problems_of_the_wait()

    def _problems_of_the_wait(self) -> Iterator[Problem]:
        names = self.asked_of_the_build()
        late = [name for name in names if name not in EARLY]
        # Texts need a build, but not a processed one: for them the shorter wait is enough, and the fix says so.
        if self.wait == "none" and names and not late:
            yield Problem(
                "wait",
                f"is none, but {names[0]} needs the build",
                "Keep wait: processing, or set wait: upload, which ends before Apple has processed the build.",
            )
        elif self.wait in ("none", "upload") and late:
            yield Problem(
                "wait",
                f"is {self.wait}, but {late[0]} needs the processed build",
                f"Keep wait: processing, or give {late[0]} to a later step with build-upload-id.",
            )

    def asked_of_the_build(self) -> list[str]:
        """Return the given inputs that need an existing build."""
        given_inputs = {
            "groups": self.groups,
            "testers": self.testers,
            "whats-new": self.whats_new,
            "whats-new-file": self.whats_new_file,
            "uses-non-exempt-encryption": self.uses_non_exempt_encryption is not None,
            "encryption-declaration": self.encryption_declaration,
            "notify-testers": self.notify_testers is not None,
            "expire-previous-builds": self.expire_previous_builds != "none",
            "reject-waiting-review": self.reject_waiting_review,
            "beta-review-info": self.beta_review_info,
            "app-info": self.app_info,
        }
        return [name for name, is_asked in given_inputs.items() if is_asked]

    def _problems_of_the_build(self) -> Iterator[Problem]:
        by_id = [
            name for name in ("file", "build-upload-id", "build-id") if getattr(self, name.replace("-", "_"))
        ]
        if len(by_id) > 1:
            yield Problem(by_id[1], f"is given together with {by_id[0]}", "Give one of them.")
        latest = self.build_number == LATEST
        numbered = self.build_number and (self.version or latest)
        if not by_id and not (numbered and (self.bundle_id or self.app_id)):
            yield Problem(
                "file",
                "is required (or build-upload-id, build-id, or bundle-id with version and build-number)",
                "Give the file, for example file: build/*.ipa; or the app with build-number: latest.",
            )
        if by_id and latest:
            yield Problem(
                "build-number", f"is latest, but {by_id[0]} names the build", "Leave out one of the two."
            )
        if self.bundle_id and self.app_id:
            yield given_together("app-id", "bundle-id")


T = TypeVar("T")


def _request_of(inputs: Inputs) -> tuple[DistributionRequest, list[str]]:
    problems: list[Problem] = []

    def read(name: str, parse: Callable[[], T], otherwise: T) -> T:
        try:
            return parse()
        except ValueError as error:
            problems.append(
                Problem(name, str(error), f"Correct {name}; docs/upload-testflight.md shows its form.")
            )
            return otherwise

    notes: dict[str, str] = read(
        "whats-new-file" if inputs.whats_new_file else "whats-new", lambda: _notes(inputs), {}
    )
    # Apple refuses these characters, and would do so after the upload. Each change is told as a warning.
    cleaned, changed = texts.clean_all(notes)
    request = DistributionRequest(
        whats_new=cleaned,
        groups=inputs.groups or (),
        create_groups=_unless_none(inputs.create_groups),
        testers=read("testers", lambda: mappings.testers(inputs.testers or ()), ()),
        submit_review=inputs.submit_beta_review,
        review_info=read(
            "beta-review-info", lambda: _mapped(inputs.beta_review_info, mappings.review_info), None
        ),
        app_info=read("app-info", lambda: mappings.app_info(inputs.app_info or {}), {}),
        uses_non_exempt_encryption=inputs.uses_non_exempt_encryption,
        encryption_declaration=inputs.encryption_declaration,
        notify=inputs.notify_testers,
        expire_previous=_unless_none(inputs.expire_previous_builds),
        reject_waiting=inputs.reject_waiting_review,
    )
    if problems:
        raise InputError(problems)
    return request, changed


def _notes(inputs: Inputs) -> dict[str, str]:
    """Return the notes by locale. Raises ValueError if it is not clear which text belongs to which locale."""
    text = text_of(inputs.whats_new_file) if inputs.whats_new_file else inputs.whats_new
    return mappings.whats_new(read_notes(text)) if text and text.strip() else {}


def _mapped(value: Mapping[str, Any] | None, parse: Callable[[Mapping[str, Any]], T]) -> T | None:
    return parse(value) if value else None


def _unless_none(word: str) -> Any:
    return None if word == "none" else word
