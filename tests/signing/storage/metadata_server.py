"""The metadata service of an EC2 machine with a role (IMDSv2), as far as an SDK asks it for credentials.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from signing.storage.servers import Handler, World, serving

ROLES = "/latest/meta-data/iam/security-credentials/"
CREDENTIALS = {
    "Code": "Success",
    "Type": "AWS-HMAC",
    "AccessKeyId": "ROLE",
    "SecretAccessKey": "secret",
    "Token": "session",
    "LastUpdated": "2026-01-01T00:00:00Z",
    "Expiration": "2099-01-01T00:00:00Z",
}


class MetadataHandler(Handler):
    def answer(self) -> None:
        if self.command == "PUT" and self.path == "/latest/api/token":
            self.say(200, b"token")
        elif self.path in (ROLES, ROLES.rstrip("/")):
            self.say(200, b"runner")
        elif self.path == f"{ROLES}runner":
            self.say(200, json.dumps(CREDENTIALS).encode())
        else:
            self.say(404)


@contextmanager
def metadata_service() -> Iterator[tuple[str, list[str]]]:
    """Serve on loopback. Yields the address and the calls so far."""
    world = World()
    with serving(MetadataHandler, world) as address:
        yield address, world.calls
