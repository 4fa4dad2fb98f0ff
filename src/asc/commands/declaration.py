"""The declaration of a command, from which action.yml, the tables in the docs and the command line are generated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from asc.commands import kinds
from asc.commands.kinds import Kind
from asc.errors import Problem

if TYPE_CHECKING:
    from asc.commands.context import Context


@dataclass(frozen=True)
class Input:
    """The declaration of one input. `default` is a text, as users write it."""

    kind: Kind
    help: str
    group: str = ""
    default: str = ""
    required: bool = False
    secret: bool = False
    examples: tuple[str, ...] = ()
    variable: str = ""
    """The environment variable to read if the input is not given. It has fastlane's name."""
    derived: Callable[[Mapping[str, str]], str] | None = None
    """A function that computes the value from several variables; `variable` names the one in the docs."""


def given(kind: Kind, help: str, **rest: Any) -> Any:
    """Return a dataclass field for an input. Its value is the parsed default, or None without one."""
    declared = Input(kind, help, **rest)
    # Parsed like a text of the user, so that a default that its own kind refuses fails at the import.
    value = kind.parse(declared.default) if declared.default else None
    # A traceback in the debug log may show the repr of the inputs, so it has no secret.
    return field(default=value, kw_only=True, repr=not declared.secret, metadata={"input": declared})


def output(help: str) -> Any:
    """Return a dataclass field for an output."""
    return field(default="", kw_only=True, metadata={"help": help})


NOT_WRITTEN = "Nothing was written, because dry-run is true."
"""The last line of a dry run in the log."""


def given_together(name: str, other: str) -> Problem:
    """Return the problem of two inputs of which only one may be given."""
    return Problem(name, f"is given together with {other}", "Give one of the two.")


def flag(value: bool) -> str:
    """Return a boolean as outputs write it, `true` or `false`, for comparisons in `if:`."""
    return "true" if value else "false"


def moment(value: datetime | None) -> str:
    """Return a time in UTC as outputs write it: `2026-01-31T10:00:00Z`, or "" if it is unknown."""
    return f"{value:%Y-%m-%dT%H:%M:%SZ}" if value else ""


@dataclass(frozen=True)
class Command:
    """A command: its texts, its inputs and outputs (frozen dataclasses), and the function that runs it."""

    name: str
    summary: str
    description: str
    role: str
    """The roles that the key needs, for the docs and for the error if it has none of them."""
    icon: str
    example: str
    inputs: type[CommonInputs]
    outputs: type[Any]
    run: Callable[[Any, Context], Any]


@dataclass(frozen=True)
class CommonInputs:
    """The inputs of every command. The inputs of each command inherit from it."""

    api_key: str | None = given(
        kinds.SECRET,
        "The API key as JSON in fastlane's format (`key_id`, `issuer_id`, `key`), from a repository secret.",
        group="App Store Connect",
        secret=True,
        examples=("${{ secrets.ASC_API_KEY }}",),
    )
    api_key_path: str | None = given(
        kinds.PATH,
        "A file with the API key JSON or the .p8, instead of `api-key`.",
        group="App Store Connect",
    )
    retry_for: float = given(
        kinds.DURATION,
        "How long to repeat a request that fails for a temporary reason.",
        group="App Store Connect",
        default="2m",
        examples=("30s", "5m"),
    )
    wait_for_budget: float = given(
        kinds.DURATION,
        "How long to wait if the requests of the hour are used up. All jobs of a key share them.",
        group="App Store Connect",
        default="1h",
        examples=("10m",),
    )

    def problems(self) -> Iterator[Problem]:
        """Yield the problems of inputs that are wrong in combination. Commands override this."""
        return iter(())

    def problems_at(self, now: datetime) -> Iterator[Problem]:
        """Yield the problems of inputs that are wrong at this time. Commands with times override this."""
        return iter(())


def name_of(entry: Field[Any]) -> str:
    """Return the name of an input or output as users write it."""
    return entry.name.replace("_", "-")


def inputs_of(command: Command) -> dict[str, tuple[Field[Any], Input]]:
    """Return each input by name as (field, declaration), the command's own inputs first."""
    # Fields that are inherited come first in a dataclass, but users look for the command's own.
    own = sorted(fields(command.inputs), key=lambda entry: entry.name in CommonInputs.__dataclass_fields__)
    return {name_of(entry): (entry, entry.metadata["input"]) for entry in own if entry.default is not MISSING}


def outputs_of(command: Command) -> dict[str, str]:
    """Return the help of each output by name."""
    return {name_of(entry): entry.metadata["help"] for entry in fields(command.outputs)}
