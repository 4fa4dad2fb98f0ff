"""The command line: a command and its inputs in, an exit code out.

`entrypoint.py` runs it from a checkout, `asc-actions` where the project is installed as a package.
"""

from __future__ import annotations

import gc
import signal
import sys

SANDBOX_PACKAGES = ("aiohttp", "jsonschema_rs")
"""The modules that only the extra `sandbox` installs."""


def main(arguments: list[str]) -> int:
    """Run the command that the arguments, or a workflow's variables, name, and return its exit code."""
    # Imports make tens of thousands of objects that stay; sweeping them again and again is 5 % of a short step.
    gc.set_threshold(50_000)
    if arguments[:1] == ["--env-from-stdin"]:
        from asc.job.environment import take_environment_from_stdin

        take_environment_from_stdin()
        arguments = arguments[1:]
    if arguments[:1] == ["sandbox"]:
        return _sandbox(arguments[1:])
    if arguments[:1] == ["relay"]:
        from asc_relay.server import main as serve_relay

        return serve_relay(arguments[1:])
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback where a cancelled step has only begun
    from asc.commands.main import main as run_command

    return run_command(arguments)


def _sandbox(arguments: list[str]) -> int:
    """Run the sandbox and return its exit code. Return 2 with the command to run if its packages are not installed."""
    try:
        from asc_sandbox.cli import main as start_sandbox

        # It imports the package of the contract only if --contract is given, so it stands within the try.
        return start_sandbox(arguments)
    except ModuleNotFoundError as error:
        # An action never needs these packages, so a plain installation of the package leaves them out.
        if error.name not in SANDBOX_PACKAGES:
            raise
        print(
            f"error: the sandbox needs the package {error.name}, which is not installed\n"
            "  fix: Install the project with its extra `sandbox`, as in "
            'pipx install --force "app-store-connect-actions[sandbox] @ git+https://github.com/OWNER/REPO"; '
            "in a checkout, run `make setup`.",
            file=sys.stderr,
        )
        return 2


def console() -> None:
    """Run the arguments of the process and exit with their code."""
    code = main(sys.argv[1:])
    gc.freeze()  # the interpreter's last sweep, over all that the imports made, is 15 % of a short step
    sys.exit(code)
