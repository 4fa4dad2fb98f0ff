"""The implemented types of records and endpoints, gathered from the modules of this package.

To add a resource, declare it in a module like the others, and list the module here.
"""

from __future__ import annotations

from asc_sandbox.resources import (
    app_infos,
    apps,
    beta_apps,
    builds,
    bundle_ids,
    bundles,
    certificates,
    details,
    devices,
    feedback,
    groups,
    media,
    presentation,
    profiles,
    purchases,
    recruitment,
    review,
    selling,
    store_review,
    store_texts,
    store_versions,
    submissions,
    team,
    tester_invitations,
    tester_usages,
    uploads,
    webhooks,
)
from asc_sandbox.schema import Schema

_TESTFLIGHT = (
    apps,
    builds,
    bundles,
    uploads,
    groups,
    recruitment,
    tester_usages,
    tester_invitations,
    feedback,
    details,
    beta_apps,
    review,
)
_APP_STORE = (
    store_versions,
    app_infos,
    store_texts,
    media,
    store_review,
    purchases,
    submissions,
    selling,
    presentation,
)
_PROVISIONING = (bundle_ids, certificates, devices, profiles)
_MODULES = (*_TESTFLIGHT, *_APP_STORE, *_PROVISIONING, team, webhooks)

SCHEMA: Schema = {resource.type: resource for module in _MODULES for resource in module.RESOURCES}
ENDPOINTS = tuple(endpoint for module in _MODULES for endpoint in module.ENDPOINTS)
