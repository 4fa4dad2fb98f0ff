"""Measure register-bundle-ids and register-devices for a large team that lacks nothing."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import measure
from bench.data import Chapter, Target
from bench.measure import ENTRYPOINT, Asked, Command, Settings
from bench.store import asked_figures, values
from bench.worlds import Team

LATENCY = 50
"""Milliseconds a request."""
BUNDLE_IDS, DEVICES = 100, 1_000
CAPABILITIES = ("PUSH_NOTIFICATIONS", "SIRIKIT", "HEALTHKIT", "HOMEKIT", "MAPS")
PAGE = 200
"""Devices that Apple lists in a page."""


def chapters(settings: Settings) -> Iterator[Chapter]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        team = Team(BUNDLE_IDS, capabilities=CAPABILITIES)
        register: Command = (
            *(*ENTRYPOINT, "register-bundle-ids", "--bundle-ids", ",".join(team.identifiers)),
            *("--capabilities", ",".join(CAPABILITIES)),
        )
        bundle_ids = f"{BUNDLE_IDS} bundle ids × {len(CAPABILITIES)} capabilities unchanged"
        runs = {bundle_ids: unchanged(folder, team, register, settings)}
        owners = Team(1, devices=DEVICES)
        listed = json.dumps(owners.udids)
        devices = f"{DEVICES:,} devices unchanged"
        command = (*ENTRYPOINT, "register-devices", "--devices", listed)
        runs[devices] = unchanged(folder, owners, command, settings)
    figures = [result for name, found in runs.items() for result in asked_figures(name, found)]
    value = values(figures)
    yield Chapter(
        "register-bundle-ids and register-devices",
        f"A team that needs no change, {LATENCY} ms a request.",
        tuple(figures),
        targets=(
            Target(f"{bundle_ids}, requests", value[bundle_ids, "requests"], 1 + BUNDLE_IDS),
            Target(f"{bundle_ids}, seconds", value[bundle_ids, "whole process"], 3),
            Target(f"{devices}, requests", value[devices, "requests"], DEVICES // PAGE),
        ),
        sentences=(
            f"register-bundle-ids compares {BUNDLE_IDS} bundle ids in {value[bundle_ids, 'requests']:.0f} requests and "
            f"{value[bundle_ids, 'whole process']:.1f} s at {LATENCY} ms a request.",
        ),
    )


def unchanged(folder: Path, team: Team, command: Command, settings: Settings) -> list[Asked]:
    """Return runs against a team that has everything already."""
    with measure.sandbox(folder, "--seed", team.seed(folder), "--latency", LATENCY) as sandbox:
        return [measure.asked(command, sandbox) for _ in settings.repeated(budget=30)]
