"""The rules of the notification that a build can be tested."""

from __future__ import annotations

from asc_sandbox.endpoints import Call
from asc_sandbox.entity_errors import unprocessable
from asc_sandbox.rules.states import external_groups, require_testable, review_state
from asc_sandbox.world import Record
from asc_sandbox.writing import Given, store


def notify(call: Call, given: Given) -> Record:
    """Notify the testers of a build. Refuse it if there are none, or if they are notified automatically."""
    build = given.one("build")
    require_testable(call.world, build)
    for detail in call.world.related(build, "buildBetaDetail"):
        if detail.attributes.get("autoNotifyEnabled"):
            raise unprocessable(
                "AUTO_NOTIFY_ENABLED", "The testers of this build are notified automatically."
            )
    testers = external_groups(call.world, build) or call.world.related(build, "individualTesters")
    if not testers or review_state(call.world, build) != "APPROVED":
        raise unprocessable("NOBODY_TO_NOTIFY", "The build has no testers that can be notified.")
    return store(call, given)
