"""Settings of the processes that run tests: they save processor, and change no test."""

import gc
import sys

import pytest

# Some machines set PYTHONDONTWRITEBYTECODE. There each process of pytest would rewrite the asserts of all tests anew,
# which takes 8 s. The isolated interpreters that tests start ignore the variable as well.
sys.dont_write_bytecode = False


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Spare the collector of garbage the modules and the thousands of tests, which stay until the end."""
    gc.collect()
    gc.freeze()
    # Without them there is little to go through, so the collector would do it all the more often.
    gc.set_threshold(20_000)
