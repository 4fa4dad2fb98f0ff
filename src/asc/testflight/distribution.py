"""Give a build to testers: plan from what App Store Connect has, make the changes, expire earlier builds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from asc.api.client import Client
from asc.builds.build import Build, fetch_build
from asc.changes.apply import Outcome, apply
from asc.changes.change import Change, Plan
from asc.testflight.expiry import others
from asc.testflight.plan import plan
from asc.testflight.preflight import preflight
from asc.testflight.refusals import RULES
from asc.testflight.request import DistributionRequest
from asc.testflight.state import AppState


@dataclass(frozen=True)
class DistributionResult:
    """The result of a distribution: the changes that were made, notes, warnings (logged already).

    `groups` are the names of the requested groups that have the build now.
    """

    done: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


def planned(
    client: Client,
    request: DistributionRequest,
    app_state: AppState,
    state: Build | None,
    expire_later: bool = False,
) -> Plan:
    """Return the plan for a build, or for one that does not exist yet (None).

    Reads other builds if the request is about them. With `expire_later` earlier builds expire although external
    testers do not have this one yet. Raises the errors of `plan`.
    """
    return plan(request, app_state, state, others(client, request, app_state, state), expire_later)


def distribute(
    client: Client,
    request: DistributionRequest,
    app_state: AppState,
    state: Build,
    tell: Callable[[Change], None] = lambda change: None,
    expire_later: bool = False,
    deadline: float | None = None,
) -> DistributionResult:
    """Make the changes that the request needs and return the result. Raises Error with Apple's reason for a refusal.

    `tell` is called for each change that was made, also if a later one fails. Earlier builds expire if external testers
    do not need them any more, else a warning says that they stay; with `expire_later` that is left to
    `expire_previous`. Until `deadline` (monotonic clock) a build that Apple still processes is tried again.
    """
    narrowed = replace(request, expire_previous=None) if expire_later else request
    replanning = _Replanning(client, narrowed, app_state, state)
    return replanning.result(apply(client, replanning, RULES, tell, deadline))


def expire_previous(
    client: Client,
    request: DistributionRequest,
    app_state: AppState,
    state: Build,
    tell: Callable[[Change], None] = lambda change: None,
) -> DistributionResult:
    """Expire earlier builds as requested, and nothing else; `state` is the build as it is now.

    If external testers cannot install the build yet, the earlier ones stay and a warning says so.
    """
    if not request.expire_previous:
        return DistributionResult(groups=groups_with_build(app_state, state))
    # Nothing is submitted here, so that no build has to leave the queue, and the queue need not be read.
    alone = replace(request, reject_waiting=False)
    replanning = _Replanning(client, alone, app_state, state, _only_expiry)
    return replanning.result(apply(client, replanning, RULES, tell))


def groups_with_build(
    app_state: AppState, state: Build | None, done: Iterable[Change] = (), served: Iterable[str] = ()
) -> tuple[str, ...]:
    """Return the names of the requested groups that had the build before (`state`) or got it by changes `done`."""
    served_groups = {*served, *(group for change in done for group in change.serves)}
    have = served_groups | (state.group_ids if state else frozenset())
    existing = (group.name for group in app_state.groups if group.id in have or group.gets_all)
    return (*existing, *(name for name in app_state.new_groups if name in served_groups))


class _Replanning:
    """Plans for one build. Each call after the first reads the app and the build again."""

    def __init__(
        self,
        client: Client,
        request: DistributionRequest,
        app_state: AppState,
        state: Build,
        narrow: Callable[[Plan], Plan] = lambda plan: plan,
    ) -> None:
        self._client = client
        self._request = request
        self._app_state = app_state
        self._state = state
        self._narrow = narrow
        self._is_read = True
        self._withdrawn = False

    def __call__(self) -> Plan:
        # The caller has just read both for the first plan. `apply` plans again only after a write that it is unsure of.
        if not self._is_read:
            self._app_state = preflight(self._client, self._request, self._app_state.destination)
            self._state = fetch_build(self._client, self._state.id)
        self._is_read = False
        plan = self._narrow(planned(self._client, self._request, self._app_state, self._state))
        # Beta review is slow to clear its queue, also if the answer to the withdrawal was lost.
        self._withdrawn = self._withdrawn or any(change.kind == "withdraw" for change in plan.changes)
        phases = (tuple(replace(change, clears=self._withdrawn) for change in phase) for phase in plan.phases)
        return replace(plan, phases=tuple(phases))

    def result(self, outcome: Outcome) -> DistributionResult:
        groups = groups_with_build(self._app_state, self._state, outcome.done, outcome.served)
        return DistributionResult(outcome.done, outcome.notes, outcome.warnings, groups)


def _only_expiry(now: Plan) -> Plan:
    return replace(now.where(lambda change: change.kind == "expire"), notes=())
