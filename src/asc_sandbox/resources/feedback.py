"""The feedback of testers: crashes with logs, and screenshots behind links that expire.

https://developer.apple.com/documentation/appstoreconnectapi/betafeedbackscreenshotsubmission
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from asc_sandbox.endpoints import Call
from asc_sandbox.kinds import date, number, text
from asc_sandbox.linking import linkages
from asc_sandbox.pictures.gallery import EXPIRES, FOLDER
from asc_sandbox.reading import Filter, instance, related
from asc_sandbox.resources.apps import APPS
from asc_sandbox.resources.values import PLATFORMS
from asc_sandbox.schema import Relationship, Resource, hidden, one
from asc_sandbox.world import Record
from asc_sandbox.writing import deleting

LINKS_LAST = 3600
"""Seconds for which a link to a screenshot is valid. A guess: Apple's answers only give the time of the end."""

_WIDTH, _HEIGHT = 1290, 2796

_ATTRIBUTES = {
    "createdDate": date,
    "comment": text,
    "email": text,
    "deviceModel": text,
    "osVersion": text,
    "locale": text,
    "timeZone": text,
    "architecture": text,
    "connectionType": text,
    "pairedAppleWatch": text,
    "appUptimeInMilliseconds": number,
    "diskBytesAvailable": number,
    "diskBytesTotal": number,
    "batteryPercentage": number,
    "screenWidthInPoints": number,
    "screenHeightInPoints": number,
    "appPlatform": text,
    "devicePlatform": text,
    "deviceFamily": text,
    "buildBundleId": text,
}
_DEFAULTS = {
    "createdDate": "1 day ago",
    "deviceModel": "iPhone16,2",
    "osVersion": "19.1",
    "appPlatform": "IOS",
}


def _screenshots(call: Call, record: Record) -> list[dict[str, Any]]:
    expires = int(call.context.clock.now() + float(record.attributes.get("linksLast") or LINKS_LAST))
    ends = datetime.fromtimestamp(expires, UTC).isoformat(timespec="seconds")
    return [
        {
            "url": f"{call.base}{FOLDER}{record.id}-{position}/{_WIDTH}x{_HEIGHT}bb.png?{EXPIRES}={expires}",
            "width": _WIDTH,
            "height": _HEIGHT,
            "expirationDate": ends,
        }
        for position in range(1, int(record.attributes.get("pictures") or 1) + 1)
    ]


CRASHES = Resource(
    "betaFeedbackCrashSubmissions",
    area="testflight",
    attributes=_ATTRIBUTES,
    relationships=(
        hidden("app", "apps"),
        Relationship("crashLog", "betaCrashLogs", has_data=False),
        one("build", "builds", has_links=False),
        one("tester", "betaTesters", has_links=False),
    ),
    defaults=_DEFAULTS,
)
SCREENSHOTS = Resource(
    "betaFeedbackScreenshotSubmissions",
    area="testflight",
    attributes={**_ATTRIBUTES, "screenshots": text},
    relationships=(
        hidden("app", "apps"),
        one("build", "builds", has_links=False),
        one("tester", "betaTesters", has_links=False),
    ),
    defaults=_DEFAULTS,
    derived={"screenshots": _screenshots},
    # The number of screenshots, and the seconds for which their links are valid.
    private={"pictures": number, "linksLast": number},
)
CRASH_LOGS = Resource("betaCrashLogs", area="testflight", attributes={"logText": text})

RESOURCES = (CRASHES, SCREENSHOTS, CRASH_LOGS)

_FILTERS = (
    Filter("deviceModel"),
    Filter("osVersion"),
    Filter("appPlatform", values=PLATFORMS),
    Filter("devicePlatform", values=PLATFORMS),
    Filter("build"),
    Filter("build.preReleaseVersion"),
    Filter("tester"),
)

ENDPOINTS = (
    *(
        endpoint
        for resource in (CRASHES, SCREENSHOTS)
        for endpoint in (
            related(
                f"/v1/apps/{{id}}/{resource.type}",
                APPS,
                resource.type,
                resource,
                filters=_FILTERS,
                sorts=("createdDate",),
                includes=True,
            ),
            instance(f"/v1/{resource.type}/{{id}}", resource),
            deleting(f"/v1/{resource.type}/{{id}}", resource),
        )
    ),
    related("/v1/betaFeedbackCrashSubmissions/{id}/crashLog", CRASHES, "crashLog", CRASH_LOGS),
    *linkages(CRASHES, "crashLog", CRASH_LOGS, ("GET",)),
    instance("/v1/betaCrashLogs/{id}", CRASH_LOGS),
)
