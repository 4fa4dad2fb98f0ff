"""Settings of the processes that run tests: they save processor, and change no test."""

import gc
import signal
import sys
from functools import cache
from importlib.util import find_spec

import pytest

# Some machines set PYTHONDONTWRITEBYTECODE. There each process of pytest would rewrite the asserts of all tests anew,
# which takes 8 s. The isolated interpreters that tests start ignore the variable as well.
sys.dont_write_bytecode = False


# The check of a key's primes takes 35 ms, and a passphrase is stretched for 4 ms for each file. The same bytes give the
# same again, and a test mostly opens what it has just sealed. The tests in a browser have an environment without them.
if find_spec("cryptography"):
    from asc.identity import reading
    from asc.signing.vault import encryption

    reading._loaded = cache(reading._loaded)
    encryption._derive_v2 = cache(encryption._derive_v2)

# A shell ignores the interrupt in what it runs in the background, and each process that a test starts would inherit it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Spare the collector of garbage the modules and the thousands of tests, which stay until the end."""
    gc.collect()
    gc.freeze()
    # Without them there is little to go through, so the collector would do it all the more often.
    gc.set_threshold(20_000)
