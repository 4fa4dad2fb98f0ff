"""The scenarios of all actions, by name."""

from __future__ import annotations

from collections.abc import Mapping

from reliability.moving import MOVING
from reliability.provisioning import CHANGED_BUNDLE_IDS, CHANGED_DEVICES
from reliability.reading import DOCTOR, FETCH
from reliability.scenarios import Scenario
from reliability.signing import PLAN, READ_ONLY, REVOKE, SYNC, SYNC_GIT
from reliability.storages import STORAGES
from reliability.store import CHECK, DOWNLOAD, RELEASE, SUBMIT, UPDATE
from reliability.symbols import DSYMS
from reliability.team import ADD, BUNDLE_IDS, DEVICES, FEEDBACK, GROUP, PRUNE, REMOVE
from reliability.testers import EXPORT, INVITE
from reliability.uploading import UPLOAD
from reliability.webhooks import ENSURE, REDELIVER

SCENARIOS: Mapping[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        *(FETCH, UPLOAD, SYNC, SYNC_GIT, READ_ONLY, PLAN, REVOKE, DSYMS, ENSURE, REDELIVER, DOCTOR),
        *(UPDATE, SUBMIT, RELEASE, DOWNLOAD, CHECK, ADD, REMOVE, PRUNE, EXPORT, INVITE, GROUP, FEEDBACK),
        *(*STORAGES, *MOVING),
        *(BUNDLE_IDS, CHANGED_BUNDLE_IDS, DEVICES, CHANGED_DEVICES),
    )
}
