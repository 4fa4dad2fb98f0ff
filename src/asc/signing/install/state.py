"""What a job made on a machine, kept in a file, so that it can be removed whatever becomes of the job.

Each thing is written down before it is made. The files lie in a folder of the user's that outlives jobs (not in
RUNNER_TEMP, which the runner empties): <folder>/<id>.json, and <folder>/lock, which serializes whoever changes the
user's search list, Xcode's folders, or these files.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

VERSION = 1


@dataclass(frozen=True)
class Holder:
    """The process that lives as long as the job: its id, and when it started, seconds since 1970."""

    pid: int
    started: float


@dataclass(frozen=True)
class Placed:
    """A file in one of Xcode's folders that this job uses.

    `made`: it is ours to remove; else it was there before. `previous`: what stood there instead, base64.
    """

    path: str
    sha256: str
    made: bool
    previous: str | None = None


@dataclass(frozen=True)
class State:
    """What one run of sync-signing made. Paths are absolute; `created` in UTC.

    `owner` names the job, so that its clean-up finds it. `keychain` is the file; `search_list` what the list was
    before, None as long as it has not been touched. `work` is a folder of ours that goes with all that is in it;
    `outputs` are files, and folders if they are empty then.
    """

    id: str
    owner: str
    created: datetime
    holder: Holder | None = None
    keychain: str | None = None
    search_list: tuple[str, ...] | None = None
    work: str | None = None
    placed: tuple[Placed, ...] = ()
    outputs: tuple[str, ...] = ()

    def with_placed(self, placed: Iterable[Placed]) -> State:
        """With these files, in the place of earlier entries for the same paths."""
        new = {each.path: each for each in placed}
        others = (each for each in self.placed if each.path not in new)
        return replace(self, placed=(*others, *new.values()))

    def with_outputs(self, paths: Iterable[str]) -> State:
        """With these files and folders of `output-directory`."""
        return replace(self, outputs=tuple(dict.fromkeys((*self.outputs, *paths))))


def write_state(state: State) -> bytes:
    """JSON."""
    values = {**asdict(state), "version": VERSION, "created": state.created.astimezone(UTC).isoformat()}
    return (json.dumps(values, indent=1) + "\n").encode()


def read_state(content: bytes) -> State:
    """The reverse. Raises ValueError where it is none, or one of another version."""
    try:
        values = json.loads(content)
        if values.get("version") != VERSION:
            raise ValueError("of another version")
        return _state(values)
    except (AttributeError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError(f"no state: {type(error).__name__}") from None


def _state(values: dict[str, Any]) -> State:
    holder, listed = values["holder"], values["search_list"]
    created = datetime.fromisoformat(values["created"])
    return State(
        id=str(values["id"]),
        owner=str(values["owner"]),
        created=created if created.tzinfo else created.replace(tzinfo=UTC),
        holder=Holder(int(holder["pid"]), float(holder["started"])) if holder else None,
        keychain=_path(values["keychain"]),
        search_list=None if listed is None else tuple(str(each) for each in listed),
        work=_path(values["work"]),
        placed=tuple(
            Placed(str(each["path"]), str(each["sha256"]), each["made"] is True, each["previous"])
            for each in values["placed"]
        ),
        outputs=tuple(str(each) for each in values["outputs"]),
    )


def _path(value: object) -> str | None:
    return None if value is None else str(value)
