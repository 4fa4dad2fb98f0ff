"""The plan of update-app-store in the job summary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from asc import words
from asc.job import summary
from asc.store.media_plan import SetPlan
from asc.store.media_plan import differences as media_differences
from asc.store.page_plan import PagePlan
from asc.store.target import Choice

THUMBNAIL = 120
"""Pixels of the height of a picture in the summary."""
LONGEST_CELL = 300
"""Characters: a description of 4,000 would hide the rest of the table."""


def plan_table(choice: Choice, plan: PagePlan, media: Sequence[SetPlan], *, dry_run: bool) -> str:
    """Return the plan as tables: texts before and after, screenshots added and removed."""
    text = summary.heading(f"Store page of version {choice.number}")
    if choice.version is None:
        text += summary.paragraph(f"Version {summary.escape(choice.number)} is created.")
    elif choice.is_renamed:
        text += summary.paragraph(
            f"Version {summary.escape(choice.version.version)} becomes {summary.escape(choice.number)}."
        )
    differences = [*plan.differences, *plan.blocked]
    if not differences and not media:
        return text + summary.paragraph("The page matches the files.")
    rows = [
        (difference.locale or "–", difference.field, _cell(difference.before), _cell(difference.after))
        for difference in differences
    ]
    if rows:
        text += summary.table(("Locale", "Field", "Before", "After"), rows)
    if media:
        text += summary.table(("Locale", "Set", "File", "Change", "Picture"), _media_rows(media))
    return text + (summary.paragraph("Nothing was written (dry-run).") if dry_run else "")


def _media_rows(media: Sequence[SetPlan]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each file that changes, and one for the files of a set that stay."""
    for plan in media:
        for change in media_differences([plan]):
            picture = summary.image(change.image.thumbnail(THUMBNAIL), THUMBNAIL) if change.image else ""
            yield change.locale or "–", change.display, change.file, change.change, picture
        if plan.keep:
            yield plan.locale or "–", plan.display, words.counted(len(plan.keep), "file"), "kept", ""


def _cell(text: str) -> str:
    return text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + "…"
