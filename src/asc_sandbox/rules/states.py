"""The TestFlight states of a build, and the refusals that follow from them."""

from __future__ import annotations

from asc_sandbox.endpoints import Call
from asc_sandbox.entity_errors import unprocessable
from asc_sandbox.world import Record, World

_STATE_OF_REVIEW = {
    "WAITING_FOR_REVIEW": "WAITING_FOR_BETA_REVIEW",
    "IN_REVIEW": "IN_BETA_REVIEW",
    "REJECTED": "BETA_REJECTED",
}
_REASONS = {
    "PROCESSING": ("BUILD_NOT_PROCESSED", "The build is still being processed."),
    "PROCESSING_EXCEPTION": ("BUILD_NOT_VALID", "The build is not valid."),
    "EXPIRED": ("BUILD_EXPIRED", "The build has expired."),
    "MISSING_EXPORT_COMPLIANCE": (
        "MISSING_EXPORT_COMPLIANCE",
        "The build lacks its export compliance answer.",
    ),
}


def internal(call: Call, detail: Record) -> str | None:
    """Return the internalBuildState of a buildBetaDetail, None if it has no build."""
    for build in call.world.related(detail, "build"):
        if state := obstacle(call.world, build):
            return state
        return "IN_BETA_TESTING" if _internal_groups(call.world, build) else "READY_FOR_BETA_TESTING"
    return None


def external(call: Call, detail: Record) -> str | None:
    """Return the externalBuildState of a buildBetaDetail, None if it has no build."""
    return external_state(call.world, detail)


def external_state(world: World, detail: Record) -> str | None:
    """Return the externalBuildState of a buildBetaDetail from the records alone, None if it has no build."""
    for build in world.related(detail, "build"):
        if build.attributes.get("buildAudienceType") == "INTERNAL_ONLY":
            return "NOT_APPLICABLE"
        if state := obstacle(world, build):
            return state
        review = review_state(world, build)
        if review is None:
            return "READY_FOR_BETA_SUBMISSION"
        tested = external_groups(world, build) or world.related(build, "individualTesters")
        return _STATE_OF_REVIEW.get(review, "IN_BETA_TESTING" if tested else "BETA_APPROVED")
    return None


def obstacle(world: World, build: Record) -> str | None:
    """Return the state that keeps a build from every tester, None if there is none."""
    facts = build.attributes
    details = world.related(build, "buildBetaDetail")
    # A detail that says PROCESSING lags behind: the build takes neither groups nor a submission (fastlane PR 19296).
    lags = any(detail.attributes.get("internalBuildState") == "PROCESSING" for detail in details)
    if facts["processingState"] == "PROCESSING" or (lags and facts["processingState"] == "VALID"):
        return "PROCESSING"
    if facts["processingState"] != "VALID":
        return "PROCESSING_EXCEPTION"
    if facts.get("expired"):
        return "EXPIRED"
    # Encryption that is not exempt has to be declared: the answer alone leaves the build where it is.
    declared = world.related(build, "appEncryptionDeclaration")
    answer = facts.get("usesNonExemptEncryption")
    return "MISSING_EXPORT_COMPLIANCE" if answer is None or (answer and not declared) else None


def require_testable(world: World, build: Record) -> None:
    """Raise Refusal unless testers can get the build."""
    if state := obstacle(world, build):
        raise unprocessable(*_REASONS[state])


def review_state(world: World, build: Record) -> str | None:
    """Return the state of beta review, None for a build that was not submitted."""
    submissions = world.related(build, "betaAppReviewSubmission")
    return str(submissions[0].attributes["betaReviewState"]) if submissions else None


def external_groups(world: World, build: Record) -> list[Record]:
    """Return the external groups that have the build."""
    return [
        group for group in world.related(build, "betaGroups") if not group.attributes.get("isInternalGroup")
    ]


def _internal_groups(world: World, build: Record) -> list[Record]:
    """Return the internal groups that have the build, including the ones with access to all builds."""
    linked = [
        group for group in world.related(build, "betaGroups") if group.attributes.get("isInternalGroup")
    ]
    return linked + [
        group
        for app in world.related(build, "app")
        for group in world.related(app, "betaGroups")
        if group.attributes.get("isInternalGroup") and group.attributes.get("hasAccessToAllBuilds")
    ]
