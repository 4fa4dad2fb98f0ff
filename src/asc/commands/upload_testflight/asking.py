"""From the inputs to what is wished for the build in TestFlight."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from asc.builds.distribution import mappings, texts
from asc.builds.distribution.wishes import Wishes
from asc.commands import kinds
from asc.errors import InputError, Problem

if TYPE_CHECKING:
    from asc.commands.upload_testflight.inputs import Inputs

LARGEST_NOTES = 1024 * 1024
"""Bytes of a file with what's new; Apple takes 4000 characters of each locale."""
T = TypeVar("T")


def wishes_of(inputs: Inputs) -> tuple[Wishes, list[str]]:
    """The wishes, and what was changed in the texts. Raises InputError with everything that is wrong in them."""
    problems: list[Problem] = []

    def read(name: str, parse: Callable[[], T], otherwise: T) -> T:
        try:
            return parse()
        except ValueError as error:
            problems.append(
                Problem(name, str(error), f"Mend {name}; docs/upload-testflight.md shows its form.")
            )
            return otherwise

    notes: dict[str, str] = read(
        "whats-new-file" if inputs.whats_new_file else "whats-new", lambda: _notes(inputs), {}
    )
    cleaned, changed = texts.clean_all(notes)
    wishes = Wishes(
        whats_new=cleaned,
        groups=inputs.groups or (),
        create_groups=_unless_none(inputs.create_groups),
        testers=read("testers", lambda: mappings.testers(inputs.testers or ()), ()),
        submit_review=inputs.submit_beta_review,
        review_info=read(
            "beta-review-info", lambda: _mapped(inputs.beta_review_info, mappings.review_info), None
        ),
        app_info=read("app-info", lambda: mappings.app_info(inputs.app_info or {}), {}),
        uses_non_exempt_encryption=inputs.uses_non_exempt_encryption,
        encryption_declaration=inputs.encryption_declaration,
        notify=inputs.notify_testers,
        expire_previous=_unless_none(inputs.expire_previous_builds),
        reject_waiting=inputs.reject_waiting_review,
    )
    if problems:
        raise InputError(problems)
    return wishes, changed


def _notes(inputs: Inputs) -> dict[str, str]:
    """What's new by locale. A mapping has a locale among its keys, or braces: “Fixed: a crash” is a text."""
    text = _file_text(inputs.whats_new_file) if inputs.whats_new_file else inputs.whats_new
    if not text or not text.strip():
        return {}
    try:
        value = kinds.MAPPING.parse(text)
    except ValueError:
        return mappings.whats_new(text)
    is_mapping = text.lstrip().startswith("{") or any(map(_is_locale, value))
    return mappings.whats_new(value if is_mapping else text)


def _is_locale(key: str) -> bool:
    """Languages alone count in lower case only: “No: more crashes” is no Norwegian."""
    key = key.strip().replace("_", "-")
    if key in ("default", *texts.LOCALES):
        return True
    language, hyphen, region = key.partition("-")
    languages = {locale.partition("-")[0] for locale in texts.LOCALES}
    return bool(hyphen) and language.lower() in languages and 2 <= len(region) <= 4 and region.isalpha()


def _file_text(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            content = file.read(LARGEST_NOTES + 1)
        if len(content) > LARGEST_NOTES:
            raise ValueError(f"{path} is larger than {LARGEST_NOTES >> 20} MiB")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not text in UTF-8") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None


def _mapped(value: Mapping[str, Any] | None, parse: Callable[[Mapping[str, Any]], T]) -> T | None:
    return parse(value) if value else None


def _unless_none(word: str) -> Any:
    return None if word == "none" else word
