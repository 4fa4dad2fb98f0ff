"""doctor: given this key, then this diagnosis."""

from __future__ import annotations

import json

import pytest

from asc.commands.main import main
from support.sandbox import app, key, seed, start_sandbox


@pytest.fixture
def diagnose(monkeypatch, capsys):
    """Runs doctor on a laptop against a sandbox; gives exit code, outputs and what was said."""

    def run(sandbox, *arguments, use=None, **members):
        for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "ASC_API_KEY_PATH"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("ASC_API_URL", sandbox.url)
        monkeypatch.setenv("ASC_API_KEY", json.dumps({**sandbox.api_key(use), **members}))
        code = main(["doctor", "--json", *arguments])
        printed = capsys.readouterr()
        return code, json.loads(printed.out or "{}"), printed.err

    return run


def test_a_good_key_is_good_for_everything(diagnose):
    with start_sandbox(seed(apps=[app("com.example.one"), app("com.example.two")])) as sandbox:
        code, outputs, said = diagnose(sandbox)
    assert code == 0
    assert outputs["apps"] == "com.example.one,com.example.two"
    assert outputs["allowed"] == (
        "fetch-build-number,upload-testflight,manage-testers,manage-group,download-feedback,sync-signing,"
        "register-bundle-ids,register-devices,download-dsyms,"
        "check-app-store,download-app-store,update-app-store,submit-app-store,release-app-store,manage-webhooks"
    )
    assert "accepts its token" in said


def test_a_small_role_is_told_and_fails_only_where_it_is_needed(diagnose):
    with start_sandbox(seed(apps=[app("com.example.one")], keys=[key("SALESKEY01", "SALES")])) as sandbox:
        code, outputs, said = diagnose(sandbox)
        assert code == 0
        assert "fetch-build-number" not in outputs["allowed"]
        assert "✗ fetch-build-number: refused; it needs the role Developer" in said
        code, _, said = diagnose(sandbox, "--needs", "fetch-build-number")
    assert code == 1
    assert "cannot do fetch-build-number" in said


@pytest.mark.parametrize("apps", [[app("com.example.one")], []])
def test_webhooks_need_an_admins_key_and_an_app(diagnose, apps):
    keys = [key("MANAGER001", "APP_MANAGER" if apps else "ADMIN")]
    with start_sandbox(seed(apps=apps, keys=keys)) as sandbox:
        code, _, said = diagnose(sandbox, "--needs", "manage-webhooks")
    assert code == 1
    assert "✗ manage-webhooks: refused; it needs the role Admin" in said


@pytest.mark.parametrize("action", ["register-bundle-ids", "register-devices", "submit-app-store"])
def test_a_developers_key_is_told_what_it_reads_and_who_may_change_it(diagnose, action):
    with start_sandbox(seed(apps=[app("com.example.one")], keys=[key("DEVELOPER1", "DEVELOPER")])) as sandbox:
        _, outputs, said = diagnose(sandbox, "--needs", action)
    assert action in outputs["allowed"]
    assert "App Manager or Admin" in next(line for line in said.splitlines() if action in line)


@pytest.mark.parametrize("action", ["register-bundle-ids", "register-devices"])
def test_a_key_that_may_not_read_bundle_ids_and_devices_is_told(diagnose, action):
    with start_sandbox(seed(keys=[key("SALESKEY01", "SALES")])) as sandbox:
        code, _, said = diagnose(sandbox, "--needs", action)
    assert code == 1
    assert f"✗ {action}: refused" in said


def test_an_individual_key_is_told_to_be_closed_out_of_certificates(diagnose):
    keys = [key("INDIVIDUAL", issuer=None)]
    with start_sandbox(seed(apps=[app("com.example.one")], keys=keys)) as sandbox:
        code, outputs, said = diagnose(sandbox)
        assert (code, "sync-signing" in outputs["allowed"]) == (0, False)
        assert "individual key" in next(line for line in said.splitlines() if "✗ sync-signing" in line)
        code, _, said = diagnose(sandbox, "--needs", "sync-signing")
    assert code == 1
    assert "Create a team key" in said


def test_a_wrong_clock_is_named_and_survived(diagnose):
    with start_sandbox(seed(apps=[app("com.example.one")]), clock_offset=600) as sandbox:
        code, outputs, said = diagnose(sandbox)
    assert code == 0
    assert -603 < int(outputs["clock-skew"]) < -597
    assert "behind Apple's" in said


def test_a_key_that_apple_does_not_know_is_refused_with_what_to_check(diagnose):
    with start_sandbox(seed(apps=[app("com.example.one")])) as sandbox:
        code, _, said = diagnose(sandbox, key_id="NOSUCHKEY1")
    assert code == 1
    assert "401" in said
    assert "NOSUCHKEY1" in said


def test_an_unreadable_key_is_refused_before_any_request(diagnose):
    with start_sandbox(seed(apps=[app("com.example.one")])) as sandbox:
        code, _, said = diagnose(sandbox, key="rubbish")
        assert sandbox.requests == ()
    assert code == 2
    assert "ASC_API_KEY (key)" in said


def test_a_role_that_may_not_even_list_apps_is_diagnosed_to_the_end(diagnose):
    with start_sandbox(seed(apps=[app("com.example.one")]), faults=["GET /v1/apps status=403"]) as sandbox:
        code, outputs, said = diagnose(sandbox)
    assert code == 0
    assert outputs["apps"] == ""
    assert "✗ Its role may not list apps" in said
    assert "✓ sync-signing" in said
