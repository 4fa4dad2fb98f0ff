"""Plan and carry out a sync: create what is missing, renew what expires, and leave everything else as it is."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from asc.api.client import REQUESTS_AT_ONCE
from asc.errors import Error
from asc.provisioning.bundle_id_plan import BundleIdChanges, apply_bundle_ids, plan_bundle_ids
from asc.provisioning.bundle_ids import RegisteredBundleId, read_bundle_ids
from asc.provisioning.certificates import AppleCertificate
from asc.provisioning.devices.device import Device, comparable_udid, fits_profile
from asc.provisioning.devices.plan import apply_devices, confirm_devices, not_shown, plan_devices
from asc.provisioning.devices.request import DeviceRequest
from asc.provisioning.devices.state import missing_from_profile
from asc.provisioning.kinds import CertificateType
from asc.provisioning.profile_check import not_granted
from asc.signing.storage import Changes
from asc.signing.sync.context import (
    AppleState,
    SyncContext,
    read_apple_state,
    usable_identities,
    valid_identities,
)
from asc.signing.sync.identities import IdentityMaker
from asc.signing.sync.name_conflicts import NameConflicts, find_name_conflicts
from asc.signing.sync.plan import SyncPlan, SyncResult
from asc.signing.sync.profile_specs import (
    ProfileSpec,
    SigningRequest,
    apple_defect,
    device_defect,
    expiry_defect,
    profile_defect,
)
from asc.signing.sync.profiles import ProfileMaker, ProfilesFailed
from asc.signing.sync.readiness import CREATE_BY_HAND, ReadySigning
from asc.signing.sync.storage_report import inspect_storage
from asc.signing.sync.stored import StoredSigning
from asc.signing.sync.superseded import remove_superseded
from asc.signing.sync.unused import find_unused, remove_unused
from asc.signing.vault.entries import StoredIdentity, StoredProfile
from asc.signing.vault.texts import commit_message
from asc.signing.vault.tree import Fault, Vault
from asc.signing.vault.trimmed import warn_of_trimmed

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sync:
    """One run over the storage and Apple. `plan` only reads; `carry_out` writes."""

    context: SyncContext
    request: SigningRequest
    files: Mapping[str, bytes]
    stored_signing: StoredSigning
    apple: AppleState
    bundle_ids: Mapping[str, RegisteredBundleId] = field(default_factory=dict)

    @classmethod
    def begin(cls, context: SyncContext, request: SigningRequest) -> Sync:
        """Read the storage, then Apple in parallel requests. Raises WrongPassphrase, StorageError, ApiError."""
        files = context.storage.read()
        warn_of_trimmed(files, context.passphrase)
        stored_signing = context.stored_signing(files, request)
        for fault in stored_signing.faults:
            log.warning("%s %s", fault.message, fault.remedy)
        return cls(
            context, request, files, stored_signing, read_apple_state(context.client, request, stored_signing)
        )

    def plan(self) -> tuple[Sync, SyncPlan]:
        """Return the plan, and this run with the state that it needed. Raises Error if the request is impossible."""
        request = self.request
        devices = tuple(plan_devices(request.devices, self.apple.devices, request.device_rules))
        certificates = {
            kind: reason for kind in request.certificates if (reason := self._certificate_defect(kind))
        }
        profiles = self._profile_defects(certificates, bool(devices))
        registered = self._registered({spec.bundle_id for spec in profiles})
        bundle_ids = self._bundle_id_changes(registered, {spec.bundle_id for spec in profiles})
        # Apple invalidates all profiles of a bundle id when its capabilities change.
        changed = {changes.request.identifier for changes in bundle_ids}
        profiles = {
            spec: profiles.get(spec, "its bundle id gets capabilities")
            for spec in request.specs
            if spec in profiles or spec.bundle_id in changed
        }
        unused = find_unused(self.context, request, self.files, self.stored_signing, self.apple)
        stored_signing = self.stored_signing.renamed(unused.misnamed)
        name_conflicts = self._name_conflicts(profiles)
        plan = SyncPlan(certificates, profiles, bundle_ids, devices, unused, name_conflicts)
        return replace(self, bundle_ids=registered, stored_signing=stored_signing), plan

    def carry_out(self, plan: SyncPlan) -> SyncResult:
        """Carry out the plan and return the result. Profiles that were created are stored also if others failed.

        Raises StorageError before the first write if the storage does not accept writes, KeyNotStored, ProfilesFailed.
        """
        cleared, changes = remove_unused(self.context, plan.unused), plan.creation_lines()
        if not changes:
            signing = self._signing(self._identities(), self.stored_signing.profiles)
            return SyncResult(signing, tuple(cleared), self._lacking_devices(signing, self.apple.devices))
        self.context.storage.prove_writable()
        maker = self._prepare(plan)
        made = self._make_profiles(maker, plan)
        removed = remove_superseded(self.context, self.request, self.stored_signing, plan.certificates)
        signing = self._signing(maker.identities, {**self.stored_signing.profiles, **made})
        lacking = self._lacking_devices(signing, maker.apple.devices)
        return SyncResult(signing, (*cleared, *changes, *removed), lacking)

    def _prepare(self, plan: SyncPlan) -> ProfileMaker:
        """Write the devices, bundle ids and certificates of the plan, and return the maker of profiles with them."""
        client = self.context.client
        devices = self.apple.devices
        if changes := [change for change, _ in apply_devices(client, plan.devices)]:
            # A profile with a device that Apple does not have would be made without it.
            devices, missing = confirm_devices(client, changes)
            if missing:
                raise not_shown(missing)
        changed_bundle_ids, findings = apply_bundle_ids(client, plan.bundle_ids)
        findings.raise_all()
        identities = {**self._identities(), **{kind: self._new_identity(kind) for kind in plan.certificates}}
        # Certificates that this run or another job created are not in the listing. Without them a profile that another
        # job has just made would seem to have lost its certificates, and two jobs would delete each other's profiles.
        created = [
            AppleCertificate(
                identity.certificate_id, "", identity.certificate.common_name, identity.certificate
            )
            for identity in identities.values()
        ]
        apple = replace(
            self.apple,
            devices=devices,
            certificates=(*self.apple.certificates, *created),
        )
        return ProfileMaker(
            self.context,
            self.request,
            apple,
            identities,
            {**self.bundle_ids, **changed_bundle_ids},
            frozenset(changes.request.identifier for changes in plan.bundle_ids if changes.registered),
            self.stored_signing.profiles,
            plan.name_conflicts,
        )

    def _make_profiles(self, maker: ProfileMaker, plan: SyncPlan) -> dict[ProfileSpec, StoredProfile]:
        """Create and store the profiles of the plan. Raises ProfilesFailed after those that succeeded are stored."""
        try:
            made = maker.make_all(list(plan.profiles))
        except ProfilesFailed as failed:
            self._store(failed.made)
            raise
        self._store(made)
        self._warn_of_capabilities(made)
        return made

    def _warn_of_capabilities(self, made: Mapping[ProfileSpec, StoredProfile]) -> None:
        """Warn of new profiles that lack the entitlements of the requested capabilities."""
        if not self.request.register_bundle_ids:
            return
        for spec, stored in made.items():
            types = [capability.type for capability in self.request.capabilities]
            for lacking in not_granted(types, stored.profile):
                log.warning(
                    "%s %s. Check it at developer.apple.com/account, Identifiers, %s; the next sync replaces the "
                    "profile.",
                    str(spec).capitalize(),
                    lacking,
                    spec.bundle_id,
                )

    def _lacking_devices(self, signing: ReadySigning, devices: Iterable[Device]) -> tuple[str, ...]:
        """Return a sentence for each profile that does not list a device that is asked for and that it should list."""
        known = {comparable_udid(device.udid): device for device in devices}

        def expected(requested: DeviceRequest, spec: ProfileSpec) -> bool:
            device = known.get(comparable_udid(requested.udid))
            return device is None or fits_profile(
                device, spec.platform, include_macs=self.request.include_macs
            )

        sentences = []
        for spec, stored in signing.profiles:
            if spec.kind.has_devices:
                requests = [requested for requested in self.request.devices if expected(requested, spec)]
                if names := missing_from_profile(requests, known.values(), stored.profile.devices):
                    sentences.append(f"{str(spec).capitalize()} lacks requested devices: {', '.join(names)}.")
        return tuple(sentences)

    def _name_conflicts(self, specs: Iterable[ProfileSpec]) -> dict[ProfileSpec, NameConflicts]:
        """Return the name conflicts of the profiles to create, without profiles that have none."""

        def conflicts_of(spec: ProfileSpec) -> NameConflicts:
            stored = self.stored_signing.profiles.get(spec)
            uuid = stored.profile.uuid if stored else None
            candidates = [
                profile
                for profile in self.apple.profiles
                if profile.name == spec.name or profile.uuid == uuid
            ]
            return find_name_conflicts(self.context.client, spec, stored, self.apple, candidates)

        specs = tuple(specs)
        with ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
            found = dict(zip(specs, pool.map(conflicts_of, specs), strict=True))
        return {spec: conflicts for spec, conflicts in found.items() if conflicts != NameConflicts()}

    def _registered(self, identifiers: set[str]) -> dict[str, RegisteredBundleId]:
        """Return the registered bundle ids of these identifiers; no request is sent for an empty set."""
        if not identifiers:
            return {}
        capabilities = self.request.register_bundle_ids and bool(self.request.capabilities)
        return read_bundle_ids(self.context.client, identifiers, capabilities=capabilities)

    def _bundle_id_changes(
        self, registered: Mapping[str, RegisteredBundleId], needed: Collection[str]
    ) -> tuple[BundleIdChanges, ...]:
        """Return the writes for the bundle ids that profiles need. Raises Error if the team lacks one."""
        requests = [request for request in self.request.bundle_id_requests if request.identifier in needed]
        if self.request.register_bundle_ids:
            # Also for bundle ids that are registered: a run may have crashed before it enabled their capabilities.
            return tuple(plan_bundle_ids(requests, registered))
        if missing := [request.identifier for request in requests if request.identifier not in registered]:
            raise Error(
                f"The team has no bundle id {', '.join(missing)}.",
                "Check bundle-ids and the team of the key, or register them with register-bundle-ids: true.",
            )
        return ()

    def _certificate_defect(self, kind: CertificateType) -> str:
        """Return the reason why a certificate has to be created; "" if a stored one serves.

        Raises Error if the user has to decide, or if the API cannot create a certificate of this type.
        """
        now = self.context.now
        if self._usable(kind):
            return ""
        unlisted = self.stored_signing.valid(kind, now, self.request.renew_before)
        damaged = self.stored_signing.damaged(kind)
        if self.request.if_revoked == "fail":
            self._check_unusable(kind, unlisted, damaged)
        if not self.request.apple_types(kind):
            raise Error(
                f"The storage has no {kind.value} certificate, and App Store Connect's API creates none.",
                "Create it at developer.apple.com/account, and import it into the storage with mode: import.",
            )
        if unlisted:
            return "the stored one was revoked"
        if damaged:
            return "the stored one cannot be used"
        stored = self.stored_signing.identities.get(kind, ())
        if not stored:
            self._check_other_places(kind)
            return "the storage has none"
        ending = expiry_defect(stored[0].certificate.not_after, now, self.request.renew_before)
        return f"the stored one {ending or 'is not valid'}"

    def _check_unusable(
        self, kind: CertificateType, unlisted: Sequence[StoredIdentity], damaged: Sequence[Fault]
    ) -> None:
        """Raise Error if the storage has a certificate that Apple does not list or that cannot be read."""
        if unlisted:
            names = ", ".join(
                f"{identity.certificate_id} ({identity.certificate.common_name})" for identity in unlisted
            )
            raise Error(
                f"The storage has {kind.with_article} certificate that Apple does not list: {names}.",
                "Either the key is of another team, or the certificate was revoked. If it was revoked, "
                f"{_replacement(kind)}.",
            )
        if damaged:
            raise Error(
                f"The storage has {kind.with_article} certificate, but it cannot be used: {damaged[0].message}",
                f"{damaged[0].remedy} Or {_replacement(kind)}; Apple allows only few certificates.",
            )

    def _check_other_places(self, kind: CertificateType) -> None:
        """Raise Error if the storage is empty and another place has match's files, probably with the certificate."""
        report = inspect_storage(self.context.storage, self.files)
        if not report.empty or not report.other_places:
            return
        if report.nearby.on_purpose and not report.subfolders:
            log.warning("%s %s", " ".join(report.lines()), report.remedy)
            return
        raise Error(
            "\n".join([f"The {kind.value} certificate is not stored.", *report.lines()]), report.remedy
        )

    def _profile_defects(
        self, certificates: Mapping[CertificateType, str], new_devices: bool
    ) -> dict[ProfileSpec, str]:
        """Return each profile that has to be created, with the reason."""
        now, states = self.context.now, self.apple.active_by_uuid()
        usable = {
            kind: [identity.certificate for identity in self._usable(kind)]
            for kind in self.request.certificates
        }

        def defect(spec: ProfileSpec) -> str:
            kind, stored = spec.kind.certificate_type, self.stored_signing.profiles.get(spec)
            if kind in certificates:
                return "its certificate is new"
            if self.request.force:
                return "force replaces all profiles"
            reason = profile_defect(spec, stored, usable[kind], now, self.request.renew_before)
            if reason or stored is None:
                return reason
            reason = apple_defect(stored, states) or device_defect(
                spec, stored, self.apple.devices_of(spec, self.request)
            )
            return reason or ("devices are new" if new_devices and spec.kind.has_devices else "")

        return {spec: reason for spec in self.request.specs if (reason := defect(spec))}

    def _identities(self) -> dict[CertificateType, StoredIdentity]:
        """Return the identity to use for each type that has a usable one."""
        return {kind: usable[0] for kind in self.request.certificates if (usable := self._usable(kind))}

    def _usable(self, kind: CertificateType) -> list[StoredIdentity]:
        return usable_identities(self.stored_signing, self.apple, self.request, kind, self.context.now)

    def _new_identity(self, kind: CertificateType) -> StoredIdentity:
        stored = self.stored_signing.identities.get(kind, ())
        unusable_ids = frozenset(identity.certificate_id for identity in stored)
        return IdentityMaker(self.context, self.request, self.apple, kind, unusable_ids).make(self.files)

    def _store(self, made: Mapping[ProfileSpec, StoredProfile]) -> None:
        if not made:
            return

        def change(files: Mapping[str, bytes]) -> Changes:
            vault = Vault(files, self.context.passphrase)
            return Changes(vault.put(made.values(), self.context.encryption))

        message = commit_message([spec.kind for spec in made], [spec.platform for spec in made])
        self.context.storage.update(change, message)

    def _signing(
        self,
        identities: Mapping[CertificateType, StoredIdentity],
        profiles: Mapping[ProfileSpec, StoredProfile],
    ) -> ReadySigning:
        """Return the identities and profiles to install."""
        requested = tuple((spec, profiles[spec]) for spec in self.request.specs)
        inside = {der for _, stored in requested for der in stored.profile.certificates}
        # Profiles that stay may contain an older certificate of the storage. It is still needed to sign with them.
        others = [
            identity
            for kind in self.request.certificates
            for identity in valid_identities(self.stored_signing, kind, self.context.now)
            if identity.certificate.der in inside and identity not in identities.values()
        ]
        return ReadySigning((*identities.values(), *others), requested)


def _replacement(kind: CertificateType) -> str:
    """Return the imperative that brings a new certificate of a type."""
    return CREATE_BY_HAND if kind.needs_account_holder else "use if-revoked: replace to create a new one"
