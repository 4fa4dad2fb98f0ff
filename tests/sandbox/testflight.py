"""An app with builds, groups and testers, for tests of TestFlight."""

from __future__ import annotations

from sandbox.client import Client, Response
from support.sandbox import app, build, key, seed

READY = {"usesNonExemptEncryption": False}


WORLD = seed(
    apps=[
        app(
            "com.example.app",
            id="1",
            builds=[
                build("1.0", "1", id="ready", **READY),
                build("1.0", "2", id="unanswered"),
                build("1.0", "3", "PROCESSING", id="processing", **READY),
                build("1.0", "4", "INVALID", id="invalid", **READY),
                build("1.0", "5", id="expired", expired=True, **READY),
                build("1.0", "6", id="internal-only", buildAudienceType="INTERNAL_ONLY", **READY),
            ],
            betaGroups=[
                {"id": "all", "name": "Team", "isInternalGroup": True, "hasAccessToAllBuilds": True},
                {"id": "qa", "name": "QA", "isInternalGroup": True},
                {"id": "friends", "name": "Friends", "betaTesters": ["tess"]},
            ],
            betaTesters=[
                {"id": "tess", "email": "tess@example.com"},
                {"id": "toni", "email": "Toni@example.com"},
            ],
            appEncryptionDeclarations=[{"id": "declared", "appDescription": "An example"}],
        ),
        app("com.example.other", id="2", betaGroups=[{"id": "foreign", "name": "Others"}]),
    ],
    keys=[key("ADMIN00001"), key("DEVELOPER1", "DEVELOPER"), key("MARKETING1", "MARKETING")],
    users=[{"username": "toni@example.com", "roles": ["DEVELOPER"]}],
)


def code(answer: Response) -> tuple[int, str]:
    return answer.status, str(answer.error["code"])


def states(client: Client, build_id: str) -> tuple[str, str]:
    """The internal and the external state of a build."""
    held = client.get(f"/v1/builds/{build_id}/buildBetaDetail").document["data"]["attributes"]
    return held["internalBuildState"], held["externalBuildState"]


def add_to_groups(client: Client, build_id: str, *groups: str) -> Response:
    path = f"builds/{build_id}/relationships/betaGroups"
    return client.link("POST", path, [("betaGroups", group) for group in groups])
