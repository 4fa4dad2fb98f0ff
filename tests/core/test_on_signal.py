"""A signal ends the process at once, whatever its main thread waits for, and pending work is undone before."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from core.running import ENTRYPOINT

SOURCE = ENTRYPOINT.parent / "src"
CODE = """
import signal, sys, threading
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from asc.on_signal import ended_by, undone_at_the_end
held = threading.Lock()
held.acquire()
with ended_by(signal.SIGTERM), undone_at_the_end(lambda: Path(sys.argv[2]).write_text("undone")):
    threading.Thread(target=threading.Event().wait).start()
    # The signal comes to the other thread, as if the main one had begun to wait a moment before.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    print("waiting", flush=True)
    held.acquire()
"""


def test_a_signal_ends_a_process_whose_main_thread_sleeps_on_a_lock(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-I", "-c", CODE, str(SOURCE), str(tmp_path / "note")], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        try:
            assert process.wait(20) == 128 + signal.SIGTERM
        finally:
            process.kill()
    assert (tmp_path / "note").read_text() == "undone"


BROKEN = """
import os, signal, sys, threading, time
sys.path.insert(0, sys.argv[1])
from asc.on_signal import ended_by, undone_at_the_end
reader, writer = os.pipe()

def undo():
    os.write(writer, b"broken")
    time.sleep(1)

try:
    with ended_by(signal.SIGTERM), undone_at_the_end(undo):
        # The signal comes to the other thread alone.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        threading.Thread(target=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
                         or threading.Event().wait(), daemon=True).start()
        print("waiting", flush=True)
        os.read(reader, 10)
        raise OSError("the undo broke this")
except OSError as error:
    print(error, flush=True)
    os._exit(1)
"""


def test_an_error_that_the_undo_causes_is_not_reported_and_is_not_the_exit_code() -> None:
    with subprocess.Popen(
        [sys.executable, "-I", "-c", BROKEN, str(SOURCE)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        try:
            assert (process.stdout.read(), process.wait(20)) == (b"", 128 + signal.SIGTERM)
        finally:
            process.kill()
