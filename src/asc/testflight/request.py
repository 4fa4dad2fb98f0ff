"""The request for a build in TestFlight. A field that is None or empty leaves the state as it is.

https://developer.apple.com/documentation/appstoreconnectapi/testflight
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from asc.testflight.testers.tester import Tester

DEFAULT = "default"
"""The key in a mapping of locales for all locales that the mapping does not name."""


@dataclass(frozen=True)
class ReviewInfo:
    """The information for Apple's reviewers. A field that is None stays as it is at Apple.

    https://developer.apple.com/documentation/appstoreconnectapi/betaappreviewdetail
    """

    contact_first_name: str | None = None
    contact_last_name: str | None = None
    contact_email: str | None = None
    contact_phone: str | None = None
    demo_account_name: str | None = None
    # A repr reaches tracebacks and debug logs.
    demo_account_password: str | None = field(default=None, repr=False)
    demo_account_required: bool | None = None
    notes: str | None = None

    def attributes(self) -> dict[str, Any]:
        """Return the given fields by Apple's names."""
        return _given(self, REVIEW_ATTRIBUTES)


@dataclass(frozen=True)
class AppInfo:
    """The test information of the app in one language. A field that is None stays as it is at Apple.

    https://developer.apple.com/documentation/appstoreconnectapi/betaapplocalization
    """

    description: str | None = None
    feedback_email: str | None = None
    marketing_url: str | None = None
    privacy_policy_url: str | None = None
    tv_os_privacy_policy: str | None = None

    def attributes(self) -> dict[str, Any]:
        """Return the given fields by Apple's names."""
        return _given(self, APP_ATTRIBUTES)


# Our names → Apple's. `mappings` reads the keys of the inputs by the same tables.
REVIEW_ATTRIBUTES = {
    "contact_first_name": "contactFirstName",
    "contact_last_name": "contactLastName",
    "contact_email": "contactEmail",
    "contact_phone": "contactPhone",
    "demo_account_name": "demoAccountName",
    "demo_account_password": "demoAccountPassword",
    "demo_account_required": "demoAccountRequired",
    "notes": "notes",
}
APP_ATTRIBUTES = {
    "description": "description",
    "feedback_email": "feedbackEmail",
    "marketing_url": "marketingUrl",
    "privacy_policy_url": "privacyPolicyUrl",
    "tv_os_privacy_policy": "tvOsPrivacyPolicy",
}


@dataclass(frozen=True)
class DistributionRequest:
    """The distribution of a build as the inputs ask for it.

    `whats_new` and `app_info` go by locale or "default"; `groups` are names or ids; `create_groups` is the kind of
    groups to create for unknown names; `encryption_declaration` is an id or a code; `expire_previous` is the range of
    builds. Texts are sent as they are: clean them first (asc.apps.texts).
    """

    whats_new: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    create_groups: Literal["external", "internal"] | None = None
    testers: tuple[Tester, ...] = ()
    submit_review: bool = True
    review_info: ReviewInfo | None = None
    app_info: Mapping[str, AppInfo] = field(default_factory=dict)
    uses_non_exempt_encryption: bool | None = None
    encryption_declaration: str | None = None
    notify: bool | None = None
    expire_previous: Literal["train", "platform"] | None = None
    reject_waiting: bool = False

    @property
    def distributes(self) -> bool:
        """Return True if groups or testers are to get the build."""
        return bool(self.groups or self.testers)

    @property
    def encryption(self) -> bool | None:
        """Return the answer to export compliance. A declaration means yes."""
        if self.uses_non_exempt_encryption is None and self.encryption_declaration:
            return True
        return self.uses_non_exempt_encryption

    @property
    def anything(self) -> bool:
        """Return True if anything may need a request to Apple."""
        return bool(
            # `create_groups` and `reject_waiting` only say how: alone they ask for nothing.
            self.distributes
            or self.whats_new
            or self.review_info
            or self.app_info
            or self.encryption is not None
            or self.notify is not None
            or self.expire_previous
        )


def _given(info: object, names: Mapping[str, str]) -> dict[str, Any]:
    # False is an answer ("no demo account is required"), so only None is left out.
    return {name: getattr(info, ours) for ours, name in names.items() if getattr(info, ours) is not None}
