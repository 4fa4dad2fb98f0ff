"""What is asked for: by the command line, by a composite step's variables, or by the Docker action's."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from asc.commands import NAMES, load
from asc.commands.declaration import Command
from asc.commands.kinds import quoted
from asc.errors import InputError, Problem, SetupError
from asc.job import environment


@dataclass(frozen=True)
class Invocation:
    """What was asked for, before anything is checked."""

    command: Command
    raw: Mapping[str, str]
    as_json: bool = False


def read_call(arguments: Sequence[str]) -> Invocation:
    """The command line where there are arguments, else the variables. Raises InputError, SetupError."""
    if arguments:
        from asc.commands.cli import parse

        command = _command(arguments[0])
        raw, as_json = parse(command, arguments[1:])
        return Invocation(command, raw, as_json)
    name, text = environment.take("ASC_COMMAND"), environment.take("ASC_INPUTS")
    if name:
        return Invocation(_command(name), _composite_inputs(text))
    raw = environment.docker_action_inputs()
    return Invocation(_command(raw.pop("command", "")), raw)


def _composite_inputs(text: str | None) -> dict[str, str]:
    try:
        values = json.loads(text or "{}")
        return {str(name): "" if value is None else str(value) for name, value in values.items()}
    except (ValueError, RecursionError, AttributeError):
        raise SetupError(
            "ASC_INPUTS is not a JSON object.",
            "It is set by action.yml: use the action as it is, or the command line.",
        ) from None


def _command(name: str) -> Command:
    if name not in NAMES:
        reason = f"{quoted(name)} is not a command" if name else "no command was given"
        close = difflib.get_close_matches(name, NAMES, 1, 0.3)
        hint = f"Did you mean {close[0]}? " if close else ""
        raise InputError([Problem("command", reason, f"{hint}Choose one of: {', '.join(NAMES)}.")])
    return load(name)
