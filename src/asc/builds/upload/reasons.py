"""Why Apple refuses binaries: hints for the codes that people meet, in one place.

The texts come from Apple with each refusal; the hints say what usually mends it.
"""

from __future__ import annotations

from collections.abc import Iterable

from asc.builds.upload.model import Reason

HINTS = {
    "90022": "An app icon is missing: add all sizes to the asset catalog, and name it in the target's settings.",
    "90034": "The app is not signed, or not with a distribution certificate: export it for the App Store again.",
    "90035": "The signature is broken: do not change the app after signing; sign nested code first, then the app.",
    "90046": "The entitlements are not those of the profile: sign again with a profile that has them.",
    "90054": "The bundle id is not that of the app in App Store Connect: check the scheme, or bundle-id.",
    "90055": "The bundle id belongs to another app or team: check it and the profile it was signed with.",
    "90060": "CFBundleVersion or CFBundleShortVersionString is not made of up to three numbers with dots.",
    "90061": "The build number was used before: raise CFBundleVersion (fetch-build-number tells the next one).",
    "90062": (
        "The marketing version must be higher than the last one released: raise CFBundleShortVersionString."
    ),
    "90077": "Nothing was signed with a profile for this platform: check the export options.",
    "90161": "The profile inside does not fit: export with an App Store profile for this bundle id.",
    "90165": "The profile inside is not valid any more: renew it (sync-signing) and export again.",
    "90174": "There is no profile inside: export for the App Store, not a plain archive or a simulator build.",
    "90186": "This train is closed, for its version was released: raise CFBundleShortVersionString.",
    "90189": "This build number was uploaded before: raise CFBundleVersion (fetch-build-number tells the next one).",
    "90206": "A nested bundle contains frameworks: embed them in the app only.",
    "90208": "A framework asks for another minimum OS version than the app: build it for the app's.",
    "90283": "The profile inside is for another bundle id: export with the profile of this app.",
    "90338": "Private API is used: Apple names the symbol; often a framework has to be updated.",
    "90474": "iPad multitasking needs all four orientations, or UIRequiresFullScreen.",
    "90478": "The build number must be higher than that of the last build of this train: raise CFBundleVersion.",
    "90534": "The SDK is too new: builds made with a beta of Xcode go to TestFlight's internal testers at most.",
    "90592": (
        "ITSEncryptionExportComplianceCode is missing, or is no code of this app: take it from App Store Connect, App "
        "Information, or give encryption-declaration."
    ),
    "90683": "Add the purpose string that Apple names to Info.plist (also where only a framework uses the API).",
    "90713": "CFBundleIconName is missing in Info.plist: use an asset catalog for the icon.",
    "90725": "The SDK is too old for uploads: build with the Xcode that Apple asks for (a newer runner image).",
    "90771": "BGTaskSchedulerPermittedIdentifiers is missing in Info.plist though background processing is on.",
    "91053": "The privacy manifest lacks a reason for the API that Apple names: add it to PrivacyInfo.xcprivacy.",
    "91056": "The privacy manifest is not valid: check PrivacyInfo.xcprivacy against Apple's list of keys.",
    "91061": "A third-party SDK lacks its privacy manifest or signature: update it.",
}


def told(reasons: Iterable[Reason]) -> str:
    """Apple's codes and texts in one line."""
    texts = [f"{reason.text.rstrip('.') or 'no text'} ({reason.code or 'no code'})" for reason in reasons]
    return "; ".join(texts) or "without a reason"


def hint(reasons: Iterable[Reason]) -> str:
    """What usually mends it; "" where no code is known."""
    codes = (reason.code.rsplit("-", 1)[-1].rsplit(".", 1)[-1] for reason in reasons)
    return " ".join(dict.fromkeys(HINTS[code] for code in codes if code in HINTS))
