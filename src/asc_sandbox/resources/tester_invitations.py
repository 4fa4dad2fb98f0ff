"""Invitations of testers that are sent again.

https://developer.apple.com/documentation/appstoreconnectapi/post-v1-betatesterinvitations
"""

from __future__ import annotations

from asc_sandbox.endpoints import Call
from asc_sandbox.entity_errors import conflict
from asc_sandbox.schema import Resource, hidden
from asc_sandbox.world import Record
from asc_sandbox.writing import Given, creating, store

INVITATIONS = Resource(
    "betaTesterInvitations",
    area="testflight",
    attributes={},
    relationships=(hidden("app", "apps"), hidden("betaTester", "betaTesters")),
)
RESOURCES = (INVITATIONS,)


def _invite(call: Call, given: Given) -> Record:
    """Send the invitation again. Refuse it for a tester who has accepted, or for an app without a build."""
    app = given.one("app")
    for tester in given.related.get("betaTester", ()):
        if tester.attributes.get("state") in ("ACCEPTED", "INSTALLED"):
            raise conflict(
                "STATE_ERROR.TESTER_INVITE.ALREADY_ACCEPTED", "The tester has accepted the invitation"
            )
        if not call.world.related(app, "builds"):
            raise conflict("STATE_ERROR.TESTER_INVITE.BUILD_NOT_AVAILABLE", "There is no build to test")
        call.world.change(tester, state="INVITED")
    return store(call, given)


ENDPOINTS = (
    creating(
        "/v1/betaTesterInvitations", INVITATIONS, owners=("app",), related=("betaTester",), then=_invite
    ),
)
