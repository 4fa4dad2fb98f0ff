"""The one door: a command and its inputs in, an exit code out. `python entrypoint.py --help` lists the commands."""

import gc
import signal
import sys
from pathlib import Path

# Imports make tens of thousands of objects that stay; sweeping them again and again is 5 % of a short step.
gc.set_threshold(50_000)
sys.path.insert(0, str(Path(__file__).resolve().parent / "src"))


def main(arguments: list[str]) -> int:
    """Sends the arguments to the sandbox or to the core; the core also reads a workflow's variables."""
    if arguments[:1] == ["--env-from-stdin"]:
        from asc.job.environment import take_environment_from_stdin

        take_environment_from_stdin()
        arguments = arguments[1:]
    if arguments[:1] == ["sandbox"]:
        from asc_sandbox.cli import main as start_sandbox

        return start_sandbox(arguments[1:])
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback where a cancelled step has only begun
    from asc.commands.main import main as run_command

    return run_command(arguments)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    gc.freeze()  # the interpreter's last sweep, over all that the imports made, is 15 % of a short step
    sys.exit(code)
