"""The step's part of the job summary: what is valid until when, and what changed and why."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from asc.job import summary
from asc.signing.sync.readiness import Signing


def of_signing(signing: Signing, changes: Iterable[str], label: str, now: datetime) -> str:
    """Identities and profiles with their ends, and the changes."""
    rows = [
        (each.certificate.common_name, each.certificate_id, *_until(each.certificate.not_after, now))
        for each in signing.identities
    ]
    rows += [
        (f"{want.bundle_id} ({want.kind})", stored.profile.name, *_until(stored.profile.expires, now))
        for want, stored in signing.profiles
    ]
    text = summary.heading("Signing")
    text += summary.table(("What", "Name or id", "Valid until", "Days left"), rows)
    return text + of_changes(changes) + summary.paragraph(f"From the {summary.escape(label)}.")


def of_changes(changes: Iterable[str]) -> str:
    """A list of what was changed, or that nothing was."""
    lines = _listed(changes)
    return summary.paragraph("Done:") + lines if lines else summary.paragraph("Nothing had to be changed.")


def of_lacking(lines: Iterable[str]) -> list[str]:
    """Return the part that names wanted devices which profiles lack; [] where there are none."""
    listed = _listed(lines)
    return [summary.heading("Devices that are missing") + listed] if listed else []


def _listed(lines: Iterable[str]) -> str:
    listed = "".join(f"- {summary.escape(line)}\n" for line in lines)
    return listed + "\n" if listed else ""


def _until(end: datetime | None, now: datetime) -> tuple[str, str]:
    return (f"{end:%Y-%m-%d}", str((end - now).days)) if end else ("", "")


def of_plan(lines: Iterable[str]) -> str:
    """What sync would do."""
    return summary.heading("What sync would do") + (
        _listed(lines) or summary.paragraph("Nothing: all is there and valid.")
    )
