"""The report of a step: its outputs and its summary, also if it failed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from asc import words
from asc.api.platforms import PLATFORM_NAMES
from asc.assets.model import Reason
from asc.builds.waiting import BuildSnapshot
from asc.changes.change import Change
from asc.commands.declaration import flag, output
from asc.commands.upload_testflight.build_reference import BuildReference
from asc.job import summary
from asc.testflight.distribution import groups_with_build
from asc.testflight.plan import IN_REVIEW
from asc.testflight.state import AppState

SHORTEST_SHOWN = 0.05
"""Seconds below which a phase is left out."""


@dataclass(frozen=True)
class Phase:
    """A phase of the step; `began` and `ended` are in seconds from its start."""

    name: str
    began: float
    ended: float


@dataclass
class Timeline:
    """Measures the phases as they run, also one that fails."""

    now: Callable[[], float] = time.monotonic
    phases: list[Phase] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._start = self.now()

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measure the time of a block, also if it fails, and keep it under `name` for the summary's chart."""
        began = self.now() - self._start
        try:
            yield
        finally:
            self.phases.append(Phase(name, began, self.now() - self._start))

    def mermaid(self) -> str:
        """Return a Gantt chart for summaries on GitHub; "" for a single phase, or if none took long enough."""
        shown = [phase for phase in self.phases if phase.ended - phase.began >= SHORTEST_SHOWN]
        if len(self.phases) < 2 or not shown:
            return ""
        lines = [
            f"  {phase.name} ({phase.ended - phase.began:.1f} s) : "
            # A bar of no length would stop mermaid from drawing the chart.
            f"{round(phase.began * 1000)}, {max(round(phase.ended * 1000), round(phase.began * 1000) + 1)}"
            for phase in shown
        ]
        return "```mermaid\ngantt\n  dateFormat x\n  axisFormat %M:%S\n" + "\n".join(lines) + "\n```\n\n"


# App Store Connect's own spelling in addresses.
_PAGES = {"IOS": "ios", "MAC_OS": "macos", "TV_OS": "tvos", "VISION_OS": "visionos"}


@dataclass(frozen=True)
class Outputs:
    """The outputs of upload-testflight for later steps."""

    app_id: str = output("Apple's id of the app.")
    build_upload_id: str = output("The id of the upload, with which a later job can continue.")
    build_id: str = output("The id of the build; empty until Apple has made one of the upload.")
    version: str = output("Marketing version (train).")
    build_number: str = output("Build number.")
    platform: str = output("`IOS`, `MAC_OS`, `TV_OS` or `VISION_OS`.")
    state: str = output(
        "State of the build (`PROCESSING`, `VALID`, …), or of the upload until there is a build."
    )
    external_state: str = output(
        "State for external testers, as Apple writes it (`WAITING_FOR_BETA_REVIEW`, …)."
    )
    groups: str = output("The groups that have the build, separated by commas.")
    testflight_url: str = output("The build's page in App Store Connect.")
    uploaded_bytes: str = output("Number of bytes that this run sent.")
    resumed: str = output("`true` if this run continued an upload that an earlier one began.")


@dataclass
class UploadReport:
    """The facts known so far about a step."""

    timeline: Timeline = field(default_factory=Timeline)
    reference: BuildReference | None = None
    seen: BuildSnapshot = field(default_factory=BuildSnapshot)
    state: str = ""
    upload_id: str = ""
    sent: int = 0
    resumed: bool = False
    app_state: AppState | None = None
    planned: tuple[Change, ...] = ()
    groups: tuple[str, ...] = ()
    done: list[Change] = field(default_factory=list)
    warnings: tuple[Reason, ...] = ()
    kept_out: str = ""
    """The warning about groups and testers that can never test the build."""
    dry_run: bool = False

    @property
    def build_id(self) -> str:
        """Return the id of the build, "" as long as there is none."""
        known = self.reference.target.build_id if self.reference else ""
        return self.seen.build.id if self.seen.build else known

    @property
    def current_state(self) -> str:
        """Return the state of the build; of the upload until there is a build."""
        if self.seen.build:
            return self.seen.build.processing_state
        return self.seen.upload.state if self.seen.upload else self.state

    @property
    def groups_there(self) -> tuple[str, ...]:
        """Return the names of the groups that have the build; in a dry run those that would get it."""
        if not self.app_state:
            return ()
        if self.dry_run:
            return (*(group.name for group in self.app_state.groups), *self.app_state.new_groups)
        # A step that failed has no list from the distribution, but its changes tell which groups got the build.
        return self.groups or groups_with_build(self.app_state, self.seen.build, self.done)

    def outputs(self) -> Outputs:
        """Return the outputs, as far as they are known."""
        if not self.reference:
            return Outputs()
        number, build = self.reference.number, self.seen.build
        return Outputs(
            app_id=number.app_id or (build.app_id if build else ""),
            build_upload_id=self.upload_id,
            build_id=self.build_id,
            version=number.version,
            build_number=number.build_number,
            platform=number.platform,
            state=self.current_state,
            external_state=build.external_state if build else "",
            # In a dry run no group has got the build, and a later step must not believe so.
            groups="" if self.dry_run else ", ".join(self.groups_there),
            testflight_url=self.page(),
            uploaded_bytes=str(self.sent),
            resumed=flag(self.resumed),
        )

    def page(self) -> str:
        """Return the address of the build's page, or of the app's builds until there is one."""
        assert self.reference
        number = self.reference.number
        app_id = number.app_id or (self.seen.build.app_id if self.seen.build else "")
        if not app_id:
            return ""
        page = (
            f"https://appstoreconnect.apple.com/apps/{app_id}/testflight/{_PAGES.get(number.platform, 'ios')}"
        )
        return f"{page}/{self.build_id}" if self.build_id else page

    def summary(self) -> str:
        """Return the step's part of the job summary in Markdown."""
        if not self.reference:
            return ""
        number = self.reference.number
        name = self.reference.app.bundle_id or f"app {number.app_id}"
        platform = PLATFORM_NAMES.get(number.platform, number.platform)
        title = "Plan for" if self.dry_run else "TestFlight:"
        text = summary.heading(f"{title} {name} {number.version} ({number.build_number}), {platform}")
        text += summary.table(("", ""), self._facts())
        changes = self.planned if self.dry_run else tuple(self.done)
        if changes:
            text += summary.paragraph("Plan:" if self.dry_run else "Done:")
            text += "".join(f"- {summary.escape(change.summary)}\n" for change in changes) + "\n"
        for warning in self.warnings:
            text += summary.paragraph(f"⚠️ {summary.escape(f'{warning.text} ({warning.code})')}")
        if self.kept_out:
            text += summary.paragraph(f"⚠️ {summary.escape(self.kept_out)}")
        text += self.timeline.mermaid()
        return text + (
            summary.paragraph(f"[Open in App Store Connect]({self.page()})") if self.page() else ""
        )

    def sent_in_words(self) -> str:
        """Return the size sent by this run and the time it took, in words."""
        took = self.timeline.phases[-1]
        there = ", the rest was sent before" if self.resumed else ""
        return f"{words.size(self.sent)} in {took.ended - took.began:.1f} s{there}"

    def _sent_or_there(self) -> str:
        if self.sent:
            return words.size(self.sent) + (", the rest was sent before" if self.resumed else "")
        return "nothing, the whole file was sent before" if self.resumed else ""

    def what_comes_next(self) -> list[str]:
        """Return the last lines of a step that succeeded."""
        if self.dry_run or not self.reference:
            return []
        lines = []
        if not self.seen.build or self.seen.build.processing_state == "PROCESSING":
            known = f"build-upload-id: {self.upload_id}" if self.upload_id else f"build-id: {self.build_id}"
            lines.append(f"Next: Apple processes the build. A later step can continue with {known}")
        elif self.seen.build.external_state in IN_REVIEW:
            lines.append("Next: beta review. External testers get the build when it is approved")
        return [*lines, self.page()] if self.page() else lines

    def _facts(self) -> list[tuple[str, str]]:
        """Return the rows of the table with the facts that are known."""
        build, binary = self.seen.build, self.reference.binary if self.reference else None
        facts = {
            "File": f"{binary.path.name}, {words.size(binary.size)}" if binary else "",
            "Sent": self._sent_or_there(),
            "State": self.current_state,
            "Internal testing": build.internal_state if build else "",
            "External testing": build.external_state if build else "",
            "Groups": ", ".join(self.groups_there),
            "Took": words.duration(sum(phase.ended - phase.began for phase in self.timeline.phases)),
        }
        return [(name, value) for name, value in facts.items() if value]
