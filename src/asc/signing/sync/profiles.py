"""Making the profiles that are wanted, side by side; what Apple has already and will do is taken over."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from asc.api.errors import ApiError
from asc.errors import Error
from asc.provisioning.bundle_ids import BundleId
from asc.provisioning.certificates import by_public_key
from asc.provisioning.devices.registering import not_enabled
from asc.provisioning.kinds import CertificateType
from asc.provisioning.profiles import (
    AppleProfile,
    Recipe,
    create_profile,
    delete_profiles,
    fetch_profile,
    find_profiles,
    free_name,
)
from asc.signing.sync.context import AT_ONCE, AppleState, SyncContext
from asc.signing.sync.namesakes import Namesakes, judged
from asc.signing.sync.profile_specs import ProfileSpec, SigningRequest, device_defect, profile_defect
from asc.signing.vault.entries import StoredIdentity, StoredProfile, new_profile
from asc.signing.vault.errors import UnreadableFile

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ProfileMaker:
    """Makes profiles with `identities`. `bundle_ids` are Apple's by identifier; those `changed` got capabilities.

    `stored` are the profiles of the store, `namesakes` what stands at Apple in the place of those to make.
    """

    context: SyncContext
    request: SigningRequest
    portal: AppleState
    identities: Mapping[CertificateType, StoredIdentity]
    bundle_ids: Mapping[str, BundleId] = field(default_factory=dict)
    changed: frozenset[str] = frozenset()
    stored: Mapping[ProfileSpec, StoredProfile] = field(default_factory=dict)
    namesakes: Mapping[ProfileSpec, Namesakes] = field(default_factory=dict)

    def make_all(self, specs: Sequence[ProfileSpec]) -> dict[ProfileSpec, StoredProfile]:
        """Makes them all. One that fails does not keep the others from being made; then its error is raised."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            results = list(pool.map(self._attempt, specs))
        made = {
            spec: result
            for spec, result in zip(specs, results, strict=True)
            if isinstance(result, StoredProfile)
        }
        failed = [
            (spec, result) for spec, result in zip(specs, results, strict=True) if isinstance(result, Error)
        ]
        if failed:
            raise ProfilesFailed(made, failed)
        return made

    def _attempt(self, spec: ProfileSpec) -> StoredProfile | Error:
        try:
            made = self._make(spec)
        except Error as error:
            return error
        log.info("Made %s: %s", spec, made.profile.uuid)
        return made

    def _make(self, spec: ProfileSpec) -> StoredProfile:
        there = self.namesakes.get(spec, Namesakes())
        if taken_over := self._taken_over(spec, there):
            return taken_over
        self._delete(there)
        name = free_name(spec.name, {each.name for each in there.others})
        try:
            return self._stored(spec, create_profile(self.context.client, self._recipe(spec, name)))
        except ApiError as error:
            if error.status != 409 or "name" not in error.message.lower():
                raise
            return self._despite_its_name(spec, name)

    def _despite_its_name(self, spec: ProfileSpec, name: str) -> StoredProfile:
        """Make the profile though its name is taken since we looked: by another job, or by another store."""
        client = self.context.client
        found = find_profiles(client, [name])
        there = judged(client, spec, self.stored.get(spec), self.portal, found)
        if taken_over := self._taken_over(spec, there):
            return taken_over
        self._delete(there)
        # The time, as match has it: nobody took that name, and a second look for a free one could lose again.
        free = f"{spec.name} {int(self.context.now.timestamp())}" if there.others else name
        return self._stored(spec, create_profile(client, self._recipe(spec, free)))

    def _delete(self, there: Namesakes) -> None:
        for each in there.deletable:
            delete_profiles(self.context.client, [each])
            log.info("Deleted the profile %s (%s) at Apple", each.name, each.uuid)

    def _taken_over(self, spec: ProfileSpec, there: Namesakes) -> StoredProfile | None:
        """Return a profile that Apple has and that will do, so that its UUID stays; None where none will."""
        if self.request.force or spec.bundle_id in self.changed:
            return None
        for each in (*there.stored, *there.others):
            if each.apple_type != spec.apple_type or not each.active:
                continue
            whole = each if each.content else fetch_profile(self.context.client, each.id)
            stored = self._stored(spec, whole)
            if not self.defect(spec, stored):
                return stored
        return None

    def defect(self, spec: ProfileSpec, stored: StoredProfile) -> str:
        """Why a profile will not do; "" where it will."""
        certificates = [self.identities[spec.kind.certificate_type].certificate]
        found = profile_defect(spec, stored, certificates, self.context.now, self.request.renew_before)
        return found or device_defect(spec, stored, self.portal.devices_of(spec, self.request))

    def _recipe(self, spec: ProfileSpec, name: str) -> Recipe:
        devices: tuple[str, ...] = ()
        if spec.kind.has_devices:
            devices = tuple(device.id for device in self.portal.devices_of(spec, self.request))
            if not devices:
                raise self._without_devices(spec)
        identity = self.identities[spec.kind.certificate_type]
        bundle_id = self.bundle_ids[spec.bundle_id].id
        return Recipe(name, spec.apple_type, bundle_id, (self._apple_id(identity),), devices)

    def _without_devices(self, spec: ProfileSpec) -> Error:
        waiting = not_enabled(self.request.devices, self.portal.devices)
        named = f" Not enabled: {', '.join(waiting)}." if waiting else ""
        return Error(
            f"{str(spec).capitalize()} needs devices, but the team has none that are enabled.{named}",
            "Wait until Apple has processed them, one to three days."
            if waiting
            else "Register them with the input devices, or in the developer portal.",
        )

    def _apple_id(self, identity: StoredIdentity) -> str:
        """Apple's id of a certificate; an imported one may be stored under another name."""
        listed = by_public_key(self.portal.certificates, identity.certificate.public_key)
        return listed.id if listed else identity.certificate_id

    def _stored(self, spec: ProfileSpec, profile: AppleProfile) -> StoredProfile:
        try:
            return new_profile(spec.kind, spec.bundle_id, spec.platform, profile.content)
        except UnreadableFile as error:
            raise Error(
                f"Apple's profile {profile.name} cannot be read: {error.message}",
                "Run the step again; report it if it stays.",
            ) from None


class ProfilesFailed(Error):
    """Some profiles could not be made; `made` are those that could, and are worth storing."""

    def __init__(
        self, made: Mapping[ProfileSpec, StoredProfile], failed: Sequence[tuple[ProfileSpec, Error]]
    ) -> None:
        super().__init__(
            "\n".join(
                f"{str(spec).capitalize()} could not be made: {error.message}" for spec, error in failed
            ),
            "\n".join(dict.fromkeys(error.remedy for _, error in failed)),
        )
        self.made = dict(made)
        self.exit_code = max(error.exit_code for _, error in failed)
