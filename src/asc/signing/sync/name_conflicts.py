"""Find the profiles at Apple that have the name of a profile to create, and decide which of them may be deleted.

A team can have several storages, but Apple accepts each name once. So a profile of the right name and type may belong
to another storage and be in use. It stays, and the new profile gets another name, as match does it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from asc.api.client import Client
from asc.formats.mobileprovision import ProfileError, read_profile
from asc.provisioning.profiles import AppleProfile, fetch_profile
from asc.signing.sync.context import AppleState
from asc.signing.sync.profile_specs import ProfileSpec
from asc.signing.vault.entries import StoredProfile


@dataclass(frozen=True)
class NameConflicts:
    """Profiles at Apple with the name of a profile to create, or with the UUID of the stored one.

    `stored` are those that the storage knows by their UUID, `unusable` others that serve nobody, each with the reason,
    `foreign` the rest. The active ones of the right type in `foreign` have their content, because they may serve.
    """

    stored: tuple[AppleProfile, ...] = ()
    unusable: tuple[tuple[AppleProfile, str], ...] = ()
    foreign: tuple[AppleProfile, ...] = ()

    @property
    def deletable(self) -> tuple[AppleProfile, ...]:
        """Return the profiles that are deleted before the new one is created."""
        return (*self.stored, *(profile for profile, _ in self.unusable))

    def lines(self, spec: ProfileSpec) -> list[str]:
        """Return the plan for profiles that the storage does not know, as lines for the log."""
        return [
            *(
                f"delete the profile {profile.name} ({profile.uuid}): {reason}"
                for profile, reason in self.unusable
            ),
            *(
                f"leave the profile {profile.name} ({profile.uuid}) as it is: the storage does not know it. {spec} "
                "gets another name, unless that one serves"
                for profile in self.foreign
                if profile.name == spec.name
            ),
        ]


def find_name_conflicts(
    client: Client,
    spec: ProfileSpec,
    stored: StoredProfile | None,
    apple: AppleState,
    found: Iterable[AppleProfile],
) -> NameConflicts:
    """Return `found` (profiles of the name or of the stored UUID), sorted by what may be done with them.

    Fetches the content of each that is active, of the right type, and unknown to the storage.
    """
    ours: list[AppleProfile] = []
    unusable: list[tuple[AppleProfile, str]] = []
    foreign: list[AppleProfile] = []
    for profile in found:
        if stored and profile.uuid == stored.profile.uuid:
            ours.append(profile)
        elif profile.apple_type != spec.apple_type:
            foreign.append(profile)
        elif not profile.active:
            unusable.append((profile, "Apple calls it invalid"))
        else:
            whole = fetch_profile(client, profile.id)
            if _has_lost_its_certificates(whole, apple):
                unusable.append((whole, "Apple lists none of its certificates"))
            else:
                foreign.append(whole)
    return NameConflicts(tuple(ours), tuple(unusable), tuple(foreign))


def _has_lost_its_certificates(profile: AppleProfile, apple: AppleState) -> bool:
    """Return True if Apple lists none of the certificates in a profile."""
    # `apple` has all certificates of the types that a profile of this type can contain.
    listed = {certificate.certificate.der for certificate in apple.certificates if certificate.certificate}
    try:
        inside = read_profile(profile.content).certificates
    except ProfileError:
        # An unreadable profile is left alone.
        return False
    return bool(inside) and not listed & set(inside)
