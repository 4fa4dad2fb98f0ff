"""Profiles at Apple that stand where a wanted one belongs: those that may be deleted, and those that are not ours.

A team can have several stores, and Apple takes a name once. So a profile of the right name and type may be another
store's, valid and in use: match takes a name with a number then.
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
class Namesakes:
    """Profiles of the name of a wanted one, or that the store has for it.

    `stored` is what the store knows by its UUID, `dead` are others that serve nobody, each with the reason, `others`
    are not ours. Those of the right type in `others` come with their content: they may do as they are.
    """

    stored: tuple[AppleProfile, ...] = ()
    dead: tuple[tuple[AppleProfile, str], ...] = ()
    others: tuple[AppleProfile, ...] = ()

    @property
    def deletable(self) -> tuple[AppleProfile, ...]:
        """The profiles that go when the wanted one is made."""
        return (*self.stored, *(profile for profile, _ in self.dead))

    def lines(self, spec: ProfileSpec) -> list[str]:
        """Return what becomes of those that the store does not know, in words."""
        return [
            *(f"delete the profile {each.name} ({each.uuid}): {why}" for each, why in self.dead),
            *(
                f"leave the profile {each.name} ({each.uuid}) as it is: the store does not know it. {spec} gets "
                "another name, unless that one will do"
                for each in self.others
                if each.name == spec.name
            ),
        ]


def judged(
    client: Client,
    spec: ProfileSpec,
    stored: StoredProfile | None,
    portal: AppleState,
    found: Iterable[AppleProfile],
) -> Namesakes:
    """Return the profiles among `found` that have the name of a wanted one, or that the store has for it.

    Asks for the content of each that is active, of the right type, and not known to the store.
    """
    ours: list[AppleProfile] = []
    dead: list[tuple[AppleProfile, str]] = []
    others: list[AppleProfile] = []
    for profile in found:
        if stored and profile.uuid == stored.profile.uuid:
            ours.append(profile)
        elif profile.apple_type != spec.apple_type:
            others.append(profile)
        elif not profile.active:
            dead.append((profile, "Apple calls it invalid"))
        else:
            whole = fetch_profile(client, profile.id)
            if _has_lost_its_certificates(whole, portal):
                dead.append((whole, "Apple lists none of its certificates"))
            else:
                others.append(whole)
    return Namesakes(tuple(ours), tuple(dead), tuple(others))


def _has_lost_its_certificates(profile: AppleProfile, portal: AppleState) -> bool:
    """Return whether all were revoked. The portal has all certificates that a profile of a wanted type can name."""
    listed = {each.certificate.der for each in portal.certificates if each.certificate}
    try:
        inside = read_profile(profile.content).certificates
    except ProfileError:
        return False  # nothing is known of it
    return bool(inside) and not listed & set(inside)
