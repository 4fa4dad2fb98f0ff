"""The command line: a command and its inputs in, an exit code out.

`entrypoint.py` runs it from a checkout, `asc-actions` where the project is installed as a package.
"""

from __future__ import annotations

import gc
import importlib.util
import signal
import sys
import warnings

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
    _spare_imports()
    from asc.commands.main import main as run_command

    return run_command(arguments)


def _spare_imports() -> None:
    """Keep two modules out of the start that our packages import and that most steps never use: 13 % of a short one."""
    # requests guesses the encoding of a text with this one if it is there, and else takes UTF-8, which Apple sends.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # requests warns that it is missing
        guesses = sys.modules.setdefault("charset_normalizer", None)  # type: ignore[arg-type]
        import requests  # noqa: F401

        if guesses is None:
            del sys.modules["charset_normalizer"]
    # PyJWT imports it for keys that are certificates, and ours are none. Its first use, as in signing, imports it.
    name = "cryptography.x509"
    if name not in sys.modules and (spec := importlib.util.find_spec(name)) and spec.loader:
        import cryptography

        spec.loader = importlib.util.LazyLoader(spec.loader)
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        # `from cryptography import x509` looks here first; a search by name would import all of it.
        cryptography.x509 = module


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
