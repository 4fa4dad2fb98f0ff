"""Figures against a peer and against the floor: `make bench`. A module per action."""

import sys

from bench.measure import ROOT

sys.path.insert(0, str(ROOT / "src"))
