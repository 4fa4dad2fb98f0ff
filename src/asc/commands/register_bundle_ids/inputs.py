"""The inputs of register-bundle-ids, and the bundle ids that they ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from asc.commands import capabilities as capabilities_input
from asc.commands import entitlements as entitlements_input
from asc.commands import kinds
from asc.commands.declaration import CommonInputs, given
from asc.errors import Findings, InputError, Problem
from asc.provisioning.bundle_id_plan import BundleIdRequest
from asc.provisioning.capabilities import TYPES, Capability, capabilities_of, merged

IDS, WHAT, CHECKS, RUN = "Bundle ids", "Capabilities", "Checks", "Run"
PLATFORMS = {"ios": "IOS", "macos": "MAC_OS", "universal": "UNIVERSAL"}
_IDENTIFIER = re.compile(r"\*|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(\.\*)?")
_REFUSED_IN_NAMES = re.compile(r"[@&*'\"]|[^\x20-\x7e]")
"""Characters that Apple refuses in the name of a bundle id."""


@dataclass(frozen=True)
class Inputs(CommonInputs):
    """The bundle ids, their capabilities, and the checks to run afterwards."""

    bundle_ids: tuple[tuple[str, str], ...] = given(
        kinds.Kind("list", "one a line: id, or id: name", lambda text: tuple(_pairs(text))),
        "The bundle ids, explicit or with a wildcard at the end (`com.example.*`). A name after the id is"
        " the name on the developer website; the default is the id with spaces instead of dots.",
        group=IDS,
        required=True,
        examples=("com.example.app", "com.example.app.widget: Example Widget"),
    )
    platform: str = given(
        kinds.choice(PLATFORMS, also={"mac": "macos", "osx": "macos"}),
        "The platform of new bundle ids. A bundle id can never change its platform.",
        group=IDS,
        default="ios",
    )
    rename: bool = given(
        kinds.BOOLEAN,
        "Give existing bundle ids the names in `bundle-ids`.",
        group=IDS,
        default="false",
    )
    capabilities: tuple[Capability, ...] | None = given(
        capabilities_input.KIND,
        "Capabilities that all the bundle ids get: Apple's type, fastlane's service name, or either with a setting.",
        group=WHAT,
        examples=("push-notifications", "data-protection: complete"),
    )
    entitlements: tuple[tuple[str, str], ...] | None = given(
        entitlements_input.KIND,
        "`.entitlements` files: each bundle id gets the capabilities that its file needs. With one bundle id, the path "
        "is enough.",
        group=WHAT,
        examples=("com.example.app: App/Example.entitlements",),
    )
    disable: tuple[Capability, ...] | None = given(
        capabilities_input.KIND,
        "Capabilities to turn off. The step turns off no others.",
        group=WHAT,
    )
    if_unknown: str = given(
        kinds.choice(("fail", "warn", "pass")),
        "Handling of keys in an `.entitlements` file that belong to no known capability.",
        group=WHAT,
        default="warn",
    )
    require_app: bool = given(
        kinds.BOOLEAN,
        'Fail if App Store Connect has no app with the bundle id, and say what to type in "New App".',
        group=CHECKS,
        default="false",
    )
    verify_profiles: bool = given(
        kinds.BOOLEAN,
        "Compare the entitlements in the valid profiles of each bundle id with its `.entitlements` file. "
        "The step fails if a profile lacks an app group, container or merchant id, because only a person "
        "can associate one.",
        group=CHECKS,
        default="false",
    )
    dry_run: bool = given(kinds.BOOLEAN, "Only print the plan.", group=RUN, default="false")

    def problems(self) -> Iterator[Problem]:
        """Yield the problems of the inputs taken together."""
        # A required input that is missing is told by the reader; the others are checked all the same.
        bundle_ids = self.bundle_ids or ()
        yield from _problems_of_ids(bundle_ids)
        known = {identifier for identifier, _ in bundle_ids}
        yield from entitlements_input.problems(self.entitlements or (), known)
        yield from capabilities_input.wildcard_problems(known, self.capabilities or ())
        contradicting = {capability.type for capability in self.capabilities or ()} & {
            capability.type for capability in self.disable or ()
        }
        for kind in sorted(contradicting):
            yield Problem("disable", f"{kind} is in capabilities, too", "Name it in one of the two.")
        if self.verify_profiles and not self.entitlements:
            yield Problem(
                "verify-profiles", "needs entitlements", "Name the .entitlements files to compare with."
            )


@dataclass(frozen=True)
class Request:
    """A bundle id as it is asked for, with the keys of its .entitlements file."""

    bundle_id: BundleIdRequest
    entitlements: Mapping[str, Any]
    unknown: tuple[str, ...] = ()


def requests_of(inputs: Inputs) -> list[Request]:
    """Read the .entitlements files, and return a request for each bundle id.

    Raises InputError with all that is wrong: files, capabilities of wildcards, settings that contradict each other.
    """
    findings = Findings()
    files: dict[str, Mapping[str, Any]] = {}
    paths = inputs.entitlements or ()
    for (identifier, _), keys in zip(paths, entitlements_input.read_files(paths), strict=True):
        owner = identifier or inputs.bundle_ids[0][0]
        # A bundle id may have several files, and gets the capabilities that any of them needs.
        files[owner] = {**files.get(owner, {}), **keys}
    requests = []
    for identifier, name in inputs.bundle_ids:
        no_request: Request | None = None
        request = findings.result_of(
            partial(_request, inputs, identifier, name, files.get(identifier, {})), no_request
        )
        requests += [request] if request else []
    findings.raise_all()
    return requests


def unknown_types(requests: list[Request]) -> list[str]:
    """Return the capabilities that are asked for and that Apple's document of the API does not have."""
    types = {capability.type for request in requests for capability in request.bundle_id.capabilities}
    return sorted(types - TYPES)


def _request(inputs: Inputs, identifier: str, name: str, entitlements: Mapping[str, Any]) -> Request:
    needed, unknown = capabilities_of(entitlements)
    if unknown and inputs.if_unknown == "fail":
        raise InputError(
            [
                Problem(
                    "entitlements",
                    f"no known capability of {identifier} stands for {', '.join(unknown)}",
                    "Remove the keys, or set if-unknown: warn.",
                )
            ]
        )
    disabled = {capability.type for capability in inputs.disable or ()}
    try:
        requested = merged((*(inputs.capabilities or ()), *needed))
    except ValueError as error:
        raise InputError([Problem("capabilities", str(error), "Ask for one setting.")]) from None
    request = BundleIdRequest(
        identifier,
        PLATFORMS[inputs.platform],
        requested,
        tuple(sorted(disabled)),
        name,
        rename=inputs.rename,
    )
    problems = [
        Problem(
            "entitlements",
            # The inputs compare capabilities with disable; the needs of the file are known only here.
            f"{kind} is needed by {identifier} and named in disable",
            "Name it in one of the two.",
        )
        for kind in sorted({capability.type for capability in needed} & disabled)
    ]
    problems += capabilities_input.wildcard_problems([identifier], needed)
    if problems:
        raise InputError(problems)
    return Request(request, entitlements, unknown)


def _problems_of_ids(bundle_ids: tuple[tuple[str, str], ...]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for identifier, name in bundle_ids:
        if not _IDENTIFIER.fullmatch(identifier):
            reason = f"{kinds.quoted(identifier)} is not a bundle id"
            yield Problem(
                "bundle-ids",
                reason,
                "Use letters, digits, hyphens and dots; a wildcard only as the last part.",
            )
        if refused := _REFUSED_IN_NAMES.search(name):
            reason = f"the name {kinds.quoted(name)} has “{refused[0]}”, which Apple refuses"
            yield Problem("bundle-ids", reason, "Use plain letters without @ & * ' \".")
        before = seen.get(identifier.lower())
        seen[identifier.lower()] = identifier
        if before == identifier:
            yield Problem("bundle-ids", f"{identifier} is listed twice", "List it once, with its name.")
        elif before:
            yield Problem(
                "bundle-ids",
                f"{before} and {identifier} are the same bundle id to Apple",
                "Write the id in one way.",
            )


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for entry in kinds.LIST.parse(text):
        identifier, _, name = entry.partition(":")
        yield identifier.strip(), name.strip()
