"""The requested command and its raw inputs: from the command line, or from the variables of an action."""

from __future__ import annotations

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
    """A command and its raw inputs, before any check."""

    command: Command
    raw: Mapping[str, str]
    as_json: bool = False


def read_call(arguments: Sequence[str]) -> Invocation:
    """Return the call in the arguments, or in the variables if there are no arguments.

    Raises InputError for an unknown command, and SetupError for variables that action.yml did not write.
    """
    if arguments:
        from asc.commands.cli import parse

        command = _command(arguments[0])
        raw, as_json = parse(command, arguments[1:])
        return Invocation(command, raw, as_json)
    # The inputs hold secrets: no child process may inherit them.
    name, text = environment.take("ASC_COMMAND"), environment.take("ASC_INPUTS")
    if name:
        return Invocation(_command(name), _composite_inputs(text))
    # The root Docker action names the command in an input, and the others in a variable.
    raw = environment.docker_action_inputs()
    return Invocation(_command(raw.pop("command", "")), raw)


def _composite_inputs(text: str | None) -> dict[str, str]:
    try:
        values = json.loads(text or "{}")
        return {str(name): "" if value is None else str(value) for name, value in values.items()}
    except (ValueError, RecursionError, AttributeError):
        # The text may hold secrets, so that the error does not quote it.
        raise SetupError(
            "ASC_INPUTS is not a JSON object.",
            "It is set by action.yml: use the action as it is, or the command line.",
        ) from None


def _command(name: str) -> Command:
    if name not in NAMES:
        reason = f"{quoted(name)} is not a command" if name else "no command was given"
        import difflib  # for this error alone

        close = difflib.get_close_matches(name, NAMES, 1, 0.3)
        hint = f"Did you mean {close[0]}? " if close else ""
        raise InputError([Problem("command", reason, f"{hint}Choose one of: {', '.join(NAMES)}.")])
    return load(name)
