"""The deadlines of waits: what is due is done once, in time, and never after the end of its block."""

from __future__ import annotations

import gc
import os
import threading
import weakref
from threading import Event

import pytest

from asc.api.deadline import deadline

SOON, NEVER = 0.01, 3600.0
PATIENCE = 30.0


def test_what_is_due_is_done_and_the_block_learns_of_it() -> None:
    done = Event()
    with deadline(SOON, done.set) as passed:
        assert done.wait(PATIENCE)
        assert passed.late


def test_nothing_is_done_for_a_block_that_ends_in_time() -> None:
    done, later = Event(), Event()
    with deadline(NEVER, done.set) as passed:
        pass
    with deadline(SOON, later.set):
        assert later.wait(PATIENCE)
    assert (passed.late, done.is_set()) == (False, False)


def test_the_end_of_a_block_lets_go_of_the_answer() -> None:
    class Answer:
        def end(self) -> None: ...

    answer = Answer()
    with deadline(NEVER, answer.end):
        kept = weakref.ref(answer)
        del answer
        gc.collect()
        assert kept()
    gc.collect()
    assert kept() is None


def test_a_deadline_that_is_set_later_and_is_due_earlier_comes_first() -> None:
    done = Event()
    with deadline(NEVER, lambda: None), deadline(SOON, done.set):
        assert done.wait(PATIENCE)


@pytest.mark.parametrize("error", [OSError, ValueError, AttributeError, RuntimeError])
def test_an_error_of_one_connection_does_not_end_the_watch_over_the_others(error: type[Exception]) -> None:
    def fails() -> None:
        raise error

    done = Event()
    with deadline(0, fails), deadline(SOON, done.set):
        assert done.wait(PATIENCE)


def test_one_thread_watches_over_all_blocks() -> None:
    with deadline(NEVER, lambda: None), deadline(SOON, lambda: None), deadline(NEVER, lambda: None):
        assert [thread.name for thread in threading.enumerate()].count("deadlines") == 1


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_process_that_is_forked_watches_by_itself() -> None:
    with deadline(NEVER, lambda: None):
        child = os.fork()
        if child == 0:
            done = Event()
            with deadline(SOON, done.set):
                os._exit(0 if done.wait(PATIENCE) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
