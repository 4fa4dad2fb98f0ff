"""How a command is declared. From this come action.yml, the tables in the docs, the command line, the validation."""

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
    """One input, as it is documented. `default` is written as a user would write it."""

    kind: Kind
    help: str
    group: str = ""
    default: str = ""
    required: bool = False
    secret: bool = False
    examples: tuple[str, ...] = ()
    variable: str = ""
    """The environment variable that is read where the input is not given: the name that fastlane has for it."""
    derived: Callable[[Mapping[str, str]], str] | None = None
    """The same where several variables make one value; `variable` is the one that the docs name."""


def given(kind: Kind, help: str, **rest: Any) -> Any:
    """A dataclass field that is an input. Its value is that of its default, or None where there is none."""
    declared = Input(kind, help, **rest)
    value = kind.parse(declared.default) if declared.default else None
    return field(default=value, kw_only=True, repr=not declared.secret, metadata={"input": declared})


def output(help: str) -> Any:
    """A dataclass field that is an output."""
    return field(default="", kw_only=True, metadata={"help": help})


def flag(value: bool) -> str:
    """A truth as outputs have it: what `if:` in a workflow compares with."""
    return "true" if value else "false"


def moment(value: datetime | None) -> str:
    """A moment as outputs have it: UTC, `2026-01-31T10:00:00Z`; "" where it is not known."""
    return f"{value:%Y-%m-%dT%H:%M:%SZ}" if value else ""


@dataclass(frozen=True)
class Command:
    """A command: its words, its inputs and outputs (frozen dataclasses), and what it does."""

    name: str
    summary: str
    description: str
    role: str
    """The roles that the key needs, for the docs and for the error when it has none of them."""
    icon: str
    example: str
    inputs: type[CommonInputs]
    outputs: type[Any]
    run: Callable[[Any, Context], Any]


@dataclass(frozen=True)
class CommonInputs:
    """What every command takes. Commands inherit from it."""

    api_key: str | None = given(
        kinds.SECRET,
        "The API key as JSON in fastlane's format (`key_id`, `issuer_id`, `key`), from a repository secret.",
        group="App Store Connect",
        secret=True,
        examples=("${{ secrets.ASC_API_KEY }}",),
    )
    api_key_path: str | None = given(
        kinds.PATH,
        "A file with the API key JSON, or the .p8 itself, instead of `api-key`.",
        group="App Store Connect",
    )
    retry_for: float = given(
        kinds.DURATION,
        "How long a request that fails for a passing reason is repeated before the step gives up.",
        group="App Store Connect",
        default="2m",
        examples=("30s", "5m"),
    )
    wait_for_budget: float = given(
        kinds.DURATION,
        "How long a request waits where the key's requests of the hour are used up. All jobs of a key share them.",
        group="App Store Connect",
        default="1h",
        examples=("10m",),
    )

    def problems(self) -> Iterator[Problem]:
        """What is wrong with the inputs taken together. Commands override this."""
        return iter(())


def name_of(entry: Field[Any]) -> str:
    """The name of an input or output as users write it."""
    return entry.name.replace("_", "-")


def inputs_of(command: Command) -> dict[str, tuple[Field[Any], Input]]:
    """Name → (field, input): the command's own first, then the common ones."""
    own = sorted(fields(command.inputs), key=lambda entry: entry.name in CommonInputs.__dataclass_fields__)
    return {name_of(entry): (entry, entry.metadata["input"]) for entry in own if entry.default is not MISSING}


def outputs_of(command: Command) -> dict[str, str]:
    """Name → help of each output."""
    return {name_of(entry): entry.metadata["help"] for entry in fields(command.outputs)}
