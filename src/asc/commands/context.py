"""The context of a running command: the job, the connection, and the summary."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from asc import __version__
from asc.api.clock import SYSTEM_CLOCK, Clock
from asc.commands.declaration import Command, CommonInputs
from asc.errors import SetupError
from asc.job.environment import Job

if TYPE_CHECKING:
    from asc.api.client import Client
    from asc.api.key import ApiKey
    from asc.api.object_store import ObjectStore
    from asc.api.session import Settings


@dataclass
class Context:
    """The context of one run. `hide` masks a secret."""

    command: Command
    job: Job
    hide: Callable[[str], None]
    clock: Clock = SYSTEM_CLOCK
    summary: list[str] = field(default_factory=list)
    client: Client | None = None
    outputs: Any = None
    """The outputs so far, or None. They are set even if the step fails."""

    def now(self) -> datetime:
        """Return the time of the step's clock in UTC."""
        return datetime.fromtimestamp(self.clock.now(), UTC)

    def key(self, inputs: CommonInputs) -> ApiKey:
        """Return the API key from the inputs or the environment, and mask it. Raises KeyRefused."""
        # Imported here, because commands without a key start faster without cryptography.
        from asc.api.key.sources import find_key

        key = find_key(inputs.api_key, inputs.api_key_path, self.job.environment, self.job.why_no_secrets)
        for secret in key.secrets():
            self.hide(secret)
        return key

    def has_key(self, inputs: CommonInputs) -> bool:
        """Return True if an API key is given, valid or not."""
        from asc.api.key.sources import is_given

        return is_given(inputs.api_key, inputs.api_key_path, self.job.environment)

    def settings(self, inputs: CommonInputs, in_house: bool) -> Settings:
        """Return how to reach App Store Connect. Raises SetupError for an address that must not get the token."""
        if self.job.ca_bundle and not os.access(self.job.ca_bundle, os.R_OK):
            raise SetupError(
                f"SSL_CERT_FILE or REQUESTS_CA_BUNDLE names {self.job.ca_bundle}, which cannot be read.",
                "Name a file with certificates in PEM; in a container it must lie in the workspace or RUNNER_TEMP.",
            )
        from asc.api.session import HOST, HOST_IN_HOUSE, Settings, check_base_url

        return Settings(
            url=check_base_url(self.job.api_url or (HOST_IN_HOUSE if in_house else HOST)),
            ca_bundle=self.job.ca_bundle,
            retry_for=inputs.retry_for,
            wait_for_budget=inputs.wait_for_budget,
            user_agent=f"app-store-connect-actions/{__version__}",
        )

    def connect(self, inputs: CommonInputs, key: ApiKey | None = None) -> Client:
        """Return a client with `key`, or with the key from the inputs or the environment."""
        from asc.api.client import Client

        key = key or self.key(inputs)
        settings = self.settings(inputs, key.in_house)
        # The client gets the role, so that the error about a refused request names it.
        self.client = Client(key, settings, self.command.role, self.hide, self.clock)
        return self.client

    @contextmanager
    def storage(self, client: Client, connections: int) -> Iterator[ObjectStore]:
        """Within the block, give access to the signed links of App Store Connect."""
        from asc.api.object_store import ObjectStore

        storage = ObjectStore(client.settings, client.clock, connections, client.traffic.time_there)
        try:
            yield storage
        finally:
            storage.close()
