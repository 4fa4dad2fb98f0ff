"""Texts that App Store Connect refuses: mended where it says how, and never in the way of the build."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.uploading import an_ipa, apple, calls, groups_with_it, step, submissions, whats_new

UNCOMPOSED = "q\u0303"
"""No letter is composed of the two, and the sandbox refuses the mark."""
BOTH = {"groups": "QA, Beta testers"}


def test_a_text_that_was_typed_on_a_mac_is_composed(tmp_path: Path) -> None:
    inputs = {"file": str(an_ipa(tmp_path)), "whats-new": "fr-FR: De\u0301marrage rapide."}
    with apple() as sandbox:
        done = step(tmp_path, sandbox, inputs)
        assert whats_new(sandbox) == {"fr-FR": "D\u00e9marrage rapide."}
    assert (done.code, done.log.messages("warning")) == (0, [])


@pytest.mark.parametrize("locale", ["en-US", "ja"], ids=["changed", "made"])
def test_characters_that_apple_lists_are_taken_out_once_with_a_warning(tmp_path: Path, locale: str) -> None:
    inputs = {"file": str(an_ipa(tmp_path)), "whats-new": f"{locale}: A {UNCOMPOSED} faster."}
    with apple() as sandbox:
        done = step(tmp_path, sandbox, {**inputs, **BOTH})
        assert (whats_new(sandbox), groups_with_it(sandbox)) == (
            {locale: "A q faster."},
            {"QA", "Beta testers"},
        )
    (warning,) = done.log.messages("warning")
    assert (done.code, "U+0303" in warning) == (0, True), done.stdout


def test_test_information_is_mended_the_same_way(tmp_path: Path) -> None:
    inputs = {"file": str(an_ipa(tmp_path)), "app-info": f"de-DE: {{description: Ein {UNCOMPOSED} \u2713}}"}
    with apple() as sandbox:
        done = step(tmp_path, sandbox, inputs)
        _, found = sandbox.world.all("betaAppLocalizations")
    assert (done.code, found.attributes["description"]) == (0, "Ein q ")


@pytest.mark.parametrize(
    "text", [UNCOMPOSED[1] * 3, "A fine text."], ids=["nothing is left of it", "refused for another reason"]
)
def test_a_refused_text_keeps_the_build_from_nobody_and_fails_the_step_at_the_end(
    tmp_path: Path, text: str
) -> None:
    inputs = {"file": str(an_ipa(tmp_path)), "whats-new": f"en-US: {text}", **BOTH}
    fault = "PATCH /v1/betaBuildLocalizations/* status=409 code=ENTITY_ERROR.ATTRIBUTE.INVALID times=always"
    with apple(faults=[] if UNCOMPOSED[1] in text else [fault]) as sandbox:
        done = step(tmp_path, sandbox, inputs)
        assert groups_with_it(sandbox) == {"QA", "Beta testers"}
        assert len(submissions(sandbox)) == 1
        assert len([call for call in calls(sandbox, "PATCH") if "betaBuildLocalizations" in call]) == 1
    assert (done.code, "en-US" in done.error) == (1, True)
    assert done.outputs["groups"] == "QA, Beta testers"
