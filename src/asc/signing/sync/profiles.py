"""Create the requested profiles in parallel, or reuse profiles that Apple has already."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

from asc.api.client import REQUESTS_AT_ONCE
from asc.api.errors import ApiError
from asc.api.polling import look_until
from asc.errors import Error
from asc.provisioning.bundle_ids import RegisteredBundleId
from asc.provisioning.certificates import by_public_key
from asc.provisioning.devices.state import not_enabled
from asc.provisioning.kinds import CertificateType
from asc.provisioning.profiles import (
    AppleProfile,
    ProfileDraft,
    create_profile,
    delete_profiles,
    fetch_profile,
    find_profiles,
    free_name,
)
from asc.signing.sync.context import AppleState, SyncContext
from asc.signing.sync.name_conflicts import NameConflicts, find_name_conflicts
from asc.signing.sync.profile_specs import ProfileSpec, SigningRequest, device_defect, profile_defect
from asc.signing.vault.entries import StoredIdentity, StoredProfile, new_profile
from asc.signing.vault.errors import UnreadableFile

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ProfileMaker:
    """Creates profiles that contain the certificates of `identities`.

    `bundle_ids` are the registered bundle ids by identifier; those in `changed_bundle_ids` got new capabilities.
    `stored` are the profiles in the storage, `name_conflicts` the profiles at Apple with the names of those to create.
    """

    context: SyncContext
    request: SigningRequest
    apple: AppleState
    identities: Mapping[CertificateType, StoredIdentity]
    bundle_ids: Mapping[str, RegisteredBundleId] = field(default_factory=dict)
    changed_bundle_ids: frozenset[str] = frozenset()
    stored: Mapping[ProfileSpec, StoredProfile] = field(default_factory=dict)
    name_conflicts: Mapping[ProfileSpec, NameConflicts] = field(default_factory=dict)

    def make_all(self, specs: Sequence[ProfileSpec]) -> dict[ProfileSpec, StoredProfile]:
        """Return the created or reused profiles. Raises ProfilesFailed if some failed, after trying all of them."""
        with ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
            results = self._listed(list(pool.map(self._attempt, specs)))
        profiles = {
            spec: result
            for spec, result in zip(specs, results, strict=True)
            if isinstance(result, StoredProfile)
        }
        failed = [
            (spec, result) for spec, result in zip(specs, results, strict=True) if isinstance(result, Error)
        ]
        if failed:
            raise ProfilesFailed(profiles, failed)
        return profiles

    def _listed(self, results: Sequence[StoredProfile | Error]) -> list[StoredProfile | Error]:
        """Return the results, with an error for each profile that Apple does not list as active."""
        made = {
            result.profile.uuid: result.profile.name
            for result in results
            if isinstance(result, StoredProfile)
        }

        def missing() -> set[str]:
            found = find_profiles(self.context.client, set(made.values()))
            return made.keys() - {profile.uuid for profile in found if profile.active}

        left = look_until(self.context.client, missing, lambda missing: not missing) if made else ()
        return [
            _not_listed(result)
            if isinstance(result, StoredProfile) and result.profile.uuid in left
            else result
            for result in results
        ]

    def _attempt(self, spec: ProfileSpec) -> StoredProfile | Error:
        try:
            made = self._make(spec)
        except Error as error:
            return error
        log.info("Created %s: %s", spec, made.profile.uuid)
        return made

    def _make(self, spec: ProfileSpec) -> StoredProfile:
        conflicts = self.name_conflicts.get(spec, NameConflicts())
        if reusable := self._reusable(spec, conflicts):
            return reusable
        self._delete(conflicts)
        name = free_name(spec.name, {profile.name for profile in conflicts.foreign})
        try:
            return self._created(spec, name)
        except ApiError as error:
            if error.status != 409 or "name" not in error.message.lower():
                raise
            return self._make_after_conflict(spec, name)

    def _make_after_conflict(self, spec: ProfileSpec, name: str) -> StoredProfile:
        """Create the profile after another job, perhaps of another storage, took its name since the plan."""
        client = self.context.client
        existing = find_profiles(client, [name])
        conflicts = find_name_conflicts(client, spec, self.stored.get(spec), self.apple, existing)
        if reusable := self._reusable(spec, conflicts):
            return reusable
        self._delete(conflicts)
        # match appends the time as well. Another number could be taken by another job again.
        free = f"{spec.name} {int(self.context.now.timestamp())}" if conflicts.foreign else name
        return self._created(spec, free)

    def _created(self, spec: ProfileSpec, name: str) -> StoredProfile:
        """Create a profile and return it. Raises Error if Apple made another one than was asked for."""
        stored = self._stored(spec, create_profile(self.context.client, self._draft(spec, name)))
        certificates = [self.identities[spec.kind.certificate_type].certificate]
        if defect := profile_defect(spec, stored, certificates, self.context.now, timedelta()):
            raise Error(
                f"Apple created the profile {name}, but {defect}.",
                "Run the step again. If the error stays, look at the profile at developer.apple.com/account.",
            )
        return stored

    def _delete(self, conflicts: NameConflicts) -> None:
        for profile in conflicts.deletable:
            delete_profiles(self.context.client, [profile])
            log.info("Deleted the profile %s (%s) at Apple", profile.name, profile.uuid)

    def _reusable(self, spec: ProfileSpec, conflicts: NameConflicts) -> StoredProfile | None:
        """Return a profile at Apple that serves as it is, or None."""
        # A bundle id that got capabilities makes its profiles invalid, even if the listing was older.
        if self.request.force or spec.bundle_id in self.changed_bundle_ids:
            return None
        for profile in (*conflicts.stored, *conflicts.foreign):
            if profile.apple_type != spec.apple_type or not profile.active:
                continue
            whole = profile if profile.content else fetch_profile(self.context.client, profile.id)
            stored = self._stored(spec, whole)
            if not self.defect(spec, stored):
                return stored
        return None

    def defect(self, spec: ProfileSpec, stored: StoredProfile) -> str:
        """Return the reason why a profile cannot serve; "" if it can."""
        certificates = [self.identities[spec.kind.certificate_type].certificate]
        found = profile_defect(spec, stored, certificates, self.context.now, self.request.renew_before)
        return found or device_defect(spec, stored, self.apple.devices_of(spec, self.request))

    def _draft(self, spec: ProfileSpec, name: str) -> ProfileDraft:
        devices: tuple[str, ...] = ()
        if spec.kind.has_devices:
            devices = tuple(device.id for device in self.apple.devices_of(spec, self.request))
            if not devices:
                raise self._without_devices(spec)
        identity = self.identities[spec.kind.certificate_type]
        bundle_id = self.bundle_ids[spec.bundle_id].id
        return ProfileDraft(name, spec.apple_type, bundle_id, (self._apple_id(identity),), devices)

    def _without_devices(self, spec: ProfileSpec) -> Error:
        waiting = not_enabled(self.request.devices, self.apple.devices)
        named = f" Not enabled: {', '.join(waiting)}." if waiting else ""
        return Error(
            f"{str(spec).capitalize()} needs devices, but the team has none that are enabled.{named}",
            "Wait until Apple has processed them, one to three days."
            if waiting
            else "Register them with the input devices, or at developer.apple.com/account.",
        )

    def _apple_id(self, identity: StoredIdentity) -> str:
        """Return Apple's id of the certificate of an identity."""
        # An imported identity may be stored under another name than Apple's id.
        listed = by_public_key(self.apple.certificates, identity.certificate.public_key)
        return listed.id if listed else identity.certificate_id

    def _stored(self, spec: ProfileSpec, profile: AppleProfile) -> StoredProfile:
        try:
            return new_profile(spec.kind, spec.bundle_id, spec.platform, profile.content)
        except UnreadableFile as error:
            raise Error(
                f"Apple's profile {profile.name} cannot be read: {error.message}",
                "Run the step again. If the error stays, report it.",
            ) from None


def _not_listed(stored: StoredProfile) -> Error:
    return Error(
        f"Apple answered with the profile {stored.profile.name}, but does not list it as active.",
        "Run the step again: it creates the profile once more.",
    )


class ProfilesFailed(Error):
    """Some profiles could not be created. `made` are the others, which the caller stores."""

    def __init__(
        self, made: Mapping[ProfileSpec, StoredProfile], failed: Sequence[tuple[ProfileSpec, Error]]
    ) -> None:
        super().__init__(
            "\n".join(
                f"{str(spec).capitalize()} could not be created: {error.message}" for spec, error in failed
            ),
            "\n".join(dict.fromkeys(error.remedy for _, error in failed)),
        )
        self.made = dict(made)
        self.exit_code = max(error.exit_code for _, error in failed)
