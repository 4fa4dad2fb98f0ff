"""Making the changes: phase after phase, side by side within one, each exactly once even where answers are lost."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from asc.api.client import Client
from asc.builds.build import BuildState, fetch_build
from asc.changes.change import Change, Plan
from asc.changes.refusals import hint, is_refused_text, is_unsure
from asc.changes.sending import SendResult, send
from asc.errors import Error, UnreachableError
from asc.testflight.expiry import others
from asc.testflight.plan import plan
from asc.testflight.preflight import AT_ONCE, preflight
from asc.testflight.request import DistributionRequest
from asc.testflight.state import AppState

log = logging.getLogger(__name__)

ROUNDS = 3
"""How often is looked again after a lost answer, the first time included."""
LOOK_AGAIN_AFTER = 1.0
"""Seconds: what was lost may be on its way still."""


@dataclass(frozen=True)
class Outcome:
    """What was done, and what is to be said besides.

    `groups` are the names of the wished groups that have the build now. The warnings are logged already.
    """

    done: tuple[Change, ...]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


class _Unsure(Exception):
    """Whether a change was applied is not known, or somebody else made it meanwhile."""

    def __init__(self, change: Change, error: Error) -> None:
        self.change = change
        self.error = error


def planned(
    client: Client,
    request: DistributionRequest,
    app_state: AppState,
    state: BuildState | None,
    expire_later: bool = False,
) -> Plan:
    """The plan for a build, or for one that does not exist yet (None). Reads other builds where wished.

    With `expire_later` earlier builds expire also where that has to wait for testers outside. Raises what `plan`
    raises.
    """
    return plan(request, app_state, state, others(client, request, app_state, state), expire_later)


def distribute(
    client: Client,
    request: DistributionRequest,
    app_state: AppState,
    state: BuildState,
    tell: Callable[[Change], None] = lambda change: None,
    expire_later: bool = False,
    deadline: float | None = None,
) -> Outcome:
    """Makes what is wished true. Raises Error with Apple's reason for what was refused.

    After a lost answer everything is read and planned again, and what is there is not done twice. `tell` hears of
    each change that was made, also when a later one fails. Earlier builds expire where testers outside do not need
    them any more, else a warning says that they stay; with `expire_later` that is left to `expire_previous`.
    `deadline` is the step's, by the monotonic clock: so long a build that Apple processes still is tried again.
    """

    def what(app_state: AppState, state: BuildState) -> Plan:
        if expire_later:
            return planned(client, replace(request, expire_previous=None), app_state, state)
        return planned(client, request, app_state, state)

    return _Work(client, request, tell, deadline).until_true(what, app_state, state)


def expire_previous(
    client: Client,
    request: DistributionRequest,
    app_state: AppState,
    state: BuildState,
    tell: Callable[[Change], None] = lambda change: None,
) -> Outcome:
    """Expires earlier builds as wished, and does nothing else; `state` is where the build stands now.

    Where testers outside cannot install the build yet, nothing is done but warned.
    """
    if not request.expire_previous:
        return Outcome((), groups=groups_with_build(app_state, state))
    alone = replace(request, reject_waiting=False)

    def what(app_state: AppState, state: BuildState) -> Plan:
        now = planned(client, alone, app_state, state)
        return replace(now.where(lambda change: change.kind == "expire"), notes=())

    return _Work(client, request, tell).until_true(what, app_state, state)


def groups_with_build(
    app_state: AppState, state: BuildState | None, done: Iterable[Change] = (), served: Iterable[str] = ()
) -> tuple[str, ...]:
    """The names of the wished groups that have a build: had it before (`state`), or have it by what was `done`."""
    given = {*served, *(group for change in done for group in change.groups)}
    have = given | (state.group_ids if state else frozenset())
    there = (group.name for group in app_state.groups if group.id in have or group.gets_all)
    return (*there, *(name for name in app_state.new_groups if name in given))


class _Work:
    """Changes being made, over several rounds where answers are lost."""

    def __init__(
        self,
        client: Client,
        request: DistributionRequest,
        tell: Callable[[Change], None],
        deadline: float | None = None,
    ) -> None:
        self._deadline = deadline
        self._client = client
        self._request = request
        self._tell = tell
        self._sent: list[SendResult] = []
        self._withdrawn = False

    def until_true(
        self, what: Callable[[AppState, BuildState], Plan], app_state: AppState, state: BuildState
    ) -> Outcome:
        """Makes what is planned, and plans again after a lost answer."""
        for round_ in range(1, ROUNDS + 1):
            now = what(app_state, state)
            try:
                refused = self._make_all(self._left(now))
                outcome = self._outcome(now, app_state, state)
                if refused:
                    change, error = refused[0]
                    raise _failure(change, error, refused[1:])
                return outcome
            except _Unsure as unsure:
                if round_ == ROUNDS:
                    raise _failure(unsure.change, unsure.error, ()) from None
                log.info("%s Looking what App Store Connect has now.", unsure.error.message)
            self._client.pause(LOOK_AGAIN_AFTER * round_)
            app_state = preflight(self._client, self._request, app_state.destination)
            state = fetch_build(self._client, state.id)
        raise AssertionError("the last round returns or raises")

    def _left(self, now: Plan) -> Plan:
        """What is not made yet. The queue of beta review is slow to clear, also when the answer to that was lost."""
        self._withdrawn = self._withdrawn or any(change.kind == "withdraw" for change in now.changes)
        left = now.without([each.change for each in self._sent if not each.failed])
        phases = (tuple(replace(change, clears=self._withdrawn) for change in phase) for phase in left.phases)
        return replace(left, phases=tuple(phases))

    def _make_all(self, now: Plan) -> list[tuple[Change, Error]]:
        """Make all phases, each whole before its errors are raised. Return the texts that were refused.

        A refused text keeps nobody from the build: the phases after it go on.
        """
        texts: list[tuple[Change, Error]] = []
        for phase in now.phases:
            with ThreadPoolExecutor(min(AT_ONCE, len(phase))) as pool:
                sent = list(pool.map(lambda change: send(self._client, change, self._deadline), phase))
            self._sent += sent
            for change in _done(sent):
                self._tell(change)
            failed = [failed for each in sent for failed in each.failed]
            texts += [each for each in failed if is_refused_text(*each)]
            _raise([each for each in failed if each not in texts], texts)
        return texts

    def _outcome(self, now: Plan, app_state: AppState, state: BuildState) -> Outcome:
        for warning in now.warnings:
            log.warning("%s", warning)
        done = tuple(_done(self._sent))
        notes = (*now.notes, *(note for each in self._sent for note in each.notes))
        warnings = (*now.warnings, *(warning for each in self._sent for warning in each.warnings))
        served = (group for each in self._sent for group in each.served)
        groups = groups_with_build(app_state, state, done, served)
        return Outcome(done, tuple(dict.fromkeys(notes)), tuple(dict.fromkeys(warnings)), groups)


def _done(sent: Iterable[SendResult]) -> Iterator[Change]:
    return (change for each in sent for change in each.done)


def _raise(failed: Sequence[tuple[Change, Error]], texts: Sequence[tuple[Change, Error]]) -> None:
    """Raise what failed, refusals first: looking again mends nothing there. Refused `texts` are told with them."""
    unsure = [(change, error) for change, error in failed if is_unsure(change, error)]
    refused = [each for each in failed if each not in unsure]
    if refused:
        change, error = refused[0]
        raise _failure(change, error, [*refused[1:], *texts, *unsure])
    if unsure:
        raise _Unsure(*unsure[0])


def _failure(change: Change, error: Error, rest: Sequence[tuple[Change, Error]]) -> Error:
    message = f"Could not {change.summary}: {error.message}"
    if rest:
        message += f" Neither: {'; '.join(f'{each.summary} ({why.message})' for each, why in rest)}"
    kind = type(error) if isinstance(error, UnreachableError) else Error
    return kind(message, hint(change, error))
