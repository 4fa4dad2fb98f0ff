"""Sync: what is missing is made, what is over is renewed, what will do stays as it is."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from asc.errors import Error
from asc.provisioning.associations import not_granted
from asc.provisioning.bundle_ids import BundleId, enable, find_bundle_ids, register_bundle_id
from asc.provisioning.devices.model import Device, belongs, folded
from asc.provisioning.devices.registering import DevicePlan, bring, left_out, plan_devices
from asc.provisioning.devices.requested import DeviceRequest
from asc.provisioning.kinds import CertificateType
from asc.signing.storage import Changes
from asc.signing.sync.around import look_around
from asc.signing.sync.context import AT_ONCE, AppleState, SyncContext, lasting, look, usable
from asc.signing.sync.identities import IdentityMaker
from asc.signing.sync.namesakes import Namesakes, judged
from asc.signing.sync.orphans import Orphans, clear, find_orphans
from asc.signing.sync.profile_specs import (
    ProfileSpec,
    SigningRequest,
    apple_defect,
    device_defect,
    ends,
    profile_defect,
)
from asc.signing.sync.profiles import ProfileMaker, ProfilesFailed
from asc.signing.sync.readiness import MAKE_BY_HAND, ReadySigning
from asc.signing.sync.renewed import let_go
from asc.signing.sync.stored import StoredSigning
from asc.signing.vault.entries import StoredIdentity, StoredProfile
from asc.signing.vault.texts import commit_message
from asc.signing.vault.tree import Vault
from asc.signing.vault.trimmed import warn_of_trimmed

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SyncPlan:
    """What is to be made, and why.

    `devices` are those to register and to enable, `capabilities` those that bundle ids lack; `leftovers` are to go.
    `namesakes` are profiles at Apple that stand where those to make belong.
    """

    certificates: Mapping[CertificateType, str] = field(default_factory=dict)
    profiles: Mapping[ProfileSpec, str] = field(default_factory=dict)
    bundle_ids: tuple[str, ...] = ()
    devices: DevicePlan = field(default_factory=DevicePlan)
    capabilities: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    orphans: Orphans = field(default_factory=Orphans)
    namesakes: Mapping[ProfileSpec, Namesakes] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """The plan in words, in the order in which it is carried out."""
        return [*self.orphans.lines(), *self.making()]

    def making(self) -> list[str]:
        """What is to be made, in words."""
        return [
            *self.devices.lines(),
            *(f"register the bundle id {each}" for each in self.bundle_ids),
            *(f"enable {', '.join(names)} for {each}" for each, names in self.capabilities.items()),
            *(f"make {kind.with_article} certificate: {why}" for kind, why in self.certificates.items()),
            *(line for spec, there in self.namesakes.items() for line in there.lines(spec)),
            *(f"make {spec}: {why}" for spec, why in self.profiles.items()),
        ]


@dataclass(frozen=True)
class SyncResult:
    """What a machine needs to sign, what was changed, and the wanted devices that profiles lack, in words."""

    signing: ReadySigning
    changes: tuple[str, ...]
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sync:
    """One run. `plan` only looks; `carry_out` does what the plan says."""

    context: SyncContext
    request: SigningRequest
    files: Mapping[str, bytes]
    stored_signing: StoredSigning
    portal: AppleState
    bundle_ids: Mapping[str, BundleId] = field(default_factory=dict)

    @classmethod
    def begin(cls, context: SyncContext, request: SigningRequest) -> Sync:
        """Reads the store, and asks Apple in one round."""
        files = context.storage.read()
        warn_of_trimmed(files, context.passphrase)
        stored_signing = context.stored_signing(files, request)
        for fault in stored_signing.faults:
            log.warning("%s %s", fault.message, fault.remedy)
        return cls(context, request, files, stored_signing, look(context.client, request, stored_signing))

    def plan(self) -> tuple[Sync, SyncPlan]:
        """The plan, and this run with what was learned for it. Raises Error for what no run can do."""
        request = self.request
        devices = plan_devices(request.devices, self.portal.devices, request.platforms, request.if_disabled)
        certificates = {
            kind: why for kind in self.request.certificates if (why := self._certificate_defect(kind))
        }
        profiles = self._profile_defects(certificates, bool(devices.lines()))
        known = self._known({spec.bundle_id for spec in profiles})
        missing = tuple(dict.fromkeys(spec.bundle_id for spec in profiles if spec.bundle_id not in known))
        if missing and not self.request.register_bundle_ids:
            raise Error(
                f"The team has no bundle id {', '.join(missing)}.",
                "Check bundle-ids and the key's team, or register them with register-bundle-ids: true.",
            )
        lacking = self._lacking(known)
        profiles = {
            spec: profiles.get(spec, "its bundle id gets capabilities")
            for spec in self.request.specs
            if spec in profiles or spec.bundle_id in lacking
        }
        left = find_orphans(self.context, self.request, self.files, self.stored_signing, self.portal)
        stored_signing = self.stored_signing.renamed(left.misnamed)
        namesakes = self._namesakes(profiles)
        plan = SyncPlan(certificates, profiles, missing, devices, lacking, left, namesakes)
        return replace(self, bundle_ids=known, stored_signing=stored_signing), plan

    def carry_out(self, plan: SyncPlan) -> SyncResult:
        """Makes what the plan says. What could be made is stored also where something else failed."""
        cleared, changes = clear(self.context, plan.orphans), plan.making()
        if not changes:
            signing = self._signing(self._identities(), self.stored_signing.profiles)
            return SyncResult(signing, tuple(cleared), self._lacking_devices(signing, self.portal.devices))
        self.context.storage.prove_writable()
        client = self.context.client
        devices = bring(client, plan.devices, self.portal.devices)
        registered = {
            each: register_bundle_id(client, each, self.request.capabilities) for each in plan.bundle_ids
        }
        for identifier, names in plan.capabilities.items():
            enable(client, self.bundle_ids[identifier].id, names)
        identities = {**self._identities(), **{kind: self._new_identity(kind) for kind in plan.certificates}}
        portal = replace(self.portal, devices=devices)
        bundle_ids = {**self.bundle_ids, **registered}
        maker = ProfileMaker(
            self.context,
            self.request,
            portal,
            identities,
            bundle_ids,
            frozenset(plan.capabilities),
            self.stored_signing.profiles,
            plan.namesakes,
        )
        try:
            made = maker.make_all(list(plan.profiles))
        except ProfilesFailed as failed:
            self._store(failed.made)
            raise
        self._store(made)
        self._warn_of_capabilities(made)
        gone = let_go(self.context, self.request, self.stored_signing, plan.certificates)
        signing = self._signing(identities, {**self.stored_signing.profiles, **made})
        return SyncResult(signing, (*cleared, *changes, *gone), self._lacking_devices(signing, devices))

    def _warn_of_capabilities(self, made: Mapping[ProfileSpec, StoredProfile]) -> None:
        """Warn of new profiles that do not allow what the capabilities stand for."""
        if not self.request.register_bundle_ids:
            return
        for spec, stored in made.items():
            for lacking in not_granted(self.request.capabilities, stored.profile):
                log.warning(
                    "%s %s. Check it at developer.apple.com/account, Identifiers, %s; the next sync makes the profile "
                    "anew.",
                    str(spec).capitalize(),
                    lacking,
                    spec.bundle_id,
                )

    def _lacking_devices(self, signing: ReadySigning, devices: Iterable[Device]) -> tuple[str, ...]:
        """Return, for each profile, the wanted devices that belong into it and that it does not name."""
        known = {folded(device.udid): device for device in devices}

        def expected(wanted: DeviceRequest, spec: ProfileSpec) -> bool:
            device = known.get(folded(wanted.udid))
            return device is None or belongs(device, spec.platform, include_macs=self.request.include_macs)

        found = []
        for spec, stored in signing.profiles:
            if spec.kind.has_devices:
                request = [wanted for wanted in self.request.devices if expected(wanted, spec)]
                if names := left_out(request, known.values(), stored.profile.devices):
                    found.append(
                        f"{str(spec).capitalize()} lacks devices that are asked for: {', '.join(names)}."
                    )
        return tuple(found)

    def _namesakes(self, specs: Iterable[ProfileSpec]) -> dict[ProfileSpec, Namesakes]:
        """Return the profiles at Apple that stand in the place of those to make, where there are any."""

        def of(spec: ProfileSpec) -> Namesakes:
            stored = self.stored_signing.profiles.get(spec)
            uuid = stored.profile.uuid if stored else None
            there = [each for each in self.portal.profiles if each.name == spec.name or each.uuid == uuid]
            return judged(self.context.client, spec, stored, self.portal, there)

        specs = tuple(specs)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = dict(zip(specs, pool.map(of, specs), strict=True))
        return {spec: there for spec, there in found.items() if there != Namesakes()}

    def _known(self, identifiers: set[str]) -> dict[str, BundleId]:
        """Apple's bundle ids, asked for where a profile is to be made."""
        if not identifiers:
            return {}
        capabilities = self.request.register_bundle_ids and bool(self.request.capabilities)
        return find_bundle_ids(self.context.client, identifiers, capabilities=capabilities)

    def _lacking(self, known: Mapping[str, BundleId]) -> dict[str, tuple[str, ...]]:
        """The wanted capabilities that bundle ids lack: the run that registered them may have been ended before."""
        if not self.request.register_bundle_ids:
            return {}
        found = {
            identifier: tuple(name for name in self.request.capabilities if name not in each.capabilities)
            for identifier, each in known.items()
        }
        return {identifier: names for identifier, names in found.items() if names}

    def _certificate_defect(self, kind: CertificateType) -> str:
        """Why a certificate has to be made; "" where one will do."""
        now = self.context.now
        if usable(self.stored_signing, self.portal, self.request, kind, now):
            return ""
        unknown = self.stored_signing.valid(kind, now, self.request.renew_before)
        if unknown and self.request.if_revoked == "fail":
            names = ", ".join(f"{each.certificate_id} ({each.certificate.common_name})" for each in unknown)
            raise Error(
                f"The store has {kind.with_article} certificate that Apple does not list: {names}.",
                "Either the key is of another team, or the certificate was revoked. If it was revoked, "
                + (
                    f"{MAKE_BY_HAND}."
                    if kind.needs_account_holder
                    else "if-revoked: replace makes a new one."
                ),
            )
        if (damaged := self.stored_signing.damaged(kind)) and self.request.if_revoked == "fail":
            raise Error(
                f"The store has {kind.with_article} certificate, but it cannot be used: {damaged[0].message}",
                f"{damaged[0].remedy} Or "
                + (
                    f"{MAKE_BY_HAND}."
                    if kind.needs_account_holder
                    else "have a new one made with if-revoked: replace; Apple allows only few."
                ),
            )
        if not self.request.apple_types(kind):
            raise Error(
                f"The store has no {kind.value} certificate, and App Store Connect's API makes none.",
                "Make it at developer.apple.com/account, and bring it into the store with mode: import.",
            )
        if unknown:
            return "the stored one was revoked"
        if damaged:
            return "the stored one cannot be used"
        there = self.stored_signing.identities.get(kind, ())
        if not there:
            self._check_next_door(kind)
            return "none is stored"
        ending = ends(there[0].certificate.not_after, now, self.request.renew_before)
        return f"the stored one {ending or 'is not valid'}"

    def _check_next_door(self, kind: CertificateType) -> None:
        """Raise Error where the store is empty, and match's files lie beside it: the certificate is there, probably."""
        around = look_around(self.context.storage, self.files)
        if not around.empty or not around.places:
            return
        if around.nearby.on_purpose and not around.deeper:
            log.warning("%s %s", " ".join(around.lines()), around.remedy)
            return
        raise Error(
            "\n".join([f"The {kind.value} certificate is not stored.", *around.lines()]), around.remedy
        )

    def _profile_defects(
        self, certificates: Mapping[CertificateType, str], new_devices: bool
    ) -> dict[ProfileSpec, str]:
        """Why profiles have to be made, of those that have to be."""
        now, states = self.context.now, self.portal.states()
        known = {
            kind: [
                each.certificate for each in usable(self.stored_signing, self.portal, self.request, kind, now)
            ]
            for kind in self.request.certificates
        }

        def defect(spec: ProfileSpec) -> str:
            kind, stored = spec.kind.certificate_type, self.stored_signing.profiles.get(spec)
            if kind in certificates:
                return "its certificate is new"
            if self.request.force:
                return "all are made anew (force)"
            found = profile_defect(spec, stored, known[kind], now, self.request.renew_before)
            if found or stored is None:
                return found
            found = apple_defect(stored, states) or device_defect(
                spec, stored, self.portal.devices_of(spec, self.request)
            )
            return found or ("devices are new" if new_devices and spec.kind.has_devices else "")

        return {spec: why for spec in self.request.specs if (why := defect(spec))}

    def _identities(self) -> dict[CertificateType, StoredIdentity]:
        """The identity to use of each type, as far as the store has one."""
        now = self.context.now
        found = {
            kind: usable(self.stored_signing, self.portal, self.request, kind, now)
            for kind in self.request.certificates
        }
        return {kind: identities[0] for kind, identities in found.items() if identities}

    def _new_identity(self, kind: CertificateType) -> StoredIdentity:
        before = frozenset(each.certificate_id for each in self.stored_signing.identities.get(kind, ()))
        return IdentityMaker(self.context, self.request, self.portal, kind, before).make(self.files)

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
        """What to install: the identities to use, and others of the store that unchanged profiles were made with."""
        wanted = tuple((spec, profiles[spec]) for spec in self.request.specs)
        inside = {der for _, stored in wanted for der in stored.profile.certificates}
        others = [
            each
            for kind in self.request.certificates
            for each in lasting(self.stored_signing, kind, self.context.now)
            if each.certificate.der in inside and each not in identities.values()
        ]
        return ReadySigning((*identities.values(), *others), wanted)
