"""Measure the actions against peers and against a floor: `make bench`. docs/benchmarks explains the figures."""

import sys

from bench.measure import ROOT

sys.path.insert(0, str(ROOT / "src"))
