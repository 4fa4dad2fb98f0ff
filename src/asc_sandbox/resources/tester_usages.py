"""The metrics of TestFlight: how much testers use an app. Metrics are rows, not resources.

https://developer.apple.com/documentation/appstoreconnectapi/get-v1-apps-_id_-metrics-betatesterusages
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from asc_sandbox import document
from asc_sandbox.endpoints import Answer, Call, Endpoint
from asc_sandbox.errors import invalid_parameter
from asc_sandbox.query import Grammar, parse
from asc_sandbox.resources.apps import APPS
from asc_sandbox.resources.groups import BETA_GROUPS, BETA_TESTERS
from asc_sandbox.schema import Resource
from asc_sandbox.world import Record
from asc_sandbox.writing import existing

RESOURCES: tuple[Resource, ...] = ()

_PERIODS = {"P7D": 7, "P30D": 30, "P90D": 90, "P365D": 365}
_OWN = ("period", "groupBy", "filter[betaTesters]")
"""Parameters that only metrics have; the filter takes one text, unlike all others."""

_GRAMMAR = Grammar(BETA_TESTERS, includes=False)


def _usages(grammar: Grammar, owner: Resource, call: Call) -> Answer:
    parameters = dict(call.query)
    if parameters.get("period", "P7D") not in _PERIODS:
        raise invalid_parameter("period", f"'{parameters['period']}' is not a valid period")
    if parameters.get("groupBy", "betaTesters") != "betaTesters":
        raise invalid_parameter("groupBy", f"'{parameters['groupBy']}' is not a valid grouping")
    paging = tuple(pair for pair in call.query if pair[0] not in _OWN)
    query = parse(paging, grammar, call.world.schema)
    start = call.context.clock.now() - _PERIODS[parameters.get("period", "P7D")] * 86400
    # Testers without a session have no row. Third parties guess that Apple leaves out zeros.
    used = [tester for tester in _testers(call, owner) if _last_session(tester) >= start]
    tester_ids = parameters.get("filter[betaTesters]", "")
    used = [tester for tester in used if not tester_ids or tester.id in tester_ids.split(",")]
    return Answer(200, document.of_rows(call, query, used, partial(_row, call, start)))


def _testers(call: Call, owner: Resource) -> list[Record]:
    record = existing(call, owner)
    if owner is APPS:
        return [
            tester for tester in call.world.all("betaTesters") if record in call.world.related(tester, "apps")
        ]
    return list(call.world.related(record, "betaTesters"))


def _last_session(tester: Record) -> float:
    text = tester.attributes.get("lastSession")
    return datetime.fromisoformat(str(text)).timestamp() if text else 0.0


def _row(call: Call, start: float, tester: Record) -> dict[str, Any]:
    end = datetime.fromtimestamp(call.context.clock.now(), UTC)
    facts = tester.attributes
    values = {
        "crashCount": facts.get("crashes") or 0,
        "sessionCount": facts.get("sessions") or 1,
        "feedbackCount": 0,
    }
    point = {
        "start": (end - timedelta(seconds=end.timestamp() - start)).isoformat(timespec="seconds"),
        "end": end.isoformat(timespec="seconds"),
        "values": values,
    }
    return {"dataPoints": [point], "dimensions": {"betaTesters": {"data": tester.id}}}


ENDPOINTS = tuple(
    Endpoint(
        "GET",
        f"/v1/{owner.type}/{{id}}/metrics/betaTesterUsages",
        "testflight",
        partial(_usages, _GRAMMAR, owner),
    )
    for owner in (APPS, BETA_GROUPS)
)
