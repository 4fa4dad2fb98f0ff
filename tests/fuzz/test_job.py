"""The runner reads our output rightly with any text in it. tests/core/test_workflow.py has rule by rule."""

from __future__ import annotations

import io
import logging
import os
from contextlib import redirect_stdout
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asc.job import log, summary, workflow
from asc.job.secrets import Secrets
from fuzz.bounds import bounded, examples, large
from support.job_log import JobLog, parse_file_command, parse_log

TEXTS = st.text() | st.text(st.sampled_from(":#[]%\r\n\t ,;=error|`<>-\\A0D25\x85\u2028\x0b\x1c\ud800"))
NAMES = st.from_regex(r"[A-Z][A-Z0-9_]{0,9}", fullmatch=True).map("ASC_TEST_".__add__)


def printed(text: str, level: int, secrets: Secrets) -> JobLog:
    out = io.StringIO()
    with redirect_stdout(out):
        handler = log.JobHandler(secrets, "a title")
        handler.emit(logging.LogRecord("asc", level, "", 0, "%s", (text,), None))
    return parse_log(out.getvalue())


@given(TEXTS, st.sampled_from([logging.DEBUG, logging.INFO, logging.WARNING]))
@large("##" * 50_000 + "[error]", logging.INFO)
@large(" " * 100_000 + "::error::", logging.INFO)
@large("\n:" * 50_000, logging.WARNING)
@examples(48)
def test_a_record_is_what_its_level_says(text: str, level: int) -> None:
    with bounded():
        found = printed(text, level, Secrets(mask=True))
    assert found.problems == []
    assert len(found.annotations) == (level == logging.WARNING)


@given(st.dictionaries(NAMES, TEXTS, max_size=4), st.dictionaries(NAMES, TEXTS, max_size=4))
@examples(24)
def test_outputs_and_variables_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, outputs: dict[str, str], variables: dict[str, str]
) -> None:
    folder = tmp_path_factory.mktemp("job")
    files = {name: folder / name for name in ("GITHUB_OUTPUT", "GITHUB_ENV")}
    for file in files.values():
        file.touch()
    with patch.dict(os.environ, {name: str(path) for name, path in files.items()}), bounded():
        for name, value in outputs.items():
            workflow.set_output(name, value)
        for name, value in variables.items():
            workflow.set_env(name, value)
    read = {name: parse_file_command(path.read_bytes().decode()) for name, path in files.items()}
    assert read["GITHUB_OUTPUT"] == {name: writable(value) for name, value in outputs.items()}
    assert read["GITHUB_ENV"] == {
        name: writable(value).replace("\0", "") for name, value in variables.items()
    }


def writable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


@given(st.lists(st.lists(TEXTS, min_size=2, max_size=2), max_size=4), TEXTS)
@examples(24)
def test_a_summary_has_as_many_rows_as_it_should(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], text: str
) -> None:
    path: Path = tmp_path_factory.mktemp("job") / "summary"
    path.touch()
    with patch.dict(os.environ, {"GITHUB_STEP_SUMMARY": str(path)}), bounded():
        workflow.append_summary(summary.heading(text) + summary.table(["one", "two"], rows))
    lines = path.read_text("utf-8").split("\n")
    assert sum(line.startswith("|") for line in lines) == 2 + len(rows)
    assert not any("<" in line for line in lines)


@given(st.lists(st.text(min_size=5, max_size=20), min_size=1, max_size=3), TEXTS, TEXTS)
@examples(32)
def test_a_secret_is_in_no_text_of_ours(known: list[str], before: str, after: str) -> None:
    secrets = Secrets(mask=False)
    for secret in known:
        secrets.add(secret)
    with bounded():
        hidden = secrets.hide(before + known[0] + after)
    if workflow.worth_hiding(known[0]) and not set(known[0]) & set("*"):
        assert known[0] not in hidden
