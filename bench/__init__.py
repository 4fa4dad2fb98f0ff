"""Figures against peers and against the floor: `make bench`. A module for each topic; docs/benchmarks explains."""

import sys

from bench.measure import ROOT

sys.path.insert(0, str(ROOT / "src"))
