"""Keep the bytecode of tests between runs."""

import sys

# Some machines set PYTHONDONTWRITEBYTECODE. There each process of pytest would rewrite the asserts of all tests anew,
# which takes 8 s. The isolated interpreters that tests start ignore the variable as well.
sys.dont_write_bytecode = False
