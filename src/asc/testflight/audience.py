"""Check at the end of a step that testers can get the build: some states never change by waiting.

https://developer.apple.com/documentation/appstoreconnectapi/buildbetadetail
"""

from __future__ import annotations

from asc.builds.build import ANSWER_COMPLIANCE, DEAD_ENDS, Build
from asc.errors import Error
from asc.testflight.request import DistributionRequest
from asc.testflight.state import AppState, Destination, goes_outside


def compliance_gap(request: DistributionRequest, destination: Destination) -> str:
    """Return a warning if export compliance is unanswered for a build that is to be uploaded, else "".

    Apple holds such a build back as MISSING_EXPORT_COMPLIANCE, also from the team, and notifies nobody.
    """
    answer = request.encryption if request.encryption is not None else destination.uses_non_exempt_encryption
    # A warning only: without groups the step has done its work, and a person may answer in App Store Connect.
    if answer is None:
        return (
            "Export compliance is not answered, neither by uses-non-exempt-encryption nor by "
            f"ITSAppUsesNonExemptEncryption in the Info.plist: nobody can test the build. {ANSWER_COMPLIANCE}"
        )
    if answer and not request.encryption_declaration and not destination.compliance_code:
        return (
            "The build uses non-exempt encryption, but no declaration is named: Apple may not let anybody test it. "
            "Give encryption-declaration, or put ITSEncryptionExportComplianceCode into the Info.plist."
        )
    return ""


def kept_out(request: DistributionRequest, app_state: AppState | None, build: Build) -> dict[str, str]:
    """Return the audiences that can never get the build, each with its state.

    Named groups and testers count; without any, the team does.
    """
    states = _states(request, app_state, build)
    return {audience: state for audience, state in states.items() if state in DEAD_ENDS}


def check_reached(request: DistributionRequest, app_state: AppState | None, build: Build) -> str:
    """Return a warning if an audience can never get the build, else "".

    Raises Error if groups or testers are named and none of them can get it.
    """
    kept = kept_out(request, app_state, build)
    if not kept:
        return ""
    states = ", ".join(f"{state} for {audience}" for audience, state in kept.items())
    remedy = " ".join(dict.fromkeys(DEAD_ENDS[state] for state in kept.values()))
    # If one of the audiences can get the build, the step did a part of its work, and a warning tells the rest.
    if request.distributes and len(kept) == len(_states(request, app_state, build)):
        raise Error(f"Testers will not get the build: it is {states}.", remedy)
    return f"The build is at App Store Connect, but it is {states}. {remedy}"


def _states(request: DistributionRequest, app_state: AppState | None, build: Build) -> dict[str, str]:
    outside = app_state is not None and goes_outside(request, app_state)
    inside = app_state is None or any(group.internal for group in app_state.groups)
    inside = inside or bool(app_state and app_state.new_groups and request.create_groups == "internal")
    states = {"external testers": build.external_state} if outside else {}
    # Without any named group the team is the audience.
    return {"the team": build.internal_state, **states} if inside or not outside else states
