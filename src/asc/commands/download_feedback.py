"""download-feedback: the crash logs and screenshots of beta testers, with an index."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from asc import words
from asc.commands import kinds
from asc.commands.context import Context
from asc.commands.declaration import Command, given, moment, output
from asc.commands.naming import AppInputs
from asc.errors import Error, Findings, writing_remedy
from asc.job import summary
from asc.private_files import private_folder
from asc.testflight.feedback import AT_ONCE, Feedback, Kind, read_feedback, save_all, write_file

log = logging.getLogger(__name__)

INDEX = "feedback.json"
ROWS = 20
"""Submissions in the table of the summary, the newest ones. The index has all."""
_KINDS: dict[str, tuple[Kind, ...]] = {
    "all": ("crash", "screenshot"),
    "crashes": ("crash",),
    "screenshots": ("screenshot",),
}


@dataclass(frozen=True)
class Inputs(AppInputs):
    """The inputs of download-feedback, for one app."""

    kind: str = given(
        kinds.choice(_KINDS),
        "Which feedback: crash logs, screenshots, or both.",
        group="Feedback",
        default="all",
    )
    since: datetime | None = given(  # noqa: RUF009 (a field, as all others)
        kinds.DATE,
        "Only feedback that arrived after this time. Pass the output `newest` of the previous run.",
        group="Feedback",
        examples=("2026-01-31T10:00:00Z",),
    )
    directory: str = given(
        kinds.PATH,
        "Folder for the files. It is created if it does not exist.",
        group="Files",
        default="feedback",
    )
    include_emails: bool = given(
        kinds.BOOLEAN, "Put the email addresses of testers into the index.", group="Files", default="false"
    )


@dataclass(frozen=True)
class Outputs:
    """The outputs of download-feedback for later steps."""

    crashes: str = output("How many crashes were reported.")
    screenshots: str = output("How many testers sent screenshots.")
    newest: str = output("The time of the newest feedback (UTC); `since` if there is no new feedback.")
    index: str = output(
        "The index, a JSON file with a list: comment, device, build, and the names of the files."
    )
    directory: str = output("The folder with the files.")


def run(inputs: Inputs, context: Context) -> Outputs:
    """List the feedback, fetch its files, write the index, and then raise all errors together."""
    # A folder that cannot be written to fails before the first request.
    folder = _folder(inputs.directory)
    client = context.connect(inputs)
    app = inputs.app(client)
    # A failure of one kind or file leaves the others to later steps.
    findings = Findings()
    feedback: list[Feedback] = []
    for kind in _KINDS[inputs.kind]:
        try:
            feedback += read_feedback(client, app.id, kind, inputs.since)
        except Error as error:
            findings.add(error)
    with context.storage(client, AT_ONCE) as storage:
        saved = save_all(client, storage, folder, feedback)
    # Hundreds of files may fail for one reason, which is said once.
    for failure in {item.error.message: item.error for item in saved.values() if item.error}.values():
        findings.add(failure)
    entries = [item.entry(saved[item.id], with_emails=inputs.include_emails) for item in feedback]
    text = json.dumps(entries, indent=2, ensure_ascii=False) + "\n"
    try:
        write_file(folder / INDEX, text.encode())
    except Error as error:
        findings.add(error)
    outputs = _outputs(folder, feedback, inputs.since, is_whole=not findings.any)
    context.outputs = outputs
    context.summary.append(_summary(feedback))
    findings.raise_all()
    return outputs


def _outputs(
    folder: Path, feedback: Sequence[Feedback], since: datetime | None, *, is_whole: bool
) -> Outputs:
    crashes = sum(item.kind == "crash" for item in feedback)
    screenshots = len(feedback) - crashes
    log.info(
        "Wrote %s and %s into %s",
        words.counted(crashes, "crash report"),
        words.counted(screenshots, "screenshot report"),
        folder,
    )
    return Outputs(
        crashes=str(crashes),
        screenshots=str(screenshots),
        # A run with a failure must not move `since` past the feedback that it lacks.
        newest=moment(_newest(feedback, since) if is_whole else since),
        index=str(folder / INDEX),
        directory=str(folder),
    )


def _folder(directory: str) -> Path:
    try:
        return private_folder(Path(directory).absolute())
    except OSError as error:
        raise Error(
            f"directory: {directory}: {error.strerror}.",
            writing_remedy(error, "Name a folder that the step can write to."),
        ) from None


def _newest(feedback: Sequence[Feedback], since: datetime | None) -> datetime | None:
    moments = [item.created for item in feedback if item.created]
    return max([*moments, *([since] if since else [])], default=None)


def _summary(feedback: Sequence[Feedback]) -> str:
    text = summary.heading("Feedback of testers")
    if not feedback:
        return text + summary.paragraph("Nothing new.")
    rows = [
        (
            moment(item.created),
            item.kind,
            item.build_number,
            item.attributes.get("deviceModel") or "",
            item.attributes.get("comment") or "",
        )
        for item in feedback[-ROWS:]
    ]
    return text + summary.table(("When (UTC)", "Kind", "Build", "Device", "Comment"), rows)


COMMAND = Command(
    name="download-feedback",
    summary="Download the crash logs and screenshots that beta testers sent.",
    description=(
        "Downloads the feedback of testers since a date or time: crash logs, screenshots, comments and "
        "devices, with a JSON index. The index has no email addresses of testers unless you ask for them."
    ),
    role="App Manager or Admin",
    icon="message-square",
    example="""\
- uses: OWNER/REPO/actions/download-feedback@v1
  with:
    api-key: ${{ secrets.ASC_API_KEY }}
    bundle-id: com.example.app
""",
    inputs=Inputs,
    outputs=Outputs,
    run=run,
)
