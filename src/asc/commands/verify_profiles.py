"""verify-profiles: compare the entitlements inside profiles with .entitlements files, also without a key."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asc import words
from asc.commands import entitlements as entitlements_input
from asc.commands import kinds, patterns
from asc.commands.context import Context
from asc.commands.declaration import Command, CommonInputs, flag, given, output
from asc.errors import Error, InputError, Problem
from asc.formats.mobileprovision import Profile, ProfileError, read_profile
from asc.job import summary, workflow
from asc.limited_files import read_limited
from asc.provisioning.profile_check import (
    Lacking,
    active_profiles,
    by_hand,
    compare,
    covers,
    errors_of,
    is_wildcard,
)
from asc.signing.install.placing import FOLDERS

log = logging.getLogger(__name__)

INSTALLED, APPLE = "installed", "apple"
SUFFIXES = (".mobileprovision", ".provisionprofile")
MOST_ANNOTATIONS = 9
"""Annotations at files. GitHub shows ten errors of a step, and the last one is that of the step itself."""
_OLDEST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Inputs(CommonInputs):
    """The .entitlements files, and the place of the profiles."""

    entitlements: tuple[tuple[str, str], ...] = given(
        entitlements_input.KIND,
        "`.entitlements` files of your targets, each with its bundle id. A path alone is compared with all `profiles`.",
        group="Files",
        required=True,
        examples=("com.example.app: App/Example.entitlements",),
    )
    profiles: tuple[str, ...] = given(
        kinds.Kind("list", "paths, * and ** allowed, or installed, or apple", kinds.LIST.parse),
        "Profiles to compare with: files or folders; `installed` for those in Xcode's folders; or `apple` for the "
        "team's valid ones at Apple, which needs `api-key`.",
        group="Files",
        required=True,
        examples=("signing/*.mobileprovision",),
    )

    def problems(self) -> Iterator[Problem]:
        """Yield the problems of the inputs taken together."""
        places = {INSTALLED, APPLE} & set(self.profiles or ())
        if places and len(self.profiles) > 1:
            yield Problem("profiles", f"{min(places)} stands alone", "Give it alone, or give paths.")
        if places and (alone := [path for identifier, path in self.entitlements or () if not identifier]):
            reason = f"{words.some(alone)} names no bundle id"
            yield Problem("entitlements", reason, "Write id: path, one a line.")


@dataclass(frozen=True)
class Outputs:
    """The outputs of verify-profiles for later steps."""

    ready: str = output("`true` if no profile lacks anything.")
    checked: str = output("How many profiles were compared.")
    missing_keys: str = output("Entitlements that a profile lacks, as JSON: bundle id → keys.")
    missing_by_hand: str = output(
        "App groups, containers and merchant ids that a profile lacks, as JSON: bundle id → kind → values."
    )


@dataclass(frozen=True)
class _Comparison:
    """One .entitlements file beside one profile of a bundle id."""

    path: str
    identifier: str
    profile: Profile
    lacking: Lacking


def run(inputs: Inputs, context: Context) -> Outputs:
    """Compare each .entitlements file with the profiles of its bundle id, and tell what is missing at its line."""
    paths = inputs.entitlements
    # Files come first, so that a wrong path fails before the request for profiles.
    files = entitlements_input.read_files(paths)
    profiles = _profiles(inputs, context)
    comparisons: list[_Comparison] = []
    errors: list[tuple[str, str, Error]] = []
    for (identifier, path), keys in zip(paths, files, strict=True):
        fitting = _fitting(profiles, identifier)
        if not fitting:
            errors.append((path, "", _without_profile(identifier, profiles)))
        for profile in fitting:
            # In a profile the team's id stands before the bundle id.
            name = identifier or profile.application_identifier.partition(".")[2]
            comparison = _Comparison(path, name, profile, compare(keys, profile))
            comparisons.append(comparison)
            errors += [(path, "", error) for error in _expired(profile, context.now())]
            errors += [(path, key, error) for key, error in errors_of(comparison.lacking, name, profile.name)]
    # Set before the error is raised, because a later step may read what is missing.
    context.outputs = outputs = _outputs(comparisons, ready=not errors)
    context.summary.append(_summary(comparisons))
    for number, (path, key, error) in enumerate(errors):
        _tell(path, key, error, annotate=context.job.in_job and number < MOST_ANNOTATIONS)
    if errors:
        first = errors[0][2]
        more = f" ({len(errors) - 1} more above)" if len(errors) > 1 else ""
        raise Error(f"{first.message}{more}", first.remedy)
    log.info("Nothing is missing in %s", words.counted(len(comparisons), "profile"))
    return outputs


def _profiles(inputs: Inputs, context: Context) -> list[Profile]:
    if inputs.profiles == (APPLE,):
        return _at_apple(inputs, context)
    if inputs.profiles == (INSTALLED,):
        return _installed(Path(context.job.environment.get("HOME") or Path.home()), context.now())
    return _in_files(inputs.profiles)


def _at_apple(inputs: Inputs, context: Context) -> list[Profile]:
    """Return the valid profiles of the bundle ids at Apple. Raises Error for bundle ids that the team lacks."""
    # Imported here, because the command starts faster without the client, and needs none for files.
    from asc.api.client import REQUESTS_AT_ONCE
    from asc.provisioning.bundle_ids import read_bundle_ids

    client = context.connect(inputs)
    identifiers = dict.fromkeys(identifier for identifier, _ in inputs.entitlements)
    registered = read_bundle_ids(client, identifiers, capabilities=False)
    if missing := [identifier for identifier in identifiers if identifier not in registered]:
        raise Error(
            f"The team has no bundle id {words.some(missing)}.",
            "Check the spelling and the team of the key, or register it with register-bundle-ids.",
        )
    with ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
        valid = pool.map(lambda bundle_id: active_profiles(client, bundle_id.id), registered.values())
        return [profile for profiles in valid for profile in profiles]


def _installed(home: Path, now: datetime) -> list[Profile]:
    """Return the profiles in Xcode's folders that are valid, of each name only the newest, which Xcode uses."""
    # Old profiles pile up there, so that a damaged or expired one is no fault of this job.
    newest: dict[str, Profile] = {}
    for folder in FOLDERS:
        for path in sorted((home / folder).glob("*")):
            if path.suffix not in SUFFIXES:
                continue
            try:
                profile = read_profile(read_limited(path))
            except (OSError, ProfileError) as error:
                log.warning("%s was ignored: %s", path, error)
                continue
            before = newest.get(profile.name)
            if not _expired(profile, now) and (not before or _created(before) <= _created(profile)):
                newest[profile.name] = profile
    return list(newest.values())


def _in_files(paths_given: Sequence[str]) -> list[Profile]:
    """Return the profiles in files and folders. Raises InputError for files that are none, and for no file at all."""
    profiles: dict[Path, Profile] = {}
    problems = []
    for pattern in paths_given:
        matching = [Path(pattern)] if patterns.is_there(pattern) else patterns.matching(pattern)
        paths = [
            inner
            for path in matching
            for inner in (sorted(path.glob("*")) if path.is_dir() else [path])
            # A file that is named counts whatever its ending is; in a folder only profiles count.
            if path.is_file() or inner.suffix in SUFFIXES
        ]
        if not paths:
            reason = f"{kinds.quoted(pattern)} matches no profile"
            problems.append(Problem("profiles", reason, "Check the path; it is relative to the workspace."))
        for path in paths:
            try:
                profiles[path] = read_profile(read_limited(path))
            except OSError as error:
                problems.append(
                    Problem("profiles", f"{path}: {error.strerror}", "Name profiles that can be read.")
                )
            except ProfileError as error:
                problems.append(Problem("profiles", f"{path}: {error}", "Name .mobileprovision files."))
    if problems:
        raise InputError(problems)
    return list(profiles.values())


def _fitting(profiles: Sequence[Profile], identifier: str) -> list[Profile]:
    """Return the profiles to compare: those of the bundle id itself, else those of wildcards; all without an id."""
    if not identifier:
        return list(profiles)
    fitting = [profile for profile in profiles if covers(profile, identifier)]
    return [profile for profile in fitting if not is_wildcard(profile)] or fitting


def _without_profile(identifier: str, profiles: Sequence[Profile]) -> Error:
    identifiers = dict.fromkeys(profile.application_identifier.partition(".")[2] for profile in profiles)
    available = words.some(list(identifiers)) or "none"
    return Error(
        f"There is no valid profile for {identifier}. There are profiles for: {available}.",
        "Create one (sync-signing), or check the bundle id in entitlements.",
    )


def _expired(profile: Profile, now: datetime) -> list[Error]:
    if profile.expires is None or profile.expires > now:
        return []
    reason = f"The profile {profile.name} expired on {profile.expires:%Y-%m-%d}."
    return [Error(reason, "Create it again (sync-signing).")]


def _created(profile: Profile) -> datetime:
    return profile.created or _OLDEST


def _tell(path: str, key: str, error: Error, *, annotate: bool) -> None:
    text = f"{error.message} {error.remedy}"
    if annotate:
        workflow.annotate("error", "verify-profiles", text, file=path, line=_line_of(path, key))
    else:
        log.info("%s:%d: %s", path, _line_of(path, key), text)


def _line_of(path: str, key: str) -> int:
    """Return the line of a key in an .entitlements file, counted from 1; 1 if it is not found, as in binary files."""
    lines = read_limited(Path(path)).splitlines()
    return next((number for number, line in enumerate(lines, 1) if f">{key}<".encode() in line), 1)


def _outputs(comparisons: Sequence[_Comparison], *, ready: bool) -> Outputs:
    keys: dict[str, dict[str, None]] = {}
    values: dict[str, Mapping[str, Any]] = {}
    for identifier in dict.fromkeys(comparison.identifier for comparison in comparisons):
        lackings = [comparison.lacking for comparison in comparisons if comparison.identifier == identifier]
        if missing := dict.fromkeys(key for lacking in lackings for key in lacking.keys):
            keys[identifier] = missing
        if to_associate := by_hand(lackings):
            values[identifier] = to_associate
    return Outputs(
        ready=flag(ready),
        # One profile may be compared with several files.
        checked=str(len({comparison.profile.uuid for comparison in comparisons})),
        missing_keys=json.dumps({identifier: list(names) for identifier, names in keys.items()}),
        missing_by_hand=json.dumps(values, ensure_ascii=False),
    )


def _summary(comparisons: Sequence[_Comparison]) -> str:
    rows = [
        (
            comparison.identifier,
            comparison.profile.name,
            ", ".join(
                [
                    *comparison.lacking.keys,
                    *(text for values in comparison.lacking.values.values() for text in values),
                ]
            )
            or "nothing",
        )
        for comparison in comparisons
    ]
    return summary.heading("Profiles") + summary.table(("Bundle id", "Profile", "Missing"), rows)


COMMAND = Command(
    name="verify-profiles",
    summary="Compare profiles with .entitlements files, so that no build fails because of a difference.",
    description=(
        "Says which entitlements of an app its profiles lack: capabilities that are not enabled, and app "
        "groups, iCloud containers and merchant ids that only a person can associate. It reads files, so "
        "it needs no key and also runs on pull requests from forks. With a key it can read the team's "
        "profiles at Apple."
    ),
    role="none; Developer with profiles: apple",
    icon="shield",
    example="""\
- uses: OWNER/REPO/actions/verify-profiles@v1
  with:
    entitlements: "com.example.app: App/Example.entitlements"
    profiles: profiles/*.mobileprovision
""",
    inputs=Inputs,
    outputs=Outputs,
    run=run,
)
