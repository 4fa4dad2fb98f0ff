"""The inputs of manage-testers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from asc.commands import kinds
from asc.commands.declaration import given
from asc.commands.naming import AppInputs
from asc.errors import InputError, Problem
from asc.limited_files import read_limited
from asc.testflight import mappings
from asc.testflight.testers.files import read_csv
from asc.testflight.testers.roster import LARGEST
from asc.testflight.testers.tester import Tester
from asc.testflight.testers.usage import PERIODS
from asc.words import some

MODES = ("add", "remove", "export", "prune", "invite")
WHO, HOW, RUN = "Testers", "Rules", "Run"
MOST_LINES = 20


@dataclass(frozen=True)
class Inputs(AppInputs):
    """The app, the mode, the testers and groups, and the rules for removing people."""

    mode: str = given(
        kinds.choice(MODES),
        "`add`: put testers into groups. `remove`: take them out. `export`: write all testers of the app into a file. "
        "`prune`: remove testers who have not used the app. `invite`: send invitations again.",
        group=WHO,
        default="add",
    )
    testers: tuple[str, ...] | None = given(
        kinds.LIST,
        "Testers, one a line: `ada@example.com` or `Ada Example <ada@example.com>`.",
        group=WHO,
        examples=("Ada Example <ada@example.com>",),
    )
    testers_file: str | None = given(
        kinds.PATH,
        "A CSV file with testers, as fastlane, the asc tool, App Store Connect or `mode: export` write it.",
        group=WHO,
        examples=("testers.csv",),
    )
    groups: tuple[str, ...] | None = given(
        kinds.LIST, "Names or ids of groups of the app.", group=WHO, examples=("Beta testers",)
    )
    create_groups: bool = given(
        kinds.BOOLEAN, "`add`: create external groups that the app lacks.", group=WHO, default="false"
    )
    exact: bool = given(
        kinds.BOOLEAN,
        "`add`: also remove from `groups` everybody who is not listed. Testers of a public link stay.",
        group=HOW,
        default="false",
    )
    remove_from: str = given(
        kinds.choice(("groups", "app")),
        "`remove` and `prune`: take testers out of the groups, or out of the whole app (but of no other app).",
        group=HOW,
        default="groups",
    )
    inactive_for: str = given(
        kinds.choice(PERIODS),
        "`prune`: remove testers who had no session in this period. Apple's metrics know no others.",
        group=HOW,
        default="90d",
    )
    keep: tuple[str, ...] | None = given(
        kinds.LIST, "`prune`: addresses, and names of groups, that are never removed.", group=HOW
    )
    limit: int = given(
        kinds.INTEGER,
        "If more testers than this would be removed, the step fails and removes nobody.",
        group=HOW,
        default="1000",
    )
    on_refused: str = given(
        kinds.choice(("fail", "warn")),
        "Handling of single testers that Apple refuses. The step adds or removes the others in any case.",
        group=HOW,
        default="fail",
    )
    file: str = given(kinds.PATH, "`export`: the CSV file to write.", group=RUN, default="testers.csv")
    show_emails: bool = given(
        kinds.BOOLEAN, "Put whole addresses into the output `refused-list`.", group=RUN, default="false"
    )
    dry_run: bool | None = given(
        kinds.BOOLEAN,
        "Only print the plan. The default is `true` for `prune` and `exact`, otherwise `false`.",
        group=RUN,
    )

    @property
    def only_plans(self) -> bool:
        """Return True if nothing is to be written. Removing people unseen is never the default."""
        return (self.mode == "prune" or self.exact) if self.dry_run is None else self.dry_run

    def problems(self) -> Iterator[Problem]:
        """Yield the problems of the inputs taken together."""
        yield from super().problems()
        listed = bool(self.testers or self.testers_file)
        if self.mode in ("add", "remove", "invite") and not listed:
            yield Problem("testers", "is required (or testers-file)", "Name the testers.")
        if self.mode in ("export", "prune") and listed:
            yield Problem("testers", f"is not for mode: {self.mode}", "Omit it, or choose another mode.")
        if self.mode == "remove" and self.remove_from == "groups" and not self.groups:
            yield Problem(
                "groups", "is required to remove testers from groups", "Name groups, or set remove-from: app."
            )
        if self.exact and self.mode != "add":
            yield Problem("exact", f"is not for mode: {self.mode}", "Use it with mode: add.")
        # Groups that only the file names keep their other members, so exact would do nothing.
        if self.exact and self.testers_file and not self.groups:
            yield Problem(
                "groups", "is required with exact", "Name the groups that the list is the truth for."
            )
        if not 1 <= self.limit <= LARGEST:
            yield Problem(
                "limit", f"is not from 1 to {LARGEST}", "Write how many testers may be removed at most."
            )


def listed_testers(inputs: Inputs) -> list[Tester]:
    """Return the testers of both inputs, each address once. Raises InputError with the lines that are wrong."""
    problems: list[Problem] = []
    by_address = _of_input(inputs.testers or (), problems)
    if inputs.testers_file:
        for tester in _of_file(inputs.testers_file, problems):
            # The input has the name, and the file may have groups for the same person.
            by_address[tester.address] = (
                replace(by_address[tester.address], groups=tester.groups)
                if tester.address in by_address
                else tester
            )
    if (
        inputs.mode == "add"
        and not inputs.groups
        and not all(tester.groups for tester in by_address.values())
    ):
        reason = "some testers are in no group"
        problems.append(Problem("groups", reason, "Name groups, or add a column Groups."))
    if len(by_address) > LARGEST:
        reason = f"{len(by_address)} testers are more than an app can have ({LARGEST})"
        problems.append(Problem("testers-file", reason, "Shorten the list."))
    if problems:
        raise InputError(problems)
    return list(by_address.values())


def _of_input(lines: Sequence[str], problems: list[Problem]) -> dict[str, Tester]:
    """Return the testers of the input by address. Add what is wrong to `problems`."""
    try:
        return {tester.address: tester for tester in mappings.testers(lines)}
    except ValueError as error:
        remedy = "Write ada@example.com, or Ada Example <ada@example.com>."
        problems.append(Problem("testers", str(error), remedy))
        return {}


def _of_file(path: str, problems: list[Problem]) -> list[Tester]:
    """Return the testers of the file. Add its wrong lines to `problems`, as one problem."""
    try:
        rows, wrong = read_csv(read_limited(Path(path)))
    except OSError as error:
        remedy = "Write the path of a CSV file, from the working folder of the step."
        problems.append(Problem("testers-file", f"{path} cannot be read: {error.strerror}", remedy))
        return []
    if wrong:
        remedy = (
            "Correct these lines: one tester a line, each with an address and as many cells as the header."
        )
        problems.append(Problem("testers-file", f"{path}: {some(wrong, MOST_LINES, '; ')}", remedy))
    return rows
