"""A fresh place of each kind of storage: how it is opened, what really lies in it, and how others write there."""

from __future__ import annotations

import os
import random
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from asc.api.clock import Clock
from asc.signing.storage import Options, Storage, open_storage
from signing.storage import azure_server, gitlab_server, google_server
from signing.storage.git_server import git
from signing.storage.servers import World, serving

QUICK = Clock(sleep=lambda seconds: time.sleep(seconds / 20), chance=random.random)
KINDS = ("dir", "git", "s3", "az", "gs", "gitlab")
TEAM = "TEAM123456"


@dataclass
class Place:
    """`contents` is what lies there, as others see it; `write` is somebody else's write, without our journal."""

    kind: str
    location: str
    options: Options
    contents: Callable[[], Mapping[str, bytes]]
    write: Callable[[str, bytes], None]
    lock_down: Callable[[], None] = lambda: None
    everything: Callable[[], Mapping[str, bytes]] = dict
    """What lies in all of the bucket, by whole keys."""
    more: dict[str, Any] = field(default_factory=dict)

    def open(self, **changes: Any) -> Storage:
        return open_storage(self.location, replace(self.options, **changes))

    def assets(self) -> dict[str, bytes]:
        """What lies there without what the storage keeps for itself."""
        ours = ("asc-journal.json", ".asc-lock")
        return {name: data for name, data in self.contents().items() if not name.startswith(ours)}


def environment(**more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], **more}


def options(**given: Any) -> Options:
    return Options(**({"environment": environment(), "clock": QUICK, "attempts": 40} | given))


@contextmanager
def place(kind: str, folder: Path, stack: ExitStack) -> Iterator[Place]:
    yield {"dir": _dir, "git": _git, "s3": _s3, "az": _azure, "gs": _google, "gitlab": _gitlab}[kind](
        folder, stack
    )


def _dir(folder: Path, stack: ExitStack) -> Place:
    root = folder / "store"

    def contents() -> dict[str, bytes]:
        return {
            path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
        }

    def write(name: str, data: bytes) -> None:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)

    return Place("dir", f"dir:{root}", options(), contents, write)


def tree(repository: Path, branch: str = "master") -> dict[str, bytes]:
    """The files of a branch, by git itself."""
    if not git("--git-dir", str(repository), "for-each-ref", f"refs/heads/{branch}"):
        return {}
    names = git("--git-dir", str(repository), "ls-tree", "-r", "-z", "--name-only", branch).split(b"\0")[:-1]
    return {
        name.decode(): git("--git-dir", str(repository), "show", f"{branch}:{name.decode()}")
        for name in names
    }


def someone_commits(repository: Path, name: str, data: bytes, branch: str = "master") -> None:
    """A commit by somebody else, right in the repository."""
    exists = git("--git-dir", str(repository), "for-each-ref", f"refs/heads/{branch}")
    stream = b"commit refs/heads/%s\ncommitter Someone <a@b> 1 +0000\ndata 4\nmore\n" % branch.encode()
    stream += b"from refs/heads/%s^0\n" % branch.encode() if exists else b""
    stream += b"M 100644 inline %s\ndata %d\n%s\n" % (name.encode(), len(data), data)
    git("--git-dir", str(repository), "fast-import", "--quiet", data=stream)


def _git(folder: Path, stack: ExitStack) -> Place:
    repository = folder / "certificates.git"
    git("init", "--quiet", "--bare", "--initial-branch=master", str(repository))
    return Place(
        "git",
        f"git+file://{repository}",
        options(temporary=folder),
        lambda: tree(repository),
        lambda name, data: someone_commits(repository, name, data),
        more={"repository": repository},
    )


def _key(root: str, name: str) -> str:
    """The key of a file; match keeps some in front of the team's folder."""
    front = root.removesuffix(f"{TEAM}/")
    return front + name if front != root and name in ("README.md", "match_version.txt") else root + name


def _names(root: str, contents: Mapping[str, bytes]) -> dict[str, bytes]:
    shared = {_key(root, name): name for name in ("README.md", "match_version.txt")}
    return {shared.get(key, key.removeprefix(root)): data for key, data in contents.items()}


@cache
def _moto() -> tuple[str, Any]:
    """An S3 for all tests of this process, and a client: making both, and an end, cost more than most tests."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    return url, boto3.client("s3", endpoint_url=url, region_name="us-east-1", **keys)


def _s3(folder: Path, stack: ExitStack) -> Place:
    url, client = _moto()
    bucket = f"signing-assets-{secrets.token_hex(6)}"  # moto keeps its buckets as long as the process lives
    client.create_bucket(Bucket=bucket)
    root = f"some/where/{TEAM}/"

    def everything() -> dict[str, bytes]:
        keys = [each["Key"] for each in client.list_objects_v2(Bucket=bucket).get("Contents", [])]
        return {key: client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}

    def contents() -> dict[str, bytes]:
        return _names(root, everything())

    def write(name: str, data: bytes) -> None:
        client.put_object(Bucket=bucket, Key=_key(root, name), Body=data)

    given = options(access_key="a", secret_key="b", endpoint=url, team_id=TEAM)
    return Place(
        "s3",
        f"s3://{bucket}/some/where",
        given,
        contents,
        write,
        everything=everything,
        more={"client": client, "bucket": bucket},
    )


def _served(world: World, root: str, **given: Any) -> Place:
    def contents() -> dict[str, bytes]:
        return _names(root, world.contents())

    def write(name: str, data: bytes) -> None:
        world.put(_key(root, name), data)

    def lock_down() -> None:
        world.read_only = True

    kind = given["location"].partition(":")[0]
    return Place(
        kind,
        given["location"],
        given["options"],
        contents,
        write,
        lock_down,
        world.contents,
        {"world": world},
    )


def _azure(folder: Path, stack: ExitStack) -> Place:
    world = World()
    url = stack.enter_context(serving(azure_server.AzureHandler, world))
    given = options(
        access_key=azure_server.ACCOUNT, secret_key=azure_server.KEY, endpoint=f"{url}/{azure_server.ACCOUNT}"
    )
    return _served(world, "folder/", location=f"az://{azure_server.CONTAINER}/folder", options=given)


def _google(folder: Path, stack: ExitStack) -> Place:
    world = World()
    url = stack.enter_context(serving(google_server.GoogleHandler, world))
    given = options(environment=environment(STORAGE_EMULATOR_HOST=url.removeprefix("http://")), team_id=TEAM)
    return _served(world, f"{TEAM}/", location=f"gs://{google_server.BUCKET}", options=given)


def _gitlab(folder: Path, stack: ExitStack) -> Place:
    world = gitlab_server.GitLabWorld()
    url = stack.enter_context(serving(gitlab_server.GitLabHandler, world))
    given = options(endpoint=url, token=gitlab_server.TOKEN, team_id=TEAM)
    return _served(world, f"{TEAM}/", location=f"gitlab://{gitlab_server.PROJECT}", options=given)
