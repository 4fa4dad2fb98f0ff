"""The two storages with the team's signing: a bare git repository, and a bucket in moto's S3."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import requests

from asc.provisioning.kinds import CertificateType, ProfileType
from asc.signing.storage import Options, open_storage
from simulation.servers import free_port, serving

BUCKET = "signing"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "simulation",
    "AWS_SECRET_ACCESS_KEY": "simulation",
    "AWS_REGION": "us-east-1",
}
TYPES = {
    "git": (CertificateType.DISTRIBUTION, ProfileType.APP_STORE),
    "s3": (CertificateType.DEVELOPMENT, ProfileType.DEVELOPMENT),
}
"""The certificate and profile types of each storage. They differ, because both storages share the team at Apple."""


@contextmanager
def stores(folder: Path) -> Iterator[dict[str, dict[str, str]]]:
    """Create both storages; yield the inputs for each kind."""
    repository = folder / "signing.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", repository], check=True)
    with _bucket() as endpoint:
        yield {
            "git": {"storage": f"git+file://{repository}", "type": "app-store"},
            "s3": {"storage": f"s3://{BUCKET}", "endpoint": endpoint, "type": "development"},
        }


def read(inputs: Mapping[str, str]) -> Mapping[str, bytes]:
    """Return the files in a storage by path."""
    options = Options(environment=ENVIRONMENT, endpoint=inputs.get("endpoint", ""))
    return open_storage(inputs["storage"], options).read()


def history(inputs: Mapping[str, str]) -> list[list[str]]:
    """Return the commits of the git storage, newest first, each with its parents."""
    repository = inputs["storage"].removeprefix("git+file://")
    command = ["git", "--git-dir", repository, "log", "--all", "--format=%H %P"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return [line.split() for line in lines]


@contextmanager
def _bucket() -> Iterator[str]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with serving(command, port):
        requests.put(f"{url}/{BUCKET}", timeout=10).raise_for_status()
        yield url
