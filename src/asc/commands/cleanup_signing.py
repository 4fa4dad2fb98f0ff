"""cleanup-signing: takes away what sync-signing put on this machine."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from datetime import UTC, datetime

from asc.commands.context import Context
from asc.commands.declaration import Command, CommonInputs, output
from asc.commands.sync_signing.machine import ledger_of, owner_of, security_of
from asc.signing.install.cleanup import cleanup
from asc.signing.install.ledger import Ledger
from asc.signing.install.processes import processes
from asc.signing.install.security import Security
from asc.signing.install.state import State
from asc.signing.install.sweeping import sweep

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
    for state in mine:
        _clean(ledger, state, security)
    running = processes(environment.get("PATH", os.defpath))
    swept = sweep(ledger, datetime.now(UTC), security, running)
    if not mine and not swept:
        log.info("There is nothing to clean up")
    return Outputs(removed=str(len(mine) + len(swept)))


def _clean(ledger: Ledger, state: State, security: Security | None) -> None:
    done = cleanup(ledger, state.id, security)
    what = [f"the keychain {done.keychain}"] if done.keychain else []
    what += [f"{done.profiles} profiles"] if done.profiles else []
    what += [f"{done.files} files"] if done.files else []
    log.info("Removed %s", ", ".join(what) or "nothing: it was gone already")


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
