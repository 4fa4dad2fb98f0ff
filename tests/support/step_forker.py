"""Start steps by forking a process that has imported everything. A fork costs a tenth of a new interpreter.

`support.forked` runs this program and sends a request for each step through a socket. The pipe in a request takes
the process id of the step, later its exit code.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import struct
import sys
import threading
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).parents[2]
ENTRYPOINT = ROOT / "entrypoint.py"

USED_LATER = ("jwt", "yaml", "_strptime", "asc.signing.storage.folder", "asc.signing.storage.git.storage")
"""Modules that a step imports when it needs them. In each child these imports would be a quarter of its cost."""
LENGTH, NUMBER = struct.Struct("!I"), struct.Struct("!i")
"""The begin of a request, its length; and each number in the pipe of a step."""
DESCRIPTORS = 3
"""Descriptors that come with a request: standard output, standard error, and the pipe."""


def serve(control: str, prepare: str = "") -> None:
    """Serve the socket with the descriptor `control` until it ends. In each child, exit with the code of its step.

    `prepare` names a function that changes the imported modules for all steps.
    """
    # A step has the first of them in front of all others, and none of the rest.
    sys.path.insert(0, str(ROOT / "src"))
    sys.path += [str(ROOT / "tests"), str(ROOT)]
    _bring_up()
    if prepare:
        _named(prepare)()
    gc.collect()
    # Without this the first collection in each child would copy every page of the imported modules.
    gc.freeze()
    # A lock that another thread holds would be held for ever in a child.
    assert threading.active_count() == 1
    if asked := _serve(_Server(socket.socket(fileno=int(control)))):
        _be_the_step(asked)


def _named(name: str) -> Any:
    """Return the function that a name means: module:function."""
    module, _, function = name.partition(":")
    return getattr(importlib.import_module(module), function)


def _bring_up() -> None:
    # First, because it decides which modules requests finds, as it does at the start of a step.
    from app_store_connect_actions import _spare_imports

    _spare_imports()
    from asc.commands import NAMES, load

    importlib.import_module("asc.commands.main")
    for name in NAMES:
        load(name)
    for module in USED_LATER:
        importlib.import_module(module)


@dataclass
class _Server:
    control: socket.socket
    steps: dict[int, int] = field(default_factory=dict)
    """Process id of a step that runs → its pipe."""

    def __post_init__(self) -> None:
        self.woken, self.wake = os.pipe()
        os.set_blocking(self.wake, False)
        # The handler does nothing: it only lets the signal wake `select` through the pipe.
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self.wake, warn_on_full_buffer=False)

    def reap(self) -> None:
        """Tell the exit codes of the steps that have ended."""
        while self.steps:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            self._tell(pid, status)

    def end(self) -> None:
        """Kill the steps that still run, with the programs that they started."""
        for pid in list(self.steps):
            os.killpg(pid, signal.SIGKILL)
            self._tell(*os.waitpid(pid, 0))

    def _tell(self, pid: int, status: int) -> None:
        pipe = self.steps.pop(pid)
        _say(pipe, os.waitstatus_to_exitcode(status))
        os.close(pipe)

    def leave(self) -> None:
        """Give up in a child all that belongs to the server."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self.control.close()
        for descriptor in (self.woken, self.wake, *self.steps.values()):
            os.close(descriptor)


@dataclass(frozen=True)
class _Asked:
    """A request: arguments, env, cwd and the function to run, and the descriptors that came with it."""

    step: dict[str, Any]
    stdout: int
    stderr: int
    pipe: int


def _serve(server: _Server) -> _Asked | None:
    """Return None after the end of the socket, and in each child its request."""
    while True:
        ready, _, _ = select.select([server.control, server.woken], [], [])
        if server.woken in ready:
            os.read(server.woken, 4096)
            server.reap()
        if server.control not in ready:
            continue
        asked = _request(server.control)
        if asked is None:
            server.end()
            return None
        pid = os.fork()
        if not pid:
            server.leave()
            os.close(asked.pipe)
            return asked
        # A group of its own, so that a kill can reach the programs that the step has started. The step and this
        # process both make it, because either may come first.
        with contextlib.suppress(ProcessLookupError):
            os.setpgid(pid, pid)
        os.close(asked.stdout)
        os.close(asked.stderr)
        server.steps[pid] = asked.pipe
        _say(asked.pipe, pid)


def _request(control: socket.socket) -> _Asked | None:
    descriptors = array.array("i")
    head, more, _, _ = control.recvmsg(LENGTH.size, socket.CMSG_SPACE(DESCRIPTORS * descriptors.itemsize))
    if not head:
        return None
    for _, _, data in more:
        descriptors.frombytes(data)
    (length,) = LENGTH.unpack(head)
    body = b""
    while len(body) < length:
        read = control.recv(length - len(body))
        if not read:
            return None
        body += read
    return _Asked(json.loads(body), *descriptors)


def _say(pipe: int, number: int) -> None:
    # A test that has ended does not want to know.
    with contextlib.suppress(BrokenPipeError):
        os.write(pipe, NUMBER.pack(number))


def _be_the_step(asked: _Asked) -> NoReturn:
    """Do what `python -I entrypoint.py` does, with the streams, folder and environment of the step, and exit."""
    os.setpgid(0, 0)
    for descriptor, opened in (
        (0, os.open(os.devnull, os.O_RDONLY)),
        (1, asked.stdout),
        (2, asked.stderr),
    ):
        os.dup2(opened, descriptor)
        os.close(opened)
    os.chdir(asked.step["cwd"])
    # Nothing of this process's environment may reach the step.
    os.environ.clear()
    os.environ.update(asked.step["env"])
    time.tzset()
    sys.argv = [str(ENTRYPOINT), *asked.step["arguments"]]
    try:
        code = _named(asked.step["run"])(sys.argv[1:]) or 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # noqa: BLE001 (an interpreter does so)
        traceback.print_exc()
        code = 1
    _exit(code)


def _exit(code: int) -> NoReturn:
    """Do what an interpreter does at its end, but for the teardown of its modules, which costs more than all else."""
    threading._shutdown()
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = 120
    os._exit(code)


if __name__ == "__main__":
    serve(*sys.argv[1:])
