"""A build is processed, and a green end of upload-testflight means that somebody can test it."""

from __future__ import annotations

from pathlib import Path

import pytest

from asc.builds import waiting
from asc.builds.distribution import sending
from asc_sandbox.plans import Processing
from core.uploading import an_ipa, apple, groups_with_it, step


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(waiting, "LONGEST_PAUSE", 0.2)
    monkeypatch.setattr(sending, "SETTLING", (0.05, 0.05))


# The build's beta detail lags behind (codemagic-cli-tools#346)


@pytest.mark.parametrize("wait", ["processing", "available"])
def test_a_valid_build_is_waited_for_until_its_beta_detail_is_processed_too(
    tmp_path: Path, wait: str
) -> None:
    with apple(processing=Processing(seconds=0, detail_lag=0.6)) as sandbox:
        done = step(tmp_path, sandbox, {"file": str(an_ipa(tmp_path)), "groups": "QA", "wait": wait})
        assert done.code == 0, done.stdout
        assert groups_with_it(sandbox) == {"QA"}
        assert [each.status for each in sandbox.requests if each.status == 422] == []


def test_a_beta_detail_that_lags_past_the_timeout_ends_the_step_as_too_late(tmp_path: Path) -> None:
    inputs = {"file": str(an_ipa(tmp_path)), "groups": "QA", "timeout": "0.3s"}
    with apple(processing=Processing(seconds=0, detail_lag=60)) as sandbox:
        done = step(tmp_path, sandbox, inputs)
        assert groups_with_it(sandbox) == set()
    assert (done.code, "internal testing: PROCESSING" in done.error) == (1, True)


def test_a_refusal_of_a_build_that_is_processed_still_is_repeated_until_the_timeout(tmp_path: Path) -> None:
    to_groups = "POST /v1/builds/*/relationships/betaGroups"
    fault = f"{to_groups} status=422 code=ENTITY_UNPROCESSABLE.BUILD_NOT_PROCESSED times=6"
    with apple(faults=[fault]) as sandbox:
        done = step(tmp_path, sandbox, {"file": str(an_ipa(tmp_path)), "groups": "QA"})
        assert groups_with_it(sandbox) == {"QA"}
    assert done.code == 0, done.stdout
