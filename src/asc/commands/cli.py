"""The command line, made from the declarations of the commands, as action.yml and the docs are."""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from asc.commands import NAMES, load
from asc.commands.declaration import Command, inputs_of, outputs_of
from asc.errors import InputError, Problem

CONSOLE_SCRIPT = "asc-actions"
"""The command on the PATH where the project is installed as a package (pyproject.toml)."""
_SECRET_NOTE = " Prefer the environment: every process of the machine can read the command line."
_SANDBOX = "  sandbox               A local App Store Connect to try everything against (sandbox --help)."
_RELAY = (
    "  relay                 A server that starts workflows with the events of webhooks (docs/webhooks.md)."
)


def program() -> str:
    """Return the words with which the user started this process, for texts that show how to start it again."""
    return CONSOLE_SCRIPT if Path(sys.argv[0]).stem == CONSOLE_SCRIPT else "python entrypoint.py"


class _Parser(argparse.ArgumentParser):
    """A parser that raises InputError instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        raise InputError([Problem("command line", message, f"See: {program()} {self.prog} --help")])


def overview() -> str:
    """Return the text of `--help` without a command."""
    commands = "\n".join(f"  {name:<21} {load(name).summary}" for name in NAMES)
    return f"""usage: {program()} <command> --<input> <value> …

{commands}
{_SANDBOX}
{_RELAY}

{program()} <command> --help lists the inputs and outputs of a command.
The API key comes from ASC_API_KEY, ASC_API_KEY_PATH or the variables that fastlane reads.
Exit codes: 0 done, 1 the job failed, 2 the inputs are wrong, 3 App Store Connect could not be reached."""


def parse(command: Command, arguments: Sequence[str]) -> tuple[dict[str, str], bool]:
    """Return the raw inputs in the arguments, and True if JSON output was requested.

    Unknown options become raw inputs as well, so that they are reported together with all other problems. Raises
    InputError for an argument without an option.
    """
    # argparse would stop at the first unknown option.
    known, unknown = _parser(command).parse_known_args(arguments)
    raw = {name: value for name, value in vars(known).items() if value is not None and name != "json"}
    for argument in unknown:
        # An argument without -- is the value of the one before it.
        if argument.startswith("--"):
            # Only the name: the value may be a secret, and the error is about the name.
            raw.setdefault(argument.removeprefix("--").split("=")[0], "given")
    if unknown and not unknown[0].startswith("--"):
        # A long one may be a key pasted without its --api-key: that is not for the log.
        stray = f"“{unknown[0]}”" if len(unknown[0]) <= 20 else "an argument"
        raise InputError([Problem("command line", f"{stray} belongs to no input", f"See: {_help(command)}")])
    return raw, known.json


def _help(command: Command) -> str:
    return f"{program()} {command.name} --help"


def _parser(command: Command) -> argparse.ArgumentParser:
    outputs = "\n".join(
        textwrap.fill(f"{name:<21} {help}", 80, initial_indent="  ", subsequent_indent=" " * 24)
        for name, help in outputs_of(command).items()
    )
    parser = _Parser(
        prog=command.name,
        usage=f"{program()} {command.name} --<input> <value> …",
        description=textwrap.fill(command.description),
        epilog=f"outputs:\n{outputs}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        # An abbreviation would change its meaning when an input is added.
        allow_abbrev=False,
    )
    groups: dict[str, argparse._ArgumentGroup] = {}
    for name, (_, spec) in inputs_of(command).items():
        group = groups.setdefault(spec.group, parser.add_argument_group(spec.group or None))
        note = f" Default: {spec.default}." if spec.default else ""
        note += f" The default is the variable {spec.variable}." if spec.variable else ""
        group.add_argument(
            f"--{name}",
            dest=name,
            metavar=spec.kind.name.upper(),
            # `--dry-run` alone means true, as with other programs.
            nargs="?" if spec.kind.name == "boolean" else None,
            const="true" if spec.kind.name == "boolean" else None,
            # argparse formats help texts with %.
            help=(spec.help + f" ({spec.kind.form})" + note + (_SECRET_NOTE if spec.secret else "")).replace(
                "%", "%%"
            ),
        )
    parser.add_argument("--json", action="store_true", help="Print the outputs as one JSON object.")
    return parser
