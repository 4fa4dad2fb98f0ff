"""Make the changes of a plan: phase after phase, side by side within one, each once even if answers are lost."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from asc.api.client import REQUESTS_AT_ONCE, Client
from asc.changes.change import Change, Plan
from asc.changes.rules import Rules
from asc.changes.sending import SendResult, send
from asc.errors import Error, UnreachableError

log = logging.getLogger(__name__)

ROUNDS = 3
"""Plans at most for one `apply`: the first, and one after each lost answer."""
LOOK_AGAIN_AFTER = 1.0
"""Seconds before the state is read after a lost answer, times the round: the request may still be on its way."""

Failed = tuple[Change, Error]


@dataclass(frozen=True)
class Outcome:
    """The changes that were made, and the texts that belong to them. The warnings are logged already.

    `served` are ids or names that need no change after all (see `Change.serves`).
    """

    done: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    served: tuple[str, ...] = ()


class _Unsure(Exception):
    """It is not known whether a change was applied, or somebody else made it meanwhile."""

    def __init__(self, change: Change, error: Error) -> None:
        self.change = change
        self.error = error


def apply(
    client: Client,
    plan: Callable[[], Plan],
    rules: Rules,
    tell: Callable[[Change], None] = lambda change: None,
    deadline: float | None = None,
) -> Outcome:
    """Make the changes of `plan()` and return the outcome.

    `plan` is called again after a lost answer: from its second call on it reads App Store Connect anew and returns the
    changes that are left. `tell` is called for each change that was made, also if a later one fails. Until `deadline`
    (monotonic clock) a change that has to settle is tried again. Raises Error for the changes that failed, after the
    independent ones were made.
    """
    work = _Work(client, rules, tell, deadline)
    for round_ in range(1, ROUNDS + 1):
        try:
            return work.make(plan())
        except _Unsure as unsure:
            if round_ == ROUNDS:
                raise work.failure([(unsure.change, unsure.error)]) from None
            log.info("%s Reading what App Store Connect has now.", unsure.error.message)
        client.pause(LOOK_AGAIN_AFTER * round_)
    raise AssertionError("the last round returns or raises")


def log_plan(plan: Plan, nothing: str) -> None:
    """Log the changes of a dry run, its notes and warnings; or the sentence `nothing` if there is no change."""
    for change in plan.changes:
        log.info("Would %s", change.summary)
    for note in plan.notes:
        log.info("%s", note)
    for warning in plan.warnings:
        log.warning("%s", warning)
    if not plan.changes:
        log.info("%s", nothing)


class _Work:
    """The changes made so far, over several plans if answers are lost."""

    def __init__(
        self, client: Client, rules: Rules, tell: Callable[[Change], None], deadline: float | None
    ) -> None:
        self._client = client
        self._rules = rules
        self._tell = tell
        self._deadline = deadline
        self._sent: list[SendResult] = []
        self._ids: dict[str, str] = {}

    def make(self, plan: Plan) -> Outcome:
        """Make what is left of a plan. Raises Error for failures, _Unsure if the state has to be read again."""
        # Listings are slow: a new plan may still hold a change that was made a moment ago.
        left = plan.without([result.change for result in self._sent if not result.failed])
        failed = self._make_phases(left)
        # This logs the warnings of the plan, which belong to the log of a step that fails as well.
        outcome = self._outcome(plan)
        if failed:
            raise self.failure(failed)
        return outcome

    def failure(self, failed: Sequence[Failed]) -> Error:
        """Return the error for changes that failed: the first in full, the others with their reasons."""
        (change, error), *rest = failed
        message = f"Could not {change.summary}: {error.message}"
        if rest:
            others = "; ".join(f"{other.summary} ({reason.message})" for other, reason in rest)
            message += f" Neither: {others}"
        # Only an outage keeps its exit code (3). All other failures are one: the work was not done (1).
        kind = type(error) if isinstance(error, UnreachableError) else Error
        return kind(message, self._rules.hint(change, error))

    def _make_phases(self, plan: Plan) -> list[Failed]:
        """Make all phases, each whole before its errors are raised. Return the failures that stop nothing."""
        passed_over: list[Failed] = []
        for phase in plan.phases:
            ready, orphaned = self._split(phase, passed_over)
            results: list[SendResult] = []
            if ready:
                with ThreadPoolExecutor(min(REQUESTS_AT_ONCE, len(ready))) as pool:
                    results = list(pool.map(self._send, ready))
            self._sent += results
            for result in results:
                # Later phases name the new resources by placeholders, since the plan was made before they had ids.
                self._ids.update(result.ids)
            # Report before raising: the caller's summary has to show what was made.
            for change in _done(results):
                self._tell(change)
            failed = [failure for result in results for failure in result.failed]
            self._raise(failed, passed_over)
            passed_over += [*failed, *orphaned]
        return passed_over

    def _send(self, change: Change) -> SendResult:
        return send(self._client, change, self._rules, self._deadline)

    def _split(self, phase: Iterable[Change], failed: Sequence[Failed]) -> tuple[list[Change], list[Failed]]:
        """Return the changes to send, ids filled in, and those whose resource could not be made."""
        ready: list[Change] = []
        orphaned: list[Failed] = []
        for change in phase:
            missing = [other for other, _ in failed if other.makes and change.needs(other.makes)]
            if missing:
                reason = Error(
                    f"not tried, because this failed: {missing[0].summary}.", "Correct that first."
                )
                orphaned.append((change, reason))
            else:
                ready.append(change.with_ids(self._ids))
        return ready, orphaned

    def _raise(self, failed: Sequence[Failed], passed_over: Sequence[Failed]) -> None:
        """Raise the failures that stop the next phase. Refusals go first: to read again mends nothing there."""
        # Only a read tells whether these were applied.
        unsure = [failure for failure in failed if self._rules.is_unsure(*failure)]
        refused = [failure for failure in failed if failure not in unsure]
        stopping = [failure for failure in refused if self._rules.stops(*failure)]
        if stopping:
            others = [failure for failure in refused if failure not in stopping]
            raise self.failure([*stopping, *passed_over, *others, *unsure])
        if unsure:
            raise _Unsure(*unsure[0])

    def _outcome(self, plan: Plan) -> Outcome:
        for warning in plan.warnings:
            log.warning("%s", warning)
        notes = (*plan.notes, *(note for result in self._sent for note in result.notes))
        warnings = (*plan.warnings, *(warning for result in self._sent for warning in result.warnings))
        served = tuple(name for result in self._sent for name in result.served)
        return Outcome(
            tuple(_done(self._sent)), tuple(dict.fromkeys(notes)), tuple(dict.fromkeys(warnings)), served
        )


def _done(results: Iterable[SendResult]) -> Iterator[Change]:
    return (change for result in results for change in result.done)
