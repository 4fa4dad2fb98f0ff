"""The inputs of check-app-store, and the levels of its rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from asc import words
from asc.commands import kinds, store_files
from asc.commands.declaration import given
from asc.commands.deliverfile import deliverfile_input
from asc.commands.naming import PLATFORM, AppInputs
from asc.errors import Problem
from asc.store.precheck import RULES, WITHOUT_EFFECT
from asc.store.precheckfile import LEVELS

FILES, ONLINE, WHAT = "Files", "At Apple", "Checks"
PRECHECKFILE = "fastlane/Precheckfile"
_OF_FILES = """
limits characters keywords same-text categories review-information age-rating unknown-locale two-folders
unknown-file unknown-key encoding symlink syntax twice not-a-text too-large unreadable image preview size extension
too-many duplicate default precheckfile
"""
_OF_APPLE = """
required locales build encryption screenshots content-rights copyright price availability in-app-purchases
subscription-terms release phased version
"""
OURS = tuple((_OF_FILES + _OF_APPLE).split())
"""Rules beside those of precheck."""


@dataclass(frozen=True)
class Inputs(AppInputs):
    """The folders and the version to check, and the rules with their levels."""

    metadata: str | None = given(
        kinds.PATH,
        "fastlane's metadata folder, or one YAML file with the same names; `none` for no file. The default "
        f"is `{store_files.METADATA}` if it exists.",
        group=FILES,
        examples=(store_files.METADATA, "store.yml"),
    )
    screenshots: str | None = given(
        kinds.PATH,
        "fastlane's screenshots folder; `none` for none. The default is "
        f"`{store_files.SCREENSHOTS}` if it exists.",
        group=FILES,
        examples=(store_files.SCREENSHOTS,),
    )
    previews: str | None = given(
        kinds.PATH,
        "Folder of app previews, `<locale>/*.mp4`; a name holds the type, like `IPHONE_67`.",
        group=FILES,
    )
    file: str | None = given(
        kinds.PATH,
        "The .ipa. It says which devices need screenshots.",
        group=FILES,
        examples=("build/Example.ipa",),
    )
    platform: str = given(
        PLATFORM, "Platform of the version and its screenshots.", group=FILES, default="ios"
    )
    unknown_folders: str = given(
        kinds.choice(("error", "warn")),
        "Handling of folders in `metadata` that are not named after a locale.",
        group=FILES,
        default="error",
    )
    deliverfile: str | None = deliverfile_input(FILES)
    online: str = given(
        kinds.choice(("auto", "true", "false")),
        "Whether to check the version at Apple as well, as it will be after update-app-store. `auto`: if "
        "there are an API key and `bundle-id` or `app-id`. Pull requests from forks have no key, so they "
        "check only the files.",
        group=ONLINE,
        default="auto",
    )
    version: str | None = given(
        kinds.version(),
        "Number of the version at Apple. The default is the version that you are preparing, or the live "
        "one with `target: live`.",
        group=ONLINE,
        examples=("1.6.0",),
    )
    target: str = given(
        kinds.choice(("edit", "live")),
        "`edit`: the version before its review. `live`: only the texts of the live version.",
        group=ONLINE,
        default="edit",
    )
    rules: Mapping[str, Any] | None = given(
        kinds.MAPPING,
        "Level of single rules: `error`, `warn` or `skip`. The names of precheck's rules are fastlane's; "
        "`default` applies to all of them. These levels take precedence over a Precheckfile.",
        group=WHAT,
        examples=("test_words: skip",),
    )
    precheckfile: str | None = given(
        kinds.PATH,
        f"fastlane's Precheckfile; `none` for none. The default is `{PRECHECKFILE}` if it exists.",
        group=WHAT,
    )
    forbidden_words: tuple[str, ...] | None = given(
        kinds.LIST, "Words that no text may contain (precheck's `custom_text`).", group=WHAT
    )
    forbidden_words_file: str | None = given(
        kinds.PATH,
        "A file with more such words, one a line; lines with # are comments. Put curses here as well: the"
        " action has no list of its own.",
        group=WHAT,
    )
    urls: bool = given(
        kinds.BOOLEAN,
        "Check that each address on the page answers. The step requests only addresses on the public "
        "internet.",
        group=WHAT,
        default="true",
    )
    fail_on: str = given(
        kinds.choice(("error", "warning", "never")),
        "The lowest level that makes the step fail.",
        group=WHAT,
        default="error",
    )

    def problems(self) -> Iterator[Problem]:
        """Yield rules and levels that do not exist, and an app that is missing or named twice."""
        # Files are checked without an app, so it may be missing here, unlike in the other actions of the store.
        if self.online == "true" or (self.bundle_id and self.app_id):
            yield from super().problems()
        if self.version and not (self.bundle_id or self.app_id):
            yield Problem(
                "bundle-id", "is required with version", "Set bundle-id or app-id, or omit version."
            )
        known = (*RULES, *WITHOUT_EFFECT, *OURS, "default")
        for rule, level in (self.rules or {}).items():
            if rule not in known:
                hint = words.did_you_mean(rule, known).strip() or f"Choose from {', '.join(known)}."
                yield Problem("rules", f"{kinds.quoted(rule)} is not a rule", hint)
            if level not in LEVELS:
                yield Problem("rules", f"{rule} is {kinds.quoted(str(level))}", f"Give {', '.join(LEVELS)}.")

    def levels(self, precheckfile: Mapping[str, str]) -> dict[str, str]:
        """Return the level of each rule that has one. The inputs beat the Precheckfile."""
        stated = dict(self.rules or {})
        default = stated.pop("default", None)
        # `default` is about precheck's rules alone, as in fastlane: the action's other rules keep their levels.
        return {**precheckfile, **(dict.fromkeys(RULES, default) if default else {}), **stated}
