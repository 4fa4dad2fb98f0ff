"""The state of the app before the upload, as far as the request is about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from asc.apps.app import App
from asc.builds.build import Build
from asc.testflight.request import DistributionRequest
from asc.words import printable_name

TO_COME = "{build}"
"""The place of a build's id in a path or body, until the build exists."""


@dataclass(frozen=True)
class Destination:
    """The build to distribute; `platform` is Apple's name.

    `uses_non_exempt_encryption` is the answer of the binary (ITSAppUsesNonExemptEncryption) or of the existing build,
    None without any; `compliance_code` is the binary's ITSEncryptionExportComplianceCode. `exists` is True for a build
    at App Store Connect that was not read yet, so that its answer is unknown.
    """

    app: App
    platform: str
    version: str = ""
    build_number: str = ""
    uses_non_exempt_encryption: bool | None = None
    compliance_code: str = ""
    exists: bool = False


@dataclass(frozen=True)
class Group:
    """A group of testers. Internal groups with `all_builds` get every build without being added."""

    id: str
    name: str
    internal: bool = False
    all_builds: bool = False

    @property
    def gets_all(self) -> bool:
        """Return True if builds need not, and cannot, be added to the group."""
        return self.internal and self.all_builds

    def __str__(self) -> str:
        return f"the {'internal' if self.internal else 'external'} group {printable_name(self.name)}"


@dataclass(frozen=True)
class Declaration:
    """An export compliance declaration of the app: its id, its code, and Apple's state."""

    id: str
    code: str
    state: str

    def __str__(self) -> str:
        return (
            f"{self.id} ({', '.join(filter(None, (printable_name(self.code), printable_name(self.state))))})"
        )


@dataclass(frozen=True)
class Known:
    """An existing resource: its id, and its attributes by Apple's names."""

    id: str
    attributes: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class AppState:
    """The state of the app, as far as the request is about it.

    `groups` are the requested ones that exist, `new_groups` the names to create. `tester_ids` go by folded address,
    `app_localizations` by locale.
    """

    destination: Destination
    primary_locale: str = ""
    groups: tuple[Group, ...] = ()
    new_groups: tuple[str, ...] = ()
    tester_ids: Mapping[str, str] = field(default_factory=dict)
    review_detail: Known | None = None
    app_localizations: Mapping[str, Known] = field(default_factory=dict)
    declaration: Declaration | None = None


def goes_outside(request: DistributionRequest, app_state: AppState) -> bool:
    """Return True if external testers get the build, which Apple reviews first."""
    new = bool(app_state.new_groups) and request.create_groups == "external"
    # Testers who are added to a build one by one get it after beta review, as an external group does.
    return bool(request.testers) or new or any(not group.internal for group in app_state.groups)


def build_id(state: Build | None) -> str:
    """Return the id of the build, or `TO_COME` as long as there is none."""
    return state.id if state else TO_COME
