"""What a reader sees of a step: its log as the runner shows it, its summary, and the same from a terminal.

What differs from run to run (times, dates, random ids, folders) is put into words.
"""

from __future__ import annotations

import re
from pathlib import Path

from asc.job import summary
from core.running import Done

_CHANGING = (
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uuid>"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d", "<time>"),
    (r"\d{4}-\d\d-\d\d", "<date>"),
    (r"\b\d+(\.\d+)? s\b", "<s>"),
    (r"\| 36\d \|", "| <days> |"),
    (r"(?s)```mermaid\n.*?```\n\n", ""),  # the timeline: phases that were too short are not in it
    (r"\d+ requests in <s>; \d+ of", "<n> requests in <s>; <n> of"),
    (
        r"; \d+ are left this hour",
        "; <n> are left this hour",
    ),  # requests side by side: either answer may be the last
    (r"127\.0\.0\.1:\d+", "127.0.0.1:<port>"),
)


def page(title: str, folder: Path, in_job: Done, on_terminal: Done) -> str:
    """A golden file: Markdown, so that the summary shows there as it does on the page of a run."""
    text = f"# {title}\n\nExit code {in_job.code}.\n\n## Log\n\n{_fenced(_shown(in_job))}"
    text += f"\n## On a terminal\n\n{_fenced(on_terminal.stderr)}"
    if in_job.summary:
        text += f"\n## Summary\n\n{in_job.summary.strip()}\n"
    text = text.replace(str(folder), "/job").replace(summary.escape(folder), "/job")
    for pattern, word in _CHANGING:
        text = re.sub(pattern, word, text)
    return text


def _shown(done: Done) -> str:
    """The lines of the log, annotations and groups as the runner draws them; masks are not shown."""
    lines = []
    for line in done.stdout.splitlines():
        if line.startswith("::add-mask::"):
            continue
        line = re.sub(r"^::group::", "▼ ", line)
        line = re.sub(r"^::(error|warning) title=([^:]*)::", lambda m: f"{m[1].title()}: [{m[2]}] ", line)
        lines += [] if line == "::endgroup::" else line.split("%0A")
    return "\n".join(lines) + "\n"


def _fenced(text: str) -> str:
    return f"```text\n{text}```\n"
