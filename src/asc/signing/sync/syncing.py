"""Sync: what is missing is made, what is over is renewed, what will do stays as it is."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from asc.errors import Error
from asc.signing.devices.model import Device, belongs, folded
from asc.signing.devices.registering import DevicePlan, bring, left_out, plan_devices
from asc.signing.devices.wishes import DeviceWish
from asc.signing.portal.bundle_ids import BundleId, enable, find_bundle_ids, register_bundle_id
from asc.signing.storage import Changes
from asc.signing.sync.around import look_around
from asc.signing.sync.identities import IdentityMaker
from asc.signing.sync.judging import apple_defect, device_defect, ends, profile_defect
from asc.signing.sync.leftovers import Leftovers, clear, leftovers
from asc.signing.sync.namesakes import Namesakes, judged
from asc.signing.sync.profiles import ProfileMaker, ProfilesFailed
from asc.signing.sync.readiness import Signing
from asc.signing.sync.renewed import let_go
from asc.signing.sync.stock import Stock
from asc.signing.sync.surroundings import AT_ONCE, Portal, Surroundings, lasting, look, usable
from asc.signing.sync.wants import Want, Wishes
from asc.signing.vault.entries import StoredIdentity, StoredProfile
from asc.signing.vault.kinds import CertificateType
from asc.signing.vault.texts import commit_message
from asc.signing.vault.tree import Vault
from asc.signing.vault.trimmed import warn_of_trimmed

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """What is to be made, and why.

    `devices` are those to register and to enable, `capabilities` those that bundle ids lack; `leftovers` are to go.
    `namesakes` are profiles at Apple that stand where those to make belong.
    """

    certificates: Mapping[CertificateType, str] = field(default_factory=dict)
    profiles: Mapping[Want, str] = field(default_factory=dict)
    bundle_ids: tuple[str, ...] = ()
    devices: DevicePlan = field(default_factory=DevicePlan)
    capabilities: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    leftovers: Leftovers = field(default_factory=Leftovers)
    namesakes: Mapping[Want, Namesakes] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """The plan in words, in the order in which it is carried out."""
        return [*self.leftovers.lines(), *self.making()]

    def making(self) -> list[str]:
        """What is to be made, in words."""
        return [
            *self.devices.lines(),
            *(f"register the bundle id {each}" for each in self.bundle_ids),
            *(f"enable {', '.join(names)} for {each}" for each, names in self.capabilities.items()),
            *(f"make {kind.with_article} certificate: {why}" for kind, why in self.certificates.items()),
            *(line for want, there in self.namesakes.items() for line in there.lines(want)),
            *(f"make {want}: {why}" for want, why in self.profiles.items()),
        ]


@dataclass(frozen=True)
class Synced:
    """What a machine needs to sign, what was changed, and the wanted devices that profiles lack, in words."""

    signing: Signing
    changes: tuple[str, ...]
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sync:
    """One run. `plan` only looks; `carry_out` does what the plan says."""

    surroundings: Surroundings
    wishes: Wishes
    files: Mapping[str, bytes]
    stock: Stock
    portal: Portal
    bundle_ids: Mapping[str, BundleId] = field(default_factory=dict)

    @classmethod
    def begin(cls, surroundings: Surroundings, wishes: Wishes) -> Sync:
        """Reads the store, and asks Apple in one round."""
        files = surroundings.storage.read()
        warn_of_trimmed(files, surroundings.passphrase)
        stock = surroundings.stock(files, wishes)
        for fault in stock.faults:
            log.warning("%s %s", fault.message, fault.remedy)
        return cls(surroundings, wishes, files, stock, look(surroundings.client, wishes, stock))

    def plan(self) -> tuple[Sync, Plan]:
        """The plan, and this run with what was learned for it. Raises Error for what no run can do."""
        wishes = self.wishes
        devices = plan_devices(wishes.devices, self.portal.devices, wishes.platforms, wishes.if_disabled)
        certificates = {
            kind: why for kind in self.wishes.certificates if (why := self._certificate_defect(kind))
        }
        profiles = self._profile_defects(certificates, bool(devices.lines()))
        known = self._known({want.bundle_id for want in profiles})
        missing = tuple(dict.fromkeys(want.bundle_id for want in profiles if want.bundle_id not in known))
        if missing and not self.wishes.register_bundle_ids:
            raise Error(
                f"The team has no bundle id {', '.join(missing)}.",
                "Check bundle-ids and the key's team, or register them with register-bundle-ids: true.",
            )
        lacking = self._lacking(known)
        profiles = {
            want: profiles.get(want, "its bundle id gets capabilities")
            for want in self.wishes.wants
            if want in profiles or want.bundle_id in lacking
        }
        left = leftovers(self.surroundings, self.wishes, self.files, self.stock, self.portal)
        stock = self.stock.renamed(left.misnamed)
        namesakes = self._namesakes(profiles)
        plan = Plan(certificates, profiles, missing, devices, lacking, left, namesakes)
        return replace(self, bundle_ids=known, stock=stock), plan

    def carry_out(self, plan: Plan) -> Synced:
        """Makes what the plan says. What could be made is stored also where something else failed."""
        cleared, changes = clear(self.surroundings, plan.leftovers), plan.making()
        if not changes:
            signing = self._signing(self._identities(), self.stock.profiles)
            return Synced(signing, tuple(cleared), self._lacking_devices(signing, self.portal.devices))
        self.surroundings.storage.prove_writable()
        client = self.surroundings.client
        devices = bring(client, plan.devices, self.portal.devices)
        registered = {
            each: register_bundle_id(client, each, self.wishes.capabilities) for each in plan.bundle_ids
        }
        for identifier, names in plan.capabilities.items():
            enable(client, self.bundle_ids[identifier].id, names)
        identities = {**self._identities(), **{kind: self._new_identity(kind) for kind in plan.certificates}}
        portal = replace(self.portal, devices=devices)
        bundle_ids = {**self.bundle_ids, **registered}
        maker = ProfileMaker(
            self.surroundings,
            self.wishes,
            portal,
            identities,
            bundle_ids,
            frozenset(plan.capabilities),
            self.stock.profiles,
            plan.namesakes,
        )
        try:
            made = maker.make_all(list(plan.profiles))
        except ProfilesFailed as failed:
            self._store(failed.made)
            raise
        self._store(made)
        gone = let_go(self.surroundings, self.wishes, self.stock, plan.certificates)
        signing = self._signing(identities, {**self.stock.profiles, **made})
        return Synced(signing, (*cleared, *changes, *gone), self._lacking_devices(signing, devices))

    def _lacking_devices(self, signing: Signing, devices: Iterable[Device]) -> tuple[str, ...]:
        """Return, for each profile, the wanted devices that belong into it and that it does not name."""
        known = {folded(device.udid): device for device in devices}

        def expected(wish: DeviceWish, want: Want) -> bool:
            device = known.get(folded(wish.udid))
            return device is None or belongs(device, want.platform, include_macs=self.wishes.include_macs)

        found = []
        for want, stored in signing.profiles:
            if want.kind.has_devices:
                wishes = [wish for wish in self.wishes.devices if expected(wish, want)]
                if names := left_out(wishes, known.values(), stored.profile.devices):
                    found.append(
                        f"{str(want).capitalize()} lacks devices that are asked for: {', '.join(names)}."
                    )
        return tuple(found)

    def _namesakes(self, wants: Iterable[Want]) -> dict[Want, Namesakes]:
        """Return the profiles at Apple that stand in the place of those to make, where there are any."""

        def of(want: Want) -> Namesakes:
            stored = self.stock.profiles.get(want)
            uuid = stored.profile.uuid if stored else None
            there = [each for each in self.portal.profiles if each.name == want.name or each.uuid == uuid]
            return judged(self.surroundings.client, want, stored, self.portal, there)

        wants = tuple(wants)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = dict(zip(wants, pool.map(of, wants), strict=True))
        return {want: there for want, there in found.items() if there != Namesakes()}

    def _known(self, identifiers: set[str]) -> dict[str, BundleId]:
        """Apple's bundle ids, asked for where a profile is to be made."""
        if not identifiers:
            return {}
        capabilities = self.wishes.register_bundle_ids and bool(self.wishes.capabilities)
        return find_bundle_ids(self.surroundings.client, identifiers, capabilities=capabilities)

    def _lacking(self, known: Mapping[str, BundleId]) -> dict[str, tuple[str, ...]]:
        """The wanted capabilities that bundle ids lack: the run that registered them may have been ended before."""
        if not self.wishes.register_bundle_ids:
            return {}
        found = {
            identifier: tuple(name for name in self.wishes.capabilities if name not in each.capabilities)
            for identifier, each in known.items()
        }
        return {identifier: names for identifier, names in found.items() if names}

    def _certificate_defect(self, kind: CertificateType) -> str:
        """Why a certificate has to be made; "" where one will do."""
        now = self.surroundings.now
        if usable(self.stock, self.portal, self.wishes, kind, now):
            return ""
        unknown = self.stock.valid(kind, now, self.wishes.renew_before)
        if unknown and self.wishes.if_revoked == "fail":
            names = ", ".join(f"{each.certificate_id} ({each.certificate.common_name})" for each in unknown)
            raise Error(
                f"The store has {kind.with_article} certificate that Apple does not list: {names}.",
                "Either the key is of another team, or the certificate was revoked. If it was revoked, "
                + (
                    # Apple lets the account holder alone make these: a key gets 403.
                    "make a new one at developer.apple.com/account, and bring it in with mode: import."
                    if kind is CertificateType.DEVELOPER_ID_APPLICATION
                    else "if-revoked: replace makes a new one."
                ),
            )
        if (damaged := self.stock.damaged(kind)) and self.wishes.if_revoked == "fail":
            raise Error(
                f"The store has {kind.with_article} certificate, but it cannot be used: {damaged[0].message}",
                f"{damaged[0].remedy} Or have a new one made with if-revoked: replace; Apple allows only few.",
            )
        if not self.wishes.apple_types(kind):
            raise Error(
                f"The store has no {kind.value} certificate, and App Store Connect's API makes none.",
                "Make it at developer.apple.com/account, and bring it into the store with mode: import.",
            )
        if unknown:
            return "the stored one was revoked"
        if damaged:
            return "the stored one cannot be used"
        there = self.stock.identities.get(kind, ())
        if not there:
            self._check_next_door(kind)
            return "none is stored"
        return f"the stored one {ends(there[0].certificate.not_after, now, self.wishes.renew_before) or 'is not valid'}"

    def _check_next_door(self, kind: CertificateType) -> None:
        """Raise Error where the store is empty, and match's files lie beside it: the certificate is there, probably."""
        around = look_around(self.surroundings.storage, self.files)
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
    ) -> dict[Want, str]:
        """Why profiles have to be made, of those that have to be."""
        now, states = self.surroundings.now, self.portal.states()
        known = {
            kind: [each.certificate for each in usable(self.stock, self.portal, self.wishes, kind, now)]
            for kind in self.wishes.certificates
        }

        def defect(want: Want) -> str:
            kind, stored = want.kind.certificate_type, self.stock.profiles.get(want)
            if kind in certificates:
                return "its certificate is new"
            if self.wishes.force:
                return "all are made anew (force)"
            found = profile_defect(want, stored, known[kind], now, self.wishes.renew_before)
            if found or stored is None:
                return found
            found = apple_defect(stored, states) or device_defect(
                want, stored, self.portal.devices_of(want, self.wishes)
            )
            return found or ("devices are new" if new_devices and want.kind.has_devices else "")

        return {want: why for want in self.wishes.wants if (why := defect(want))}

    def _identities(self) -> dict[CertificateType, StoredIdentity]:
        """The identity to use of each type, as far as the store has one."""
        now = self.surroundings.now
        found = {
            kind: usable(self.stock, self.portal, self.wishes, kind, now) for kind in self.wishes.certificates
        }
        return {kind: identities[0] for kind, identities in found.items() if identities}

    def _new_identity(self, kind: CertificateType) -> StoredIdentity:
        before = frozenset(each.certificate_id for each in self.stock.identities.get(kind, ()))
        return IdentityMaker(self.surroundings, self.wishes, self.portal, kind, before).make(self.files)

    def _store(self, made: Mapping[Want, StoredProfile]) -> None:
        if not made:
            return

        def change(files: Mapping[str, bytes]) -> Changes:
            vault = Vault(files, self.surroundings.passphrase)
            return Changes(vault.put(made.values(), self.surroundings.encryption))

        message = commit_message([want.kind for want in made], [want.platform for want in made])
        self.surroundings.storage.update(change, message)

    def _signing(
        self, identities: Mapping[CertificateType, StoredIdentity], profiles: Mapping[Want, StoredProfile]
    ) -> Signing:
        """What to install: the identities to use, and others of the store that unchanged profiles were made with."""
        wanted = tuple((want, profiles[want]) for want in self.wishes.wants)
        inside = {der for _, stored in wanted for der in stored.profile.certificates}
        others = [
            each
            for kind in self.wishes.certificates
            for each in lasting(self.stock, kind, self.surroundings.now)
            if each.certificate.der in inside and each not in identities.values()
        ]
        return Signing((*identities.values(), *others), wanted)
