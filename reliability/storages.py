"""The scenarios of sync-signing in which the storage goes wrong: each kind of server × the modes that use it."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from asc.signing.storage.journal import is_ours
from asc.signing.vault.entries import StoredIdentity
from asc_sandbox.server import Sandbox
from core.running import Done
from core.signing import Store, team
from reliability.cells import Cell, Request, broken, ended, sampled
from reliability.faults import ALWAYS, ONCE, Kind
from reliability.scenarios import Faulty, Json, Scenario
from reliability.signing import BEGINNING, Complete, Plan, Revoke, Signing, Sync
from signing.storage import places
from signing.storage.git_server import WRITES, git, git_host
from signing.storage.places import Place
from support.faulty_proxy import FaultyProxy

KINDS = {
    "git": "git over http",
    "s3": "S3",
    "az": "Azure",
    "gs": "Google Cloud",
    "gitlab": "GitLab",
}
RIVAL = "theirs/note.txt"
"""The file that the other writer stores. No action looks at it, and none may lose it."""
STATUSES = (403, 404, 409, 412, 429, 500, 503, 507)
"""507 is Insufficient Storage: the disk or the quota of the server is used up."""
ANSWERS = (
    *(f"status={status}" for status in STATUSES),
    *("reset", "lost", "served-500", "hang", "slow=60", "truncate", "html"),
)
EVERY = (
    *(Kind(words, often) for words in ANSWERS for often in (ONCE, ALWAYS)),
    Kind("refused", ALWAYS),
    Kind("rival", ONCE),
)


def name_of(path: str, body: bytes) -> str:
    """Return the short name of a request to any of the storages, without ids and fingerprints."""
    parts = urlsplit(path)
    whole = unquote(f"{path} {body.decode('latin-1')}")
    if "asc-journal.json" in whole:
        return "/journal"
    if "asc-probe-" in whole:
        return "/probe"
    if "git-upload-pack" in path:
        return "/refs-to-read" if parts.path.endswith("/info/refs") else "/objects"
    if "git-receive-pack" in path:
        return "/refs-to-write" if parts.path.endswith("/info/refs") else "/push"
    if match := re.search(r"\b(pending|certs|profiles)/", whole.partition("prefix=")[0]):
        return f"/{match[1]}"
    if re.search(r"list-type=2|comp=list|per_page=", path) or parts.path.endswith("/o"):
        return "/list"
    if re.search(r"/secure_files/\d+", path):
        return "/file"
    if "README.md" in whole or "match_version.txt" in whole:
        return "/shared"
    # Google's client asks for the bucket before it lists it.
    return "/bucket"


@dataclass
class PlacedStore(Store):
    """A storage on a server. `address` is the one for the step, which leads through the proxy."""

    place: Place | None = None
    address: str = ""

    @property
    def location(self) -> str:
        """Return the location for the input `storage`."""
        return self.address

    def files(self) -> dict[str, bytes]:
        """Return the files as every reader sees them, so with an unfinished change applied."""
        assert self.place
        return {name: data for name, data in self.place.open().read().items() if not is_ours(name)}

    def identities(self) -> tuple[StoredIdentity, ...]:
        """Return the complete identities. A change that is cut off may leave a certificate whose key is put aside."""
        return self.vault().identities().entries

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write files as another job or person would do meanwhile."""
        assert self.place
        for name, data in files.items():
            self.place.write(name, data)


@dataclass(frozen=True)
class Placed(Signing):
    """The base of the scenarios with a server. Every cell has a server and a proxy of its own.

    `one_in` is the share of the cells that run.
    """

    kind: str = "s3"
    one_in: int = 1
    place: Place | None = None
    proxy: FaultyProxy | None = None

    @contextmanager
    def begun(self, machine: Path) -> Iterator[Scenario]:
        """Start the server and the proxy, and yield this scenario with them."""
        folder = machine.with_name(f"{machine.name}.servers")
        folder.mkdir()
        with ExitStack() as stack:
            place, backend, authority = _started(self.kind, folder, stack)
            proxy = stack.enter_context(
                FaultyProxy(backend, name_of, lambda: place.write(RIVAL, b"theirs"), authority)
            )
            yield replace(self, place=place, proxy=proxy)

    def broken(self, sandbox: Sandbox) -> Faulty:
        """Return the proxy in front of the storage, which has the faults."""
        assert self.proxy
        return self.proxy

    def cells(self, requests: Sequence[Request]) -> list[Cell]:
        """Return the share of the cells, from the first requests of each name."""
        first = [request for request in requests if request.before < 2]
        whole = [*broken(self.name, first, EVERY, ()), *ended(self.name, first)]
        return sampled(whole, self.one_in)

    def may_refuse(self, kind: Kind) -> bool:
        """Return True if the server itself said no: 412 and 507 as well, and a page in place of its answer."""
        return kind.words in ("status=412", "status=507", "html") or super().may_refuse(kind)

    def store(self, machine: Path) -> Store:
        """Return the storage of the team, as the step reaches it."""
        assert self.place and self.proxy
        address = f"{self.proxy.url}/team/certs.git" if self.kind == "git" else self.place.location
        return PlacedStore(machine, place=self.place, address=address)

    def make_store(self, machine: Path) -> None:
        """Do nothing: the server has an empty storage."""

    def inputs(self, machine: Path, sandbox: Sandbox) -> Json:
        """Return the inputs with the address of the proxy."""
        assert self.place and self.proxy
        options, inputs = self.place.options, dict(super().inputs(machine, sandbox))
        if token := self._token():
            inputs["storage-token"] = token
        if options.endpoint:
            inputs["endpoint"] = self.proxy.url + urlsplit(options.endpoint).path
        if options.team_id:
            inputs["team-id"] = options.team_id
        return inputs

    def env(self, sandbox: Sandbox) -> dict[str, str]:
        """Return the credentials as the clouds' own actions export them."""
        assert self.place and self.proxy
        options = self.place.options
        return {**super().env(sandbox)} | {
            "s3": {"AWS_ACCESS_KEY_ID": options.access_key, "AWS_SECRET_ACCESS_KEY": options.secret_key},
            "az": {
                "AZURE_STORAGE_ACCOUNT_NAME": options.access_key,
                "AZURE_STORAGE_ACCOUNT_KEY": options.secret_key,
            },
            "gs": {"STORAGE_EMULATOR_HOST": self.proxy.url.removeprefix("http://")},
        }.get(self.kind, {})

    def secrets(self) -> Iterable[str]:
        """Return the token and the key of the storage as well."""
        assert self.place
        more = (self._token(), self.place.options.secret_key)
        # The secret key of the S3 server is a single letter.
        return (*super().secrets(), *(secret for secret in more if len(secret) > 8))

    def facts(self, machine: Path, sandbox: Sandbox, done: Done) -> Json:
        """Return the state with the files that do not belong to a complete identity."""
        faults = self.store(machine).vault().identities().faults
        return {**super().facts(machine, sandbox, done), "incomplete": [fault.path for fault in faults]}

    def _token(self) -> str:
        assert self.place
        # Tests read the repository as a folder, and the step through the host, which wants a token.
        return WRITES if self.kind == "git" else self.place.options.token

    def wrongs(self, machine: Path, sandbox: Sandbox) -> Iterator[str]:
        """Yield the lost file of another writer as well."""
        yield from super().wrongs(machine, sandbox)
        yield from self.lost_of_others()

    def lost_of_others(self) -> Iterator[str]:
        """Yield a complaint if another writer stored a file during the step and the file is gone."""
        assert self.proxy and self.place
        if self.proxy.rivals and self.place.assets().get(RIVAL) != b"theirs":
            yield "the file of another writer is lost"


@dataclass(frozen=True)
class SyncPlaced(Placed, Sync):
    """The first run of a team, with its storage on a server."""

    def is_right(self, kind: Kind, facts: Json, expected: Json) -> bool:
        """Return True also if the key that was put aside is still there: the next run removes it."""
        # These statuses mean that somebody else has changed a file. Then it is kept, and nothing is removed.
        left = {"keys put aside"} if kind.words in ("status=404", "status=409", "status=412") else set()
        return all(facts[name] == expected[name] for name in expected if name not in left)


@dataclass(frozen=True)
class CompletePlaced(Placed, Complete):
    """A run that finds everything complete in a storage on a server."""


@dataclass(frozen=True)
class PlanPlaced(Placed, Plan):
    """The mode plan with an empty storage on a server."""


@dataclass(frozen=True)
class RevokePlaced(Placed, Revoke):
    """The mode revoke, with the storage of the team on a server."""

    def is_finished(self, facts: Json, expected: Json) -> bool:
        """Return True also if one file of a revoked pair is left."""
        return super().is_finished({**facts, "incomplete": expected["incomplete"]}, expected)


def _started(kind: str, folder: Path, stack: ExitStack) -> tuple[Place, str, Path | None]:
    """Start a server. Return its place, its address for the proxy, and the file of its authority if it has one."""
    # The server of S3 would write a line to standard error for each request.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    if kind == "git":
        return _git_host(folder, stack)
    place = stack.enter_context(places.place(kind, folder, stack))
    endpoint = place.options.endpoint or f"http://{place.options.environment['STORAGE_EMULATOR_HOST']}"
    parts = urlsplit(endpoint)
    return place, f"{parts.scheme}://{parts.netloc}", None


def _git_host(folder: Path, stack: ExitStack) -> tuple[Place, str, Path | None]:
    root = folder / "root"
    repository = root / "team" / "certs.git"
    git("init", "--quiet", "--bare", "--initial-branch=master", str(repository))
    host = stack.enter_context(git_host(root, folder))
    place = Place(
        "git",
        f"git+file://{repository}",
        places.options(temporary=folder),
        lambda: places.tree(repository),
        lambda name, data: places.someone_commits(repository, name, data),
    )
    return place, host.url, host.authority


def scenarios_of(scenario: type[Placed], mode: str, world: Json, one_in: int) -> tuple[Placed, ...]:
    """Return a scenario of this mode for each kind of server."""
    return tuple(
        scenario(f"sync-signing, {mode}, {name}", "sync-signing", world, mode=mode, kind=kind, one_in=one_in)
        for kind, name in KINDS.items()
    )


STORAGES = (
    *scenarios_of(SyncPlaced, "sync", BEGINNING, 10),
    *scenarios_of(CompletePlaced, "read-only", team(), 20),
    *scenarios_of(PlanPlaced, "plan", team(), 24),
    *scenarios_of(RevokePlaced, "revoke", team(), 36),
)
"""All of their cells would take half an hour; these shares are about 500 cells, and those of reliability.moving 300."""
