"""cleanup-signing: takes away what sync-signing put on this machine."""

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
    """What cleanup-signing takes: nothing of its own, and no key."""


@dataclass(frozen=True)
class Outputs:
    """What cleanup-signing hands to later steps."""

    removed: str = output("How many installations of sync-signing were taken away.")


def run(inputs: Inputs, context: Context) -> Outputs:
    """Removes what this job installed, and what crashed earlier jobs left. Doing it twice is no error."""
    environment = context.job.environment
    ledger = ledger_of(environment)
    mine = ledger.of_owner(owner_of(environment))
    security = security_of(environment) if any(state.keychain for state in ledger.states()) else None
    cleaned = [cleanup(ledger, state.id, security) for state in mine]
    if mine:
        log.info("Removed %s", _what(cleaned))
    running = processes(environment.get("PATH", os.defpath))
    swept = sweep(ledger, context.now(), security, running)
    if not mine and not swept:
        log.info("There is nothing to clean up")
    return Outputs(removed=str(len(mine) + len(swept)))


def _what(cleaned: Sequence[CleanupResult]) -> str:
    what = [f"the keychain {each.keychain}" for each in cleaned if each.keychain]
    for count, name in (
        (sum(c.profiles for c in cleaned), "profile"),
        (sum(c.files for c in cleaned), "file"),
    ):
        what += [words.counted(count, name)] if count else []
    return ", ".join(what) or "nothing: it was gone already"


COMMAND = Command(
    name="cleanup-signing",
    summary="Takes away what sync-signing put on this machine.",
    description=(
        "Deletes the keychain, profiles and files that sync-signing made in this job, restores the search list, and "
        "sweeps what crashed earlier jobs left on a self-hosted runner. Use it with `if: always()`."
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
