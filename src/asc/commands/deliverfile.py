"""fastlane's Deliverfile: simple lines fill inputs that are not given. The file is read as text, never run.

https://docs.fastlane.tools/actions/deliver/
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from asc.commands import kinds
from asc.commands.declaration import given
from asc.errors import InputError, Problem
from asc.formats.rubylines import Statement, read_ruby
from asc.words import printable_name

log = logging.getLogger(__name__)

_BOTH = {"true": "true", "false": "false"}
INPUTS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "app_identifier": ("bundle-id", {}),
    "app": ("app-id", {}),
    "app_version": ("version", {}),
    "platform": ("platform", {}),
    "metadata_path": ("metadata", {}),
    "skip_metadata": ("metadata", {"true": "none"}),
    "screenshots_path": ("screenshots", {}),
    "skip_screenshots": ("screenshots", {"true": "none"}),
    "app_previews_path": ("previews", {}),
    "preview_frame_time_code": ("preview-frame", {}),
    "ignore_language_directory_validation": ("unknown-folders", {"true": "warn"}),
    "edit_live": ("target", {"true": "live"}),
    "copyright": ("copyright", {}),
    "app_rating_config_path": ("age-rating", {}),
    "app_review_attachment_file": ("review-attachments", {}),
    "build_number": ("build-number", {}),
    "automatic_release": ("release", {"true": "after-approval", "false": "manual"}),
    "phased_release": ("phased", _BOTH),
    "reject_if_possible": ("if-open", {"true": "cancel"}),
    "run_precheck_before_submit": ("checks", _BOTH),
}
"""deliver's options → the input, and what becomes of the value if it does not stay: other values fill nothing."""
CATEGORIES = (
    *("primary_category", "primary_first_sub_category", "primary_second_sub_category"),
    *("secondary_category", "secondary_first_sub_category", "secondary_second_sub_category"),
)
WITHOUT_API = {
    "reset_ratings": "Apple's API cannot reset ratings: remove the line, and do it in App Store Connect.",
    "price_tier": "Apple's API has no price tiers: remove the line, and set the price in App Store Connect.",
}
OTHER_STEPS = {
    *(
        "submit_for_review",
        "force",
        "skip_binary_upload",
        "skip_app_version_update",
        "verify_only",
        "ipa",
        "pkg",
    ),
    *("api_key", "api_key_path", "overwrite_screenshots", "sync_screenshots", "overwrite_preview_videos"),
    *("screenshot_processing_timeout", "version_check_wait_retry_limit", "precheck_default_rule_level"),
    *("precheck_include_in_app_purchases", "use_live_version"),
}
"""Options that need no input here: the choice of the action, or its normal behaviour, replaces them."""
COUNTERPARTS = {
    "app_review_information": "review-info",
    "languages": "locales",
    "name": "texts",
    "release_notes": "release-notes",
    "submission_information": "uses-non-exempt-encryption",
    **dict.fromkeys(("subtitle", "description", "keywords", "promotional_text"), "texts"),
    **dict.fromkeys(("support_url", "marketing_url", "privacy_url"), "texts"),
}
"""deliver's options whose values only Ruby can read → the input to set instead."""
# An input beats the option that names the same thing in another way, because both together are an error.
_INSTEAD_OF = {"bundle-id": "app-id", "app-id": "bundle-id", "build-number": "build-id"}


def deliverfile_input(group: str) -> str | None:
    """Return the dataclass field of the input `deliverfile`."""
    declared: str | None = given(
        kinds.PATH,
        'fastlane\'s Deliverfile: lines like `app_version "1.6.0"` set inputs that the step does not set. '
        "The step warns about other lines, and runs no Ruby.",
        group=group,
        examples=("fastlane/Deliverfile",),
    )
    return declared


def with_deliverfile(raw: Mapping[str, str], declared: Collection[str]) -> dict[str, str]:
    """Return the raw inputs, filled up from the Deliverfile that the input `deliverfile` names. Raises InputError."""
    path = raw.get("deliverfile", "").strip()
    if not path or "deliverfile" not in declared:
        return dict(raw)
    try:
        statements = read_ruby(Path(path))
    except (OSError, ValueError) as error:
        reason = f"{printable_name(path)} cannot be read: {error}"
        raise InputError([Problem("deliverfile", reason, "Name fastlane's Deliverfile, in UTF-8.")]) from None
    if problems := list(_refused(path, statements)):
        raise InputError(problems)
    in_file = _inputs(path, statements, declared)
    # The inputs of the step beat the file.
    given_here = {name for name, text in raw.items() if text.strip()}
    filled = {
        name: text
        for name, text in in_file.items()
        if name not in given_here and _INSTEAD_OF.get(name) not in given_here
    }
    if not {"bundle-id", "app-id"} & (given_here | filled.keys()):
        # A version alone says nothing: without an app, as on a pull request, check-app-store reads files only.
        filled.pop("version", None)
    for name, text in filled.items():
        log.info("%s: %s = %s", path, name, printable_name(text))
    return {**raw, **filled}


def _not_read(statement: Statement, declared: Collection[str]) -> str:
    """Return the warning about a line that only Ruby can read, with the input to set instead if there is one."""
    # Only the name: the values may be an address (username) or a password (demo_password).
    found = re.match(r"\w+", statement.text)
    name = printable_name(found[0]) if found else "this line"
    instead = COUNTERPARTS.get(name, "")
    advice = f"Set the input {instead}" if instead in declared else "See docs/migrating-from-fastlane.md"
    return f"{name} is not read. {advice}"


def _refused(path: str, statements: list[Statement]) -> Iterator[Problem]:
    for statement in statements:
        name, value = statement.setting or ("", "")
        # An option that is turned off asks for nothing that Apple's API lacks.
        if name in WITHOUT_API and value != "false":
            yield Problem(
                "deliverfile", f"{path}:{statement.line}: {name} has no counterpart", WITHOUT_API[name]
            )


def _inputs(path: str, statements: list[Statement], declared: Collection[str]) -> dict[str, str]:
    # skip_metadata beats metadata_path, whatever their order.
    ordered = sorted(statements, key=lambda statement: (statement.setting or ("",))[0].startswith("skip_"))
    inputs: dict[str, str] = {}
    categories: list[str] = []
    for statement in ordered:
        name, value = statement.setting or ("", "")
        if name in CATEGORIES:
            categories.append(f"{name}: {value}")
        elif name in INPUTS:
            input_name, values = INPUTS[name]
            inputs[input_name] = values.get(value, "") if values else value
        elif name not in OTHER_STEPS and name not in WITHOUT_API:
            log.warning("%s:%d: %s", path, statement.line, _not_read(statement, declared))
    if categories:
        inputs["categories"] = "\n".join(categories)
    return {name: text for name, text in inputs.items() if text and name in declared}
