"""Bring bundle ids and their capabilities to a request: plan, write, read back.

Nothing is turned off unless it is named: App groups and containers that a person associated would be lost with it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from asc.api.client import REQUESTS_AT_ONCE, Client
from asc.api.polling import look_until
from asc.errors import Error, Findings
from asc.provisioning.bundle_ids import (
    EnabledCapability,
    RegisteredBundleId,
    configure_capability,
    disable_capability,
    enable_capability,
    fetch_bundle_id,
    register_bundle_id,
    rename_bundle_id,
)
from asc.provisioning.capabilities import Capability

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BundleIdRequest:
    """A requested bundle id, with at least these capabilities, and the types to turn off.

    `platform` as Apple writes it. `name` is "" for the default: the identifier with blanks. `rename`: a registered
    bundle id gets the name as well, if one is given.
    """

    identifier: str
    platform: str
    capabilities: tuple[Capability, ...] = ()
    disable: tuple[str, ...] = ()
    name: str = ""
    rename: bool = False

    @property
    def is_wildcard(self) -> bool:
        """Return True if it stands for many bundle ids, like `com.example.*` and `*`."""
        return self.identifier.endswith("*")

    @property
    def apple_name(self) -> str:
        """Return the name of the bundle id on the developer website."""
        # Apple refuses most marks in a name.
        plain = self.identifier.replace("*", "wildcard").replace(".", " ").replace("-", " ")
        return self.name or plain


@dataclass(frozen=True)
class BundleIdChanges:
    """The writes for one bundle id. `registered` is None if it has to be registered."""

    request: BundleIdRequest
    registered: RegisteredBundleId | None
    enable: tuple[Capability, ...] = ()
    configure: tuple[Capability, ...] = ()
    disable: tuple[str, ...] = ()
    rename: bool = False

    @property
    def any(self) -> bool:
        """Return True if something has to be written."""
        return self.registered is None or bool(self.enable or self.configure or self.disable or self.rename)

    def lines(self) -> Iterator[str]:
        """Yield the plan in words, in the order of the writes."""
        name = self.request.identifier
        if self.registered is None:
            yield f"register the bundle id {name} ({self.request.platform})"
        if self.rename:
            yield f"rename the bundle id {name} to {self.request.name}"
        for capability in self.enable:
            option = f" ({capability.option})" if capability.option else ""
            yield f"enable {capability.type} for {name}{option}"
        for capability in self.configure:
            yield f"set {capability.type} of {name} to {capability.option}"
        for kind in self.disable:
            yield f"disable {kind} for {name}"


def plan_bundle_ids(
    requests: Iterable[BundleIdRequest], registered: Mapping[str, RegisteredBundleId]
) -> list[BundleIdChanges]:
    """Return the writes for the requests that are not fulfilled by `registered` (by identifier)."""
    plans = [_plan(request, registered.get(request.identifier)) for request in requests]
    return [changes for changes in plans if changes.any]


def apply_bundle_ids(
    client: Client, plan: Sequence[BundleIdChanges]
) -> tuple[dict[str, RegisteredBundleId], Findings]:
    """Write the changes, and return each bundle id as Apple has it afterwards, and the errors.

    The bundle ids are written side by side. A bundle id or a capability that fails does not stop the others.
    """
    with ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
        results = list(pool.map(lambda changes: _apply(client, changes), plan))
    findings = Findings()
    for _, errors in results:
        for error in errors.errors:
            findings.add(error)
    return {bundle_id.identifier: bundle_id for bundle_id, _ in results if bundle_id}, findings


def _plan(request: BundleIdRequest, registered: RegisteredBundleId | None) -> BundleIdChanges:
    enabled: Mapping[str, EnabledCapability] = registered.capabilities if registered else {}
    return BundleIdChanges(
        request,
        registered,
        enable=tuple(capability for capability in request.capabilities if capability.type not in enabled),
        configure=tuple(
            capability
            for capability in request.capabilities
            # Without a requested option the one that a person chose stays.
            if capability.option
            and capability.type in enabled
            and enabled[capability.type].option != capability.option
        ),
        disable=tuple(kind for kind in request.disable if kind in enabled),
        rename=bool(registered and request.rename and request.name not in ("", registered.name)),
    )


def _apply(client: Client, changes: BundleIdChanges) -> tuple[RegisteredBundleId | None, Findings]:
    """Return the bundle id as Apple has it after the writes, as far as it is known, and the errors."""
    request, registered, findings = changes.request, changes.registered, Findings()
    try:
        if registered is None:
            registered = register_bundle_id(client, request.identifier, request.apple_name, request.platform)
            log.info("Registered the bundle id %s", request.identifier)
        # A new bundle id has some capabilities from the start, and another job may have given it more.
        left = _plan(request, registered)
        if left.any:
            registered = _write(client, left, registered, findings)
    except Error as error:
        # Also if Apple could not be reached: the caller has to know the changes that were made.
        findings.add(error)
    return registered, findings


def _write(
    client: Client, changes: BundleIdChanges, before: RegisteredBundleId, findings: Findings
) -> RegisteredBundleId:
    """Make the changes, and return the bundle id as Apple has it then. Refusals are added to `findings`."""
    for line, write in zip(changes.lines(), _writes(client, changes, before), strict=True):
        # A capability that is refused does not stop the others.
        if findings.result_of(lambda write=write: write() or True, False):  # type: ignore[misc]
            log.info("Done: %s", line)
    # Apple was seen to answer 201 to PUSH_NOTIFICATIONS and to change nothing. After a refusal there is nothing to
    # wait for.
    now = look_until(
        client,
        lambda: fetch_bundle_id(client, before.id),
        lambda read: findings.any or not _plan(changes.request, read).any,
    )
    left = _plan(changes.request, now)
    if left.any and not findings.any:
        findings.add(
            Error(
                f"Apple accepted the changes of {before.identifier}, but this is still to do: "
                f"{'; '.join(left.lines())}.",
                "Run the step again. If the error stays, change it at developer.apple.com/account, Identifiers.",
            )
        )
    return now


def _writes(
    client: Client, changes: BundleIdChanges, before: RegisteredBundleId
) -> Iterator[Callable[[], None]]:
    """Yield the requests of the changes, in the order of their lines."""
    if changes.rename:
        yield partial(rename_bundle_id, client, before.id, changes.request.name)
    for capability in changes.enable:
        yield partial(enable_capability, client, before.id, capability)
    for capability in changes.configure:
        yield partial(configure_capability, client, capability, before.capabilities[capability.type].id)
    for kind in changes.disable:
        yield partial(disable_capability, client, before.capabilities[kind].id)
