"""The stand-in for the runner, with small actions."""

import signal
from pathlib import Path

import pytest

from support.runner import Runner, evaluate

ACTION = """
inputs:
  name: {default: nobody}
outputs:
  greeting: {value: "${{ steps.run.outputs.greeting }}"}
runs:
  using: composite
  steps:
    - id: run
      shell: bash
      run: exec "$GITHUB_ACTION_PATH/step"
      env: {INPUTS: "${{ toJSON(inputs) }}"}
"""


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path / "job", secrets=["s3cret"])


def action(tmp_path: Path, script: str) -> Path:
    folder = tmp_path / "action"
    folder.mkdir()
    (folder / "action.yml").write_text(ACTION)
    (folder / "step").write_text("#!/usr/bin/env bash\n" + script)
    (folder / "step").chmod(0o755)
    return folder


def test_inputs_outputs_summary_and_masks(runner: Runner, tmp_path: Path) -> None:
    script = """
        echo "got $INPUTS"; env | grep ^INPUT_ && exit 9
        echo "greeting=hello" >>"$GITHUB_OUTPUT"; echo "later=1" >>"$GITHUB_ENV"
        echo "# s3cret" >>"$GITHUB_STEP_SUMMARY"
    """
    result = runner.run(action(tmp_path, script), {"name": "s3cret", "surplus": 1})
    assert result.exit_code == 0
    assert result.outputs == {"greeting": "hello"}
    assert result.summary == "# ***\n"
    assert runner.env["later"] == "1"
    assert "s3cret" not in result.log.text
    assert result.log.problems == ["Unexpected input(s) 'surplus'"]


def test_a_broken_output_file_fails_the_step(runner: Runner, tmp_path: Path) -> None:
    result = runner.run(action(tmp_path, 'echo "greeting" >>"$GITHUB_OUTPUT"'))
    assert result.exit_code == 1
    assert "Unable to process file command" in result.log.problems[0]


def test_a_summary_over_the_limit_is_dropped(runner: Runner, tmp_path: Path) -> None:
    result = runner.run(action(tmp_path, 'head -c 1048577 /dev/zero | tr "\\0" x >"$GITHUB_STEP_SUMMARY"'))
    assert result.summary == ""
    assert "upload aborted" in result.log.problems[0]


def test_cancelling_signals_the_top_process_alone(runner: Runner, tmp_path: Path) -> None:
    result = runner.run(action(tmp_path, "echo ready; exec sleep 60"), cancel_on="ready")
    assert result.exit_code == -signal.SIGINT
    assert result.left_running == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${{ inputs.a }}-${{inputs.none}}", "1-"),
        ("${{ toJSON(inputs) }}", '{\n  "a": "1"\n}'),
        ("${{ steps.s.outputs.x-y }}", "z"),
    ],
)
def test_expressions(text: str, value: str) -> None:
    assert evaluate(text, {"inputs": {"a": "1"}, "steps": {"s": {"outputs": {"x-y": "z"}}}}) == value
