"""The rules for changes of a build: expiry, encryption and its declarations, and the notification of testers."""

from __future__ import annotations

from asc_sandbox.endpoints import Call
from asc_sandbox.entity_errors import conflict, invalid_attribute, invalid_linkage, unprocessable
from asc_sandbox.rules.states import external_groups, require_testable, review_state
from asc_sandbox.world import Record
from asc_sandbox.writing import Given, store, update


def change_build(call: Call, build: Record, given: Given) -> Record:
    """Expire a build, or answer the question about its encryption; neither can be undone."""
    if given.attributes.get("expired") is False:
        raise invalid_attribute("expired", "A build can only be expired, not revived")
    answer = given.attributes.get("usesNonExemptEncryption")
    stored = build.attributes.get("usesNonExemptEncryption")
    if answer is not None and stored is not None:
        raise invalid_attribute(
            "usesNonExemptEncryption", "The build has its answer, which cannot be changed"
        )
    for declaration in given.related.get("appEncryptionDeclaration", ()):
        admit_declaration(call, build, declaration)
    if given.attributes.get("expired"):
        _withdraw_submission(call, build)
    # A null means "no change" here: neither attribute can be cleared.
    settled = {name: value for name, value in given.attributes.items() if value is not None}
    return update(call, build, Given(settled, given.related))


def declare(call: Call, given: Given) -> Record:
    """Create a declaration of encryption, which Apple has not reviewed yet."""
    return store(call, given, createdDate=call.context.now(), appEncryptionDeclarationState="CREATED")


def admit_declaration(call: Call, build: Record, declaration: Record) -> None:
    """Raise Refusal unless the declaration can apply to the build."""
    if call.world.related(declaration, "app") != call.world.related(build, "app"):
        raise invalid_linkage("The declaration belongs to another app than the build")
    if build.attributes.get("usesNonExemptEncryption") is False:
        raise conflict("STATE_ERROR", "The build uses no encryption that has to be declared")


def attach(call: Call, declaration: Record, build: Record) -> None:
    """Raise Refusal unless the build can take the declaration."""
    admit_declaration(call, build, declaration)


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


def _withdraw_submission(call: Call, build: Record) -> None:
    for submission in call.world.related(build, "betaAppReviewSubmission"):
        if submission.attributes["betaReviewState"] in ("WAITING_FOR_REVIEW", "IN_REVIEW"):
            call.world.remove(submission)
