"""Making the profiles that are wanted, side by side; what Apple has already and will do is taken over."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from asc.api.errors import ApiError
from asc.errors import Error
from asc.signing.devices.registering import not_enabled
from asc.signing.portal.bundle_ids import BundleId
from asc.signing.portal.certificates import by_public_key
from asc.signing.portal.profiles import (
    AppleProfile,
    Recipe,
    create_profile,
    delete_profiles,
    fetch_profile,
    find_profiles,
    free_name,
)
from asc.signing.sync.judging import device_defect, profile_defect
from asc.signing.sync.namesakes import Namesakes, judged
from asc.signing.sync.surroundings import AT_ONCE, Portal, Surroundings
from asc.signing.sync.wants import Want, Wishes
from asc.signing.vault.entries import StoredIdentity, StoredProfile, new_profile
from asc.signing.vault.errors import Unreadable
from asc.signing.vault.kinds import CertificateType

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ProfileMaker:
    """Makes profiles with `identities`. `bundle_ids` are Apple's by identifier; those `changed` got capabilities.

    `stored` are the profiles of the store, `namesakes` what stands at Apple in the place of those to make.
    """

    surroundings: Surroundings
    wishes: Wishes
    portal: Portal
    identities: Mapping[CertificateType, StoredIdentity]
    bundle_ids: Mapping[str, BundleId] = field(default_factory=dict)
    changed: frozenset[str] = frozenset()
    stored: Mapping[Want, StoredProfile] = field(default_factory=dict)
    namesakes: Mapping[Want, Namesakes] = field(default_factory=dict)

    def make_all(self, wants: Sequence[Want]) -> dict[Want, StoredProfile]:
        """Makes them all. One that fails does not keep the others from being made; then its error is raised."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            results = list(pool.map(self._attempt, wants))
        made = {
            want: result
            for want, result in zip(wants, results, strict=True)
            if isinstance(result, StoredProfile)
        }
        failed = [
            (want, result) for want, result in zip(wants, results, strict=True) if isinstance(result, Error)
        ]
        if failed:
            raise ProfilesFailed(made, failed)
        return made

    def _attempt(self, want: Want) -> StoredProfile | Error:
        try:
            made = self._make(want)
        except Error as error:
            return error
        log.info("Made %s: %s", want, made.profile.uuid)
        return made

    def _make(self, want: Want) -> StoredProfile:
        there = self.namesakes.get(want, Namesakes())
        if taken_over := self._taken_over(want, there):
            return taken_over
        self._delete(there)
        name = free_name(want.name, {each.name for each in there.others})
        try:
            return self._stored(want, create_profile(self.surroundings.client, self._recipe(want, name)))
        except ApiError as error:
            if error.status != 409 or "name" not in error.message.lower():
                raise
            return self._despite_its_name(want, name)

    def _despite_its_name(self, want: Want, name: str) -> StoredProfile:
        """Make the profile though its name is taken since we looked: by another job, or by another store."""
        client = self.surroundings.client
        found = find_profiles(client, [name])
        there = judged(client, want, self.stored.get(want), self.portal, found)
        if taken_over := self._taken_over(want, there):
            return taken_over
        self._delete(there)
        # The time, as match has it: nobody took that name, and a second look for a free one could lose again.
        free = f"{want.name} {int(self.surroundings.now.timestamp())}" if there.others else name
        return self._stored(want, create_profile(client, self._recipe(want, free)))

    def _delete(self, there: Namesakes) -> None:
        for each in there.deletable:
            delete_profiles(self.surroundings.client, [each])
            log.info("Deleted the profile %s (%s) at Apple", each.name, each.uuid)

    def _taken_over(self, want: Want, there: Namesakes) -> StoredProfile | None:
        """Return a profile that Apple has and that will do, so that its UUID stays; None where none will."""
        if self.wishes.force or want.bundle_id in self.changed:
            return None
        for each in (*there.stored, *there.others):
            if each.apple_type != want.apple_type or not each.active:
                continue
            whole = each if each.content else fetch_profile(self.surroundings.client, each.id)
            stored = self._stored(want, whole)
            if not self.defect(want, stored):
                return stored
        return None

    def defect(self, want: Want, stored: StoredProfile) -> str:
        """Why a profile will not do; "" where it will."""
        certificates = [self.identities[want.kind.certificate_type].certificate]
        found = profile_defect(want, stored, certificates, self.surroundings.now, self.wishes.renew_before)
        return found or device_defect(want, stored, self.portal.devices_of(want, self.wishes))

    def _recipe(self, want: Want, name: str) -> Recipe:
        devices: tuple[str, ...] = ()
        if want.kind.has_devices:
            devices = tuple(device.id for device in self.portal.devices_of(want, self.wishes))
            if not devices:
                raise self._without_devices(want)
        identity = self.identities[want.kind.certificate_type]
        bundle_id = self.bundle_ids[want.bundle_id].id
        return Recipe(name, want.apple_type, bundle_id, (self._apple_id(identity),), devices)

    def _without_devices(self, want: Want) -> Error:
        waiting = not_enabled(self.wishes.devices, self.portal.devices)
        named = f" Not enabled: {', '.join(waiting)}." if waiting else ""
        return Error(
            f"{str(want).capitalize()} needs devices, but the team has none that are enabled.{named}",
            "Wait until Apple has processed them, one to three days."
            if waiting
            else "Register them with the input devices, or in the developer portal.",
        )

    def _apple_id(self, identity: StoredIdentity) -> str:
        """Apple's id of a certificate; an imported one may be stored under another name."""
        listed = by_public_key(self.portal.certificates, identity.certificate.public_key)
        return listed.id if listed else identity.certificate_id

    def _stored(self, want: Want, profile: AppleProfile) -> StoredProfile:
        try:
            return new_profile(want.kind, want.bundle_id, want.platform, profile.content)
        except Unreadable as error:
            raise Error(
                f"Apple's profile {profile.name} cannot be read: {error.message}",
                "Run the step again; report it if it stays.",
            ) from None


class ProfilesFailed(Error):
    """Some profiles could not be made; `made` are those that could, and are worth storing."""

    def __init__(self, made: Mapping[Want, StoredProfile], failed: Sequence[tuple[Want, Error]]) -> None:
        super().__init__(
            "\n".join(
                f"{str(want).capitalize()} could not be made: {error.message}" for want, error in failed
            ),
            "\n".join(dict.fromkeys(error.remedy for _, error in failed)),
        )
        self.made = dict(made)
        self.exit_code = max(error.exit_code for _, error in failed)
