"""Start steps by forking a process that has imported everything. A fork costs a tenth of a new process.

Reads a JSON line for each step from standard input, and answers with lines: its process id, later its exit code.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import selectors
import signal
import sys
import threading
from collections.abc import Iterator
from typing import NoReturn

from reliability.hurry import hurry


def main() -> int:
    """Serve until standard input ends. Return the exit code."""
    _bring_up()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    # The handler does nothing: it only lets the signal wake the selector through the pipe.
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    children: dict[int, int] = {}
    for asked in _requests(woken, children):
        pid = os.fork()
        if not pid:
            _leave(_be_the_step(asked))
        children[pid] = asked["id"]
        _say(id=asked["id"], pid=pid)
    return 0


def _bring_up() -> None:
    from asc.commands import NAMES, load, main  # noqa: F401 (a child finds it imported)

    for name in NAMES:
        load(name)
    hurry()
    # Without this the first collection in each child would copy every page of the imported modules.
    gc.freeze()


def _requests(woken: int, children: dict[int, int]) -> Iterator[dict[str, object]]:
    waiting = b""
    with selectors.DefaultSelector() as selector:
        selector.register(0, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        while True:
            ready = {key.fd for key, _ in selector.select()}
            if woken in ready:
                os.read(woken, 4096)
                _reap(children)
            if 0 in ready:
                read = os.read(0, 1 << 20)
                if not read:
                    return
                *lines, waiting = (waiting + read).split(b"\n")
                yield from map(json.loads, lines)


def _reap(children: dict[int, int]) -> None:
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        _say(id=children.pop(pid), code=os.waitstatus_to_exitcode(status))


def _be_the_step(asked: dict[str, object]) -> int:
    """Do what entrypoint.py does, with the streams, folder and environment of the step. Return the exit code."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # A group of its own, so that a kill reaches the programs that the step has started.
    os.setsid()
    for descriptor, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, asked["stdout"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, asked["stderr"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        opened = os.open(path, flags, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.chdir(asked["cwd"])
    # Nothing of the caller may reach the step.
    os.environ.clear()
    os.environ.update(asked["env"])
    from asc.commands.main import main as run_command

    return run_command([])


def _leave(code: int) -> NoReturn:
    """End this process as Python ends one, but leave its modules whole."""
    # To take apart the modules would copy each of their pages, and cost almost as much as the step.
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _say(**said: int) -> None:
    os.write(1, json.dumps(said).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main())
