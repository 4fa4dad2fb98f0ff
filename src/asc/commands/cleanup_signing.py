"""cleanup-signing: remove the keychain, profiles and files that sync-signing installed on this machine."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass

from asc import words
from asc.commands.context import Context
from asc.commands.declaration import Command, CommonInputs, output
from asc.commands.sync_signing.machine import ledger_of, owner_of, security_of
from asc.signing.install.cleanup import CleanupResult, cleanup, processes, sweep

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Inputs(CommonInputs):
    """The inputs of cleanup-signing: only the common ones."""


@dataclass(frozen=True)
class Outputs:
    """The outputs of cleanup-signing for later steps."""

    removed: str = output("The number of installations of sync-signing that were removed.")


def run(inputs: Inputs, context: Context) -> Outputs:
    """Remove the installations of this job, and those of crashed earlier jobs. Running it twice is no error."""
    environment = context.job.environment
    ledger = ledger_of(environment)
    own = ledger.of_owner(owner_of(environment))
    # Linux has no `security`, and needs none if no installation has a keychain.
    security = security_of(environment) if any(state.keychain for state in ledger.states()) else None
    cleaned = [cleanup(ledger, state.id, security) for state in own]
    if own:
        log.info("Removed %s", _in_words(cleaned))
    running = processes(environment.get("PATH", os.defpath))
    # Jobs that were killed could not clean up. Their processes are gone, so their installations may go.
    swept = sweep(ledger, context.now(), security, running)
    if not own and not swept:
        log.info("There is nothing to clean up")
    return Outputs(removed=str(len(own) + len(swept)))


def _in_words(cleaned: Sequence[CleanupResult]) -> str:
    parts = [f"the keychain {result.keychain}" for result in cleaned if result.keychain]
    for count, name in (
        (sum(result.profiles for result in cleaned), "profile"),
        (sum(result.files for result in cleaned), "file"),
    ):
        parts += [words.counted(count, name)] if count else []
    return ", ".join(parts) or "nothing, because it was removed before"


COMMAND = Command(
    name="cleanup-signing",
    summary="Remove the keychain, profiles and files that sync-signing installed on this machine.",
    description=(
        "Deletes the keychain, profiles and files that sync-signing installed in this job, restores the search list, "
        "and removes the leftovers of crashed earlier jobs on a self-hosted runner. Use it with `if: always()`."
    ),
    role="none",
    icon="trash-2",
    example="""\
- uses: OWNER/REPO/actions/cleanup-signing@v1
  if: always()
""",
    inputs=Inputs,
    outputs=Outputs,
    run=run,
)
