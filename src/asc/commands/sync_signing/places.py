"""Opens the storages that the inputs name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from asc.commands.context import Context
from asc.commands.sync_signing import match
from asc.commands.sync_signing.inputs import Inputs
from asc.signing.storage import Options, Storage, open_storage


def storage_of(inputs: Inputs, context: Context) -> Storage:
    """The storage. Raises StorageError for a location or an option that cannot be."""
    location, environment = inputs.storage or "", context.job.environment
    return open_storage(location, match.with_access(_options(inputs, context), location, environment))


def second_storage_of(inputs: Inputs, context: Context) -> Storage:
    """Where `migrate` copies to. What the first one needs to be reached is not handed to it."""
    location = inputs.to_storage or ""
    options = _options(inputs, context)
    options = replace(options, token=inputs.to_storage_token or "", branch="", create_branch=True)
    return open_storage(location, options)


def _options(inputs: Inputs, context: Context) -> Options:
    temporary = context.job.environment.get("RUNNER_TEMP")
    return Options(
        token=inputs.storage_token or "",
        deploy_key=match.text_or_file(inputs.deploy_key or ""),
        known_hosts=inputs.known_hosts or "",
        branch=inputs.branch or "",
        create_branch=inputs.create_branch,
        endpoint=inputs.endpoint or "",
        region=inputs.region or "",
        credentials=inputs.storage_credentials or "",
        team_id=inputs.team_id or "",
        environment=context.job.environment,
        temporary=Path(temporary) if temporary else None,
        clock=context.clock,
    )
