"""The plan of a sync and its result, with their lines for the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from asc.provisioning.bundle_id_plan import BundleIdChanges
from asc.provisioning.devices.plan import DeviceChange
from asc.provisioning.kinds import CertificateType
from asc.signing.sync.name_conflicts import NameConflicts
from asc.signing.sync.profile_specs import ProfileSpec
from asc.signing.sync.readiness import ReadySigning
from asc.signing.sync.unused import UnusedFiles


@dataclass(frozen=True)
class SyncPlan:
    """All writes of a sync, each with its reason.

    `certificates` and `profiles` are to be created, with the reason; `bundle_ids` and `devices` to be registered or
    changed. `unused` files are removed. `name_conflicts` maps a profile to those at Apple that have its name.
    """

    certificates: Mapping[CertificateType, str] = field(default_factory=dict)
    profiles: Mapping[ProfileSpec, str] = field(default_factory=dict)
    bundle_ids: tuple[BundleIdChanges, ...] = ()
    devices: tuple[DeviceChange, ...] = ()
    unused: UnusedFiles = field(default_factory=UnusedFiles)
    name_conflicts: Mapping[ProfileSpec, NameConflicts] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """Return the plan as lines for the log, in the order of the writes."""
        return [*self.unused.lines(), *self.creation_lines()]

    def creation_lines(self) -> list[str]:
        """Return the lines of everything that is created or changed at Apple."""
        return [
            *(change.summary for change in self.devices),
            *(line for changes in self.bundle_ids for line in changes.lines()),
            *(
                f"create {kind.with_article} certificate: {reason}"
                for kind, reason in self.certificates.items()
            ),
            *(line for spec, conflicts in self.name_conflicts.items() for line in conflicts.lines(spec)),
            *(f"create {spec}: {reason}" for spec, reason in self.profiles.items()),
        ]


@dataclass(frozen=True)
class SyncResult:
    """Identities and profiles to install, the lines of the plan that were carried out, sentences on missing devices."""

    signing: ReadySigning
    changes: tuple[str, ...]
    lacking: tuple[str, ...] = ()
