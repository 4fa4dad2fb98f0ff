"""How much testers use an app, from TestFlight's metrics.

https://developer.apple.com/documentation/appstoreconnectapi/get-v1-apps-_id_-metrics-betatesterusages
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from asc.api.client import Client

PERIODS = {"7d": "P7D", "30d": "P30D", "90d": "P90D", "365d": "P365D"}
"""Periods that the metrics know, as inputs and as Apple write them."""


@dataclass(frozen=True, slots=True)
class Usage:
    """The sessions and crashes of one tester in a period."""

    sessions: int = 0
    crashes: int = 0


def read_usages(client: Client, app_id: str, period: str) -> dict[str, Usage]:
    """Return the usage of each tester of an app by the tester's id, over all pages. `period` as Apple writes it.

    Apple leaves out testers without a session. That holds only if every page came, and `pages` raises otherwise.
    """
    query = {"period": period, "groupBy": "betaTesters"}
    usages: dict[str, Usage] = {}
    pages = client.pages(f"/v1/apps/{app_id}/metrics/betaTesterUsages", query)
    for row in (row for page in pages for row in page.rows):
        if identifier := _tester(row):
            # Apple may give a tester a row for each part of the period.
            before = usages.get(identifier, Usage())
            usages[identifier] = Usage(
                before.sessions + _total(row, "sessionCount"), before.crashes + _total(row, "crashCount")
            )
    return usages


def _tester(row: Mapping[str, Any]) -> str:
    dimensions = row.get("dimensions")
    tester = dimensions.get("betaTesters") if isinstance(dimensions, Mapping) else None
    identifier = tester.get("data") if isinstance(tester, Mapping) else None
    return identifier if isinstance(identifier, str) else ""


def _total(row: Mapping[str, Any], name: str) -> int:
    points = row.get("dataPoints")
    values = [
        point.get("values")
        for point in (points if isinstance(points, list) else ())
        if isinstance(point, Mapping)
    ]
    counts = [value.get(name) for value in values if isinstance(value, Mapping)]
    return sum(count for count in counts if isinstance(count, int))
