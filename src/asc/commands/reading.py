"""Read the inputs of a command from raw text, and find all problems before anything is sent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from asc.commands.declaration import Command, CommonInputs, Input, inputs_of
from asc.errors import InputError, Problem


def with_variables(
    command: Command, raw: Mapping[str, str], environment: Mapping[str, str]
) -> dict[str, str]:
    """Return `raw`, with inputs that are not given filled from environment variables."""
    filled = dict(raw)
    for name, (_, spec) in inputs_of(command).items():
        if raw.get(name, "").strip():
            continue
        # An input that is given always wins over a variable.
        value = spec.derived(environment) if spec.derived else environment.get(spec.variable)
        if value:
            filled[name] = value
    return filled


def read_inputs(command: Command, raw: Mapping[str, str], now: datetime) -> CommonInputs:
    """Return the command's dataclass for `raw` (name → text; "" counts as not given). Raises InputError.

    `now` is the time of the step's clock, for inputs that must lie before it.
    """
    declared = inputs_of(command)
    problems = [
        _unknown(command, name, declared)
        for name, text in raw.items()
        if text.strip() and name not in declared
    ]
    values: dict[str, Any] = {}
    for name, (entry, spec) in declared.items():
        text = raw.get(name, "")
        try:
            # The runner passes an input that is left out as "", and so does an expression without a value.
            if text.strip():
                values[entry.name] = spec.kind.parse(text if spec.kind.exact else text.strip())
            elif spec.required:
                problems.append(Problem(name, "is required", _remedy(name, spec)))
        except ValueError as error:
            # The reason of a parser may quote the text, which is a secret here.
            reason = "cannot be read" if spec.secret else str(error)
            problems.append(Problem(name, reason, _remedy(name, spec)))
    inputs = command.inputs(**values)
    broken = {problem.input for problem in problems}
    # An input that could not be read has its default here, so checks about it would mislead.
    found = (*inputs.problems(), *inputs.problems_at(now))
    problems += [problem for problem in found if problem.input not in broken]
    problems += _two_keys(inputs)
    if problems:
        raise InputError(problems)
    return inputs


def secret_texts(command: Command, raw: Mapping[str, str]) -> Iterable[str]:
    """Return the raw texts of the secret inputs, to be masked first."""
    return [raw[name] for name, (_, spec) in inputs_of(command).items() if spec.secret and raw.get(name)]


def _two_keys(inputs: CommonInputs) -> Iterator[Problem]:
    """Yield the problem of two API keys."""
    if inputs.api_key and inputs.api_key_path:
        yield Problem("api-key", "is given together with api-key-path", "Give only one of the two.")


def _remedy(name: str, spec: Input) -> str:
    example = f", for example {name}: {spec.examples[0]}" if spec.examples else ""
    return f"Give {name} as {spec.kind.form}{example}."


def _unknown(command: Command, name: str, declared: Collection[str]) -> Problem:
    import difflib  # for this error alone

    close = difflib.get_close_matches(name, list(declared), 1)
    hint = f"Did you mean {close[0]}?" if close else f"{command.name} takes: {', '.join(declared)}."
    if familiar := name_here(name, declared):
        hint = f"Here it is {familiar}."
    return Problem(name, f"is not an input of {command.name}", hint)


# Where commands differ, the first that the command has counts.
OTHER_TOOLS: dict[str, tuple[str, ...]] = {
    "additional-cert-types": ("additional-certificates",),
    "after-uploaded-date": ("uploaded-after",),
    "api-key-id": ("api-key",),
    "api-private-key": ("api-key",),
    "app-identifier": ("bundle-id", "bundle-ids"),
    "app-path": ("file",),
    "app-platform": ("platform",),
    "app-type": ("platform",),
    "app-version": ("version",),
    "apple-id": ("app-id",),
    "beta-app-description": ("app-info",),
    "beta-app-feedback-email": ("app-info",),
    "changelog": ("whats-new",),
    "demo-account-required": ("beta-review-info",),
    "distribute-external": ("groups",),
    "distribute-only": ("build-number: latest",),
    "email": ("testers",),
    "force-legacy-encryption": ("encryption: v1",),
    "git-basic-authorization": ("storage-token",),
    "git-bearer-authorization": ("storage-token",),
    "git-branch": ("branch",),
    "git-private-key": ("deploy-key",),
    "git-url": ("storage",),
    "gitlab-host": ("endpoint",),
    "gitlab-project": ("storage",),
    "google-cloud-bucket-name": ("storage",),
    "google-cloud-keys-file": ("storage-credentials",),
    "ipa": ("file",),
    "issuer-id": ("api-key",),
    "job-token": ("storage-token",),
    "key-content": ("api-key",),
    "key-filepath": ("api-key-path",),
    "key-id": ("api-key",),
    "live": ("source: app-store", "version: live"),
    "localized-app-info": ("app-info",),
    "localized-build-info": ("whats-new",),
    "match-password": ("passphrase",),
    "notify-external-testers": ("notify-testers",),
    "output-directory": ("directory",),
    "output-path": ("output-directory",),
    "pkg": ("file",),
    "private-token": ("storage-token",),
    "profile-type": ("type",),
    "readonly": ("mode: read-only",),
    "reject-build-waiting-for-review": ("reject-waiting-review",),
    "release-notes": ("whats-new",),
    "renew-expired-certs": ("mode: sync",),
    "s3-bucket": ("storage",),
    "s3-region": ("region",),
    "skip-submission": ("submit-beta-review: false",),
    "skip-waiting-for-build-processing": ("wait: none",),
    "storage-mode": ("storage",),
    "wait-for-dsym-processing": ("wait",),
    "wait-for-processing": ("wait",),
    "wait-processing-timeout-duration": ("timeout",),
    "wait-timeout": ("wait",),
}


def name_here(name: str, declared: Collection[str]) -> str:
    """Return the input here for an input of another tool (`file`, or `wait: none`), or "" if the command has none."""
    for candidate in OTHER_TOOLS.get(name.lower().replace("_", "-"), ()):
        if candidate.partition(":")[0] in declared:
            return candidate
    return ""
