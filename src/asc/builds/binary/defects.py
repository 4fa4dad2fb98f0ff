"""Find the defects that Apple would report minutes after the upload and that the file shows already.

Each check names the code of Apple's refusal. In doubt there is no defect: a binary that Apple accepts must never be
held back here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from asc.builds.binary.model import Binary, Defect, Nested
from asc.builds.number import same_value
from asc.formats.mobileprovision import Profile
from asc.words import printable_name

LONGEST_NUMBER = 18
"""Characters of CFBundleVersion (Apple's 90059)."""
STORE_PROFILE = "Export with an App Store profile (method app-store-connect; sync-signing brings one)"


def defects(binary: Binary, now: datetime) -> list[Defect]:
    """Return the defects of a binary at the time `now` (with a time zone), the fatal ones first."""
    found = [*_numbers(binary), *_place(binary), *_profile(binary, now), *_nested(binary), *binary.remarks]
    return sorted(found, key=lambda defect: not defect.fatal)


def _numbers(binary: Binary) -> Iterator[Defect]:
    """Yield the defects of version and build number: 90060, 90058, 90059.

    https://developer.apple.com/documentation/bundleresources/information-property-list/cfbundleshortversionstring
    asks for three integers; one and two are taken as well. Build numbers may have more than three, which Apple's
    documentation of CFBundleVersion says are ignored.
    """
    if not re.fullmatch(r"[0-9]+(\.[0-9]+){0,2}", binary.version):
        yield Defect(
            f"The version “{printable_name(binary.version)}” (CFBundleShortVersionString) is not made of up to three "
            "numbers with dots.",
            f"Set it to something like 1.2.3{_variable(binary.version)}.",
        )
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)*", binary.build_number):
        yield Defect(
            f"The build number “{printable_name(binary.build_number)}” (CFBundleVersion) is not made of numbers and "
            "dots.",
            f"Set it to something like 42 or 1.2.3{_variable(binary.build_number)}.",
        )
    # Apple counts characters, dots included.
    elif len(binary.build_number) > LONGEST_NUMBER:
        yield Defect(
            f"The build number {printable_name(binary.build_number)} (CFBundleVersion) is longer than"
            f" {LONGEST_NUMBER} characters.",
            "Use a shorter one, for example a date and a counter.",
        )


def _variable(text: str) -> str:
    return "; a build setting was not filled in: is it defined for this configuration?" if "$" in text else ""


def _place(binary: Binary) -> Iterator[Defect]:
    if binary.kind == "ipa" and not binary.app_path.startswith("Payload/"):
        yield Defect(
            f"The app lies in {printable_name(binary.app_path)}: Payload is not at the top of the archive.",
            "Zip the Payload folder itself, not the folder around it.",
            fatal=False,
        )
    if binary.kind == "ipa" and binary.platform == "MAC_OS":
        yield Defect(
            "It is a Mac app in an .ipa, where App Store Connect expects a .pkg.",
            "Export it as a .pkg (productbuild, or xcodebuild -exportArchive).",
            fatal=False,
        )


def _profile(binary: Binary, now: datetime) -> Iterator[Defect]:
    """Yield the defects of the embedded profile: 90174, 90161, 90165, 90283."""
    profile = binary.profile
    if profile is None:
        # A Mac app without extensions of the system needs no profile.
        if binary.kind == "ipa" and binary.platform != "MAC_OS":
            yield Defect(
                "There is no provisioning profile inside (embedded.mobileprovision).", f"{STORE_PROFILE}."
            )
        return
    named = f"The profile inside, “{printable_name(profile.name)}”,"
    kind = _wrong_kind(profile)
    if kind:
        yield Defect(f"{named} is for {kind}, not for the App Store.", f"{STORE_PROFILE}.")
    if profile.expires and profile.expires <= now:
        yield Defect(f"{named} expired on {profile.expires:%Y-%m-%d}.", f"{STORE_PROFILE} that is valid.")
    if not _covers(profile, binary.bundle_id):
        yield Defect(
            f"{named} is for {printable_name(profile.application_identifier)}, "
            f"but the app is {printable_name(binary.bundle_id)}.",
            f"{STORE_PROFILE} for {printable_name(binary.bundle_id)}.",
        )


def _wrong_kind(profile: Profile) -> str:
    """Return the purpose of a profile that is not for the App Store; "" for one that is."""
    if profile.get_task_allow:
        return "development"
    if profile.provisions_all_devices:
        return "distribution inside an enterprise"
    return "ad-hoc distribution" if profile.devices else ""


def _covers(profile: Profile, bundle_id: str) -> bool:
    """Return True if a profile is for this app, or does not say clearly."""
    prefix, dot, pattern = profile.application_identifier.partition(".")
    # A profile without a readable identifier proves nothing, and in doubt there is no defect.
    if not (prefix and dot and pattern):
        return True
    pattern, bundle_id = pattern.casefold(), bundle_id.casefold()
    return bundle_id.startswith(pattern[:-1]) if pattern.endswith("*") else bundle_id == pattern


def _nested(binary: Binary) -> Iterator[Defect]:
    """Yield the defects of nested bundles: 90379 refuses watch apps with other numbers; 90473 warns of extensions."""
    for nested in binary.nested:
        if nested.is_framework:
            yield from _framework(nested)
            continue
        for key, own, apps in (
            ("CFBundleShortVersionString", nested.version, binary.version),
            ("CFBundleVersion", nested.build_number, binary.build_number),
        ):
            if own and not same_value(own, apps) and not _is_helper(binary, nested):
                yield Defect(
                    f"{key} of {printable_name(nested.path)} is {printable_name(own)}, "
                    f"but that of the app is {printable_name(apps)}.",
                    "Give all targets the same version and build number.",
                    fatal=nested.is_watch_app,
                )


def _framework(nested: Nested) -> Iterator[Defect]:
    """Yield a defect for a framework's version like 8.22.3-beta.0 (90060). More than three numbers pass."""
    if nested.version and not re.fullmatch(r"[0-9]+(\.[0-9]+)*", nested.version):
        yield Defect(
            f"The version “{printable_name(nested.version)}” (CFBundleShortVersionString) of "
            f"{printable_name(nested.path)} is not made"
            " of numbers and dots.",
            "Use a release of that framework, or set a version without letters in its Info.plist before signing.",
        )


def _is_helper(binary: Binary, nested: Nested) -> bool:
    """Return True for a helper app inside a Mac app."""
    # Helper apps may have versions of their own, and Apple accepts that.
    return binary.platform == "MAC_OS" and nested.path.endswith(".app")
