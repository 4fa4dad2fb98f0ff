"""The pages say what is true: links lead somewhere, examples have inputs that exist, errors have an entry."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from asc.commands import NAMES, load
from asc.commands.declaration import inputs_of, outputs_of
from asc.commands.deliverfile import CATEGORIES, INPUTS, OTHER_STEPS, WITHOUT_API
from asc.provisioning.capabilities import read_capability
from support.contract import document
from support.messages import SOURCE, error_classes, messages
from support.scratch import REPOSITORY

PAGES = sorted(
    [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md"), *REPOSITORY.glob("actions/*/README.md")]
)
RECIPES = sorted(REPOSITORY.glob("docs/recipes/*.yml"))
TROUBLE = (REPOSITORY / "docs/troubleshooting.md").read_text("utf-8")
# Caught where they are raised: no user sees them.
INTERNAL = {"_OtherParts", "_Overtaken", "ManyError"}  # the last one has the messages of others


def name_of(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^ *```.*?^ *```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    found: dict[str, int] = {}
    names = set()
    for heading in re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE):
        text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        name = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        names.add(f"{name}-{found[name]}" if name in found else name)
        found[name] = found.get(name, 0) + 1
    return names


def blocks(page: Path, language: str) -> list[str]:
    found = re.findall(
        rf"^( *)```{language}\n(.*?)^ *```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    return [re.sub(rf"^{indent}", "", text, flags=re.MULTILINE) for indent, text in found]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        other = (page.parent / path).resolve() if path else page
        assert other.exists(), f"{target} is not there"
        if anchor:
            assert anchor in anchors(other), f"{target}: no such heading"


def steps(content: Any) -> Iterator[dict[str, Any]]:
    """The steps of a workflow, of a list of steps, or none."""
    if isinstance(content, dict):
        for job in (content.get("jobs") or {}).values():
            yield from job.get("steps", [])
    elif isinstance(content, list):
        yield from (each for each in content if isinstance(each, dict))


EXAMPLES = [(name_of(page), text) for page in PAGES for text in blocks(page, "yaml")]
EXAMPLES += [(name_of(path), path.read_text("utf-8")) for path in RECIPES]


@pytest.mark.parametrize(("place", "text"), EXAMPLES, ids=[f"{p}:{n}" for n, (p, _) in enumerate(EXAMPLES)])
def test_examples_use_what_there_is(
    place: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Actions, their inputs, words of a choice, and outputs of steps that the example itself has."""
    # The one file that an input reads, and that examples name.
    (tmp_path / "fastlane").mkdir()
    (tmp_path / "fastlane/devices.txt").write_text(f"{'a1' * 20}\tTest phone\n")
    monkeypatch.chdir(tmp_path)
    content = yaml.load(text, yaml.BaseLoader)
    commands: dict[str, str] = {}
    for step in steps(content):
        action = re.fullmatch(r"(?:OWNER/REPO|\.)/actions/([a-z-]+)(?:@v1)?", step.get("uses", ""))
        if not action:
            continue
        command = load(action[1])
        commands[step.get("id", "")] = action[1]
        declared = inputs_of(command)
        for name, value in step.get("with", {}).items():
            assert name in declared, f"{place}: {action[1]} has no input {name}"
            if "${{" not in value:
                declared[name][1].kind.parse(value)
    for step, output in re.findall(r"steps\.([\w-]+)\.outputs\.([\w-]+)", text):
        if step in commands:
            assert output in outputs_of(load(commands[step])), f"{place}: no output {output}"


@pytest.mark.parametrize("name", NAMES)
def test_every_action_has_a_page_with_its_tables(name: str) -> None:
    page = (REPOSITORY / f"docs/{name}.md").read_text("utf-8")
    assert page.startswith(f"# {name}\n")
    assert f"<!-- inputs: {name} -->" in page and f"<!-- outputs: {name} -->" in page
    assert f"](docs/{name}.md)" in (REPOSITORY / "README.md").read_text("utf-8")


def test_every_recipe_is_in_the_page_of_recipes_or_a_guide() -> None:
    text = "".join(page.read_text("utf-8") for page in PAGES)
    assert RECIPES
    for path in RECIPES:
        assert f"<!-- recipe: {path.stem} -->" in text


# Troubleshooting


def fragments() -> list[str]:
    """What the page's first columns quote."""
    cells = re.findall(r"^\| (`.*?) \|", TROUBLE, re.MULTILINE)
    return [text for cell in cells for text in re.findall(r"`([^`]+)`", cell)]


def pattern(fragment: str) -> re.Pattern[str]:
    """`…` stands for anything, for nothing too."""
    return re.compile(".*?".join(re.escape(part) for part in re.split(r" ?… ?", fragment)))


@pytest.mark.parametrize("error", [each.__name__ for each in error_classes()])
def test_every_class_of_errors_has_an_entry(error: str) -> None:
    texts = messages().get(error, [])
    if error in INTERNAL:
        return
    assert texts, "nothing makes one"
    entries = [each for each in fragments() if any(pattern(each).search(text) for text in texts)]
    assert entries, f"docs/troubleshooting.md has no message of {error}"


@pytest.mark.parametrize("fragment", fragments())
def test_every_entry_is_a_message(fragment: str) -> None:
    assert pattern(fragment).search(source())


@cache
def source() -> str:
    """All code, with texts over several lines joined, and their gaps as `…`."""
    text = "".join(path.read_text("utf-8") for path in sorted(SOURCE.rglob("*.py")))
    return re.sub(r"\{[^{}]*\}", "…", re.sub(r'"\s*\n\s*f?"', "", text))


# fastlane's options

MATCH = """
type additional_cert_types readonly generate_apple_certs skip_provisioning_profiles app_identifier api_key_path api_key
username team_id team_name storage_mode git_url git_branch git_full_name git_user_email shallow_clone
clone_branch_directly git_basic_authorization git_bearer_authorization git_private_key google_cloud_bucket_name
google_cloud_keys_file google_cloud_project_id skip_google_cloud_account_confirmation s3_region s3_access_key
s3_secret_access_key s3_session_token s3_bucket s3_object_prefix s3_skip_encryption gitlab_project gitlab_host job_token
private_token keychain_name keychain_password force force_for_new_devices include_mac_in_profiles
include_all_certificates certificate_id force_for_new_certificates renew_expired_certs skip_confirmation
safe_remove_certs skip_docs platform derive_catalyst_app_identifier template_name profile_name fail_on_name_taken
skip_certificate_matching output_path skip_set_partition_list force_legacy_encryption verbose
"""
CERT = """
development type force generate_apple_certs api_key_path api_key username team_id team_name filename output_path
keychain_path keychain_password skip_set_partition_list platform
"""
SIGH = """
adhoc developer_id development skip_install force include_mac_in_profiles app_identifier api_key_path api_key username
team_id team_name provisioning_name ignore_profiles_with_different_name output_path cert_id cert_owner_name filename
skip_fetch_profiles include_all_certificates skip_certificate_verification platform readonly template_name
fail_on_name_taken cached_certificates cached_devices cached_bundle_ids cached_profiles
"""


DELIVER = """
api_key_path api_key username app_identifier app_version ipa pkg build_number platform edit_live use_live_version
metadata_path screenshots_path app_clip_header_images_path app_clip_default_experience_metadata_path app_previews_path
preview_frame_time_code overwrite_preview_videos skip_binary_upload skip_screenshots skip_metadata
skip_app_version_update force overwrite_screenshots screenshot_processing_timeout sync_screenshots submit_for_review
verify_only reject_if_possible version_check_wait_retry_limit automatic_release auto_release_date phased_release
reset_ratings price_tier app_rating_config_path submission_information team_id team_name dev_portal_team_id
dev_portal_team_name itc_provider provider_public_id run_precheck_before_submit precheck_default_rule_level
individual_metadata_items app_icon apple_watch_app_icon copyright primary_category secondary_category
primary_first_sub_category primary_second_sub_category secondary_first_sub_category secondary_second_sub_category
trade_representative_contact_information app_review_information app_clip_review_information
app_review_attachment_file description name subtitle keywords promotional_text release_notes privacy_url
apple_tv_privacy_policy support_url marketing_url languages ignore_language_directory_validation
precheck_include_in_app_purchases app_clip_default_experience_subtitle app_clip_default_experience_action app
"""
PRECHECK = """
api_key_path api_key app_identifier username team_id team_name platform default_rule_level include_in_app_purchases
use_live negative_apple_sentiment placeholder_text other_platforms future_functionality test_words curse_words
free_stuff_in_iap custom_text copyright_date unreachable_urls
"""
REGISTER_DEVICE = "name platform udid api_key_path api_key team_id team_name username"
REGISTER_DEVICES = "devices devices_file api_key_path api_key team_id team_name username platform"
PRODUCE = """
username app_identifier bundle_identifier_suffix app_name app_version sku platform platforms language company_name
skip_itc itc_users enabled_features enable_services skip_devcenter team_id team_name itc_team_id itc_team_name
"""
PRODUCES_COMMANDS = """
create enable_services disable_services available_services group associate_group cloud_container
associate_cloud_container merchant associate_merchant
"""
PRODUCES_SERVICES = """
access_wifi app_attest app_group apple_pay associated_domains auto_fill_credential class_kit icloud
custom_network_protocol data_protection family_controls file_provider_testing_mode fonts
extended_virtual_address_space declared_age_range game_center health_kit hls_interstitial_preview home_kit hotspot
in_app_purchase inter_app_audio low_latency_hls managed_associated_domains maps multipath network_extension
nfc_tag_reading personal_vpn passbook push_notification sign_in_with_apple siri_kit system_extension user_management
vpn_configuration wallet wireless_accessory car_play_audio_app car_play_messaging_app car_play_navigation_app
car_play_voip_calling_app critical_alerts hotspot_helper driver_kit driver_kit_endpoint_security
driver_kit_family_hid_device driver_kit_family_networking driver_kit_family_serial driver_kit_hid_event_service
driver_kit_transport_hid multitasking_camera_access sf_universal_link_api vp9_decoder music_kit shazam_kit
communication_notifications group_activities health_kit_estimate_recalibration time_sensitive_notifications
"""
PEM = """
platform development website_push generate_p12 active_days_limit force save_private_key app_identifier username team_id
team_name p12_password pem_name output_path
"""
PILOTS_TESTERS = """
add import remove list find export app_identifier apple_id email first_name last_name groups testers_file_path
api_key api_key_path username team_id team_name itc_provider
"""
STORE = ("update-app-store", "submit-app-store", "check-app-store", "download-app-store")


@pytest.mark.parametrize(
    ("page", "tool", "options", "commands"),
    [
        ("migrating-from-match", "match", MATCH, ("sync-signing",)),
        ("migrating-from-match", "cert", CERT, ("sync-signing",)),
        ("migrating-from-match", "sigh", SIGH, ("sync-signing",)),
        ("migrating-from-fastlane", "deliver", DELIVER, STORE),
        ("migrating-from-fastlane", "precheck", PRECHECK, STORE),
        ("migrating-from-fastlane", "register_device", REGISTER_DEVICE, ("register-devices",)),
        ("migrating-from-fastlane", "register_devices", REGISTER_DEVICES, ("register-devices",)),
        ("migrating-from-fastlane", "produce", PRODUCE, ("register-bundle-ids",)),
        ("migrating-from-fastlane", "produce's commands", PRODUCES_COMMANDS, ("register-bundle-ids",)),
        (
            "migrating-from-fastlane",
            "pilot add, import, remove, export, find",
            PILOTS_TESTERS,
            ("manage-testers",),
        ),
        ("migrating-from-fastlane", "pem", PEM, ("register-bundle-ids",)),
    ],
)
def test_every_option_of_fastlane_is_accounted_for(
    page: str, tool: str, options: str, commands: tuple[str, ...]
) -> None:
    text = (REPOSITORY / f"docs/{page}.md").read_text("utf-8")
    section = re.split(rf"^### {tool}$", text, flags=re.MULTILINE)[1].split("\n### ")[0]
    rows = [row.split(" | ") for row in section.splitlines() if row.startswith("| `")]
    named = [option for row in rows for option in re.findall(r"`([^`]+)`", row[0])]
    assert sorted(option for option in named if " " not in option) == sorted(options.split())
    declared = {name for command in commands for name in inputs_of(load(command))}
    for row in rows:
        for word in re.findall(r"`([a-z-]+)", row[1]):
            assert word in declared, f"{word} is no input"


@pytest.mark.parametrize("service", PRODUCES_SERVICES.split())
def test_every_service_of_produce_is_a_capability_under_its_name(service: str) -> None:
    assert read_capability(service) == read_capability(service.replace("_", "-"))
    assert read_capability(service).type.isupper()


def test_the_page_has_each_type_of_certificate_of_apples_document() -> None:
    text = (REPOSITORY / "docs/migrating-from-fastlane.md").read_text("utf-8")
    section = text.split("### Types of certificates")[1].split("\n## ")[0]
    rows = [row.split(" | ")[0] for row in section.splitlines() if row.startswith("| `")]
    types = document()["components"]["schemas"]["CertificateType"]["enum"]
    assert sorted(re.findall(r"`([A-Z0-9_]+)`", "".join(rows))) == sorted(types)


def test_every_option_that_a_deliverfile_may_have_is_one_of_delivers() -> None:
    assert {*INPUTS, *CATEGORIES, *WITHOUT_API, *OTHER_STEPS} <= set(DELIVER.split())
    assert {ours for ours, _ in INPUTS.values()} <= {name for one in STORE for name in inputs_of(load(one))}


def test_the_benchmarks_folder_holds_its_pages_and_the_pictures_that_they_show() -> None:
    folder = REPOSITORY / "docs/benchmarks"
    pages = {"README.md", "latest.md"}
    shown = {name for page in pages for name in re.findall(r"\]\((\S+\.svg)\)", (folder / page).read_text())}
    assert {path.name for path in folder.iterdir()} == pages | shown
