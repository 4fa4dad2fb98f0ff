"""The answers behind the age rating: Apple's names of today, older names, and unknown answers, which pass.

https://developer.apple.com/documentation/appstoreconnectapi/ageratingdeclaration
Apple adds and drops questions twice a year: a list of all that is allowed would break as often.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from asc.limited_files import read_limited
from asc.store.limits import TRUTHS
from asc.store.wanted import Finding, Place, WantedPage
from asc.words import nearest, printable_name

FREQUENCIES = ("NONE", "INFREQUENT", "FREQUENT", "INFREQUENT_OR_MILD", "FREQUENT_OR_INTENSE")
FREQUENCY_QUESTIONS = [
    "alcoholTobaccoOrDrugUseOrReferences",
    "contests",
    "gamblingSimulated",
    "gunsOrOtherWeapons",
    "horrorOrFearThemes",
    "matureOrSuggestiveThemes",
    "medicalOrTreatmentInformation",
    "profanityOrCrudeHumor",
    "sexualContentGraphicAndNudity",
    "sexualContentOrNudity",
    "violenceCartoonOrFantasy",
    "violenceRealistic",
    "violenceRealisticProlongedGraphicOrSadistic",
]
YES_NO_QUESTIONS = [
    "advertising",
    "ageAssurance",
    "gambling",
    "healthOrWellnessTopics",
    "lootBox",
    "messagingAndChat",
    "parentalControls",
    "unrestrictedWebAccess",
    "userGeneratedContent",
    "socialMedia",
    "socialMediaAgeRestricted",
]
OTHER_QUESTIONS = [
    "ageRatingOverride",
    "ageRatingOverrideV2",
    "koreaAgeRatingOverride",
    "kidsAgeBand",
    "developerAgeRatingInfoUrl",
]
NEWEST = ("socialMedia", "socialMediaAgeRestricted")
"""Questions of July 2026. Nobody has reported yet that Apple wants them answered."""
REQUIRED = tuple(name for name in (*FREQUENCY_QUESTIONS, *YES_NO_QUESTIONS) if name not in NEWEST)
"""Questions that need an answer before a version is reviewed (recorded refusals of 2025)."""
_KNOWN = (*FREQUENCY_QUESTIONS, *YES_NO_QUESTIONS, *OTHER_QUESTIONS)
# The names of the form before 2020, which old files of fastlane still have.
_OLDER = {
    "CARTOON_FANTASY_VIOLENCE": "violenceCartoonOrFantasy",
    "REALISTIC_VIOLENCE": "violenceRealistic",
    "PROLONGED_GRAPHIC_SADISTIC_REALISTIC_VIOLENCE": "violenceRealisticProlongedGraphicOrSadistic",
    "PROFANITY_CRUDE_HUMOR": "profanityOrCrudeHumor",
    "MATURE_SUGGESTIVE": "matureOrSuggestiveThemes",
    "HORROR": "horrorOrFearThemes",
    "MEDICAL_TREATMENT_INFO": "medicalOrTreatmentInformation",
    "ALCOHOL_TOBACCO_DRUGS": "alcoholTobaccoOrDrugUseOrReferences",
    "GAMBLING": "gamblingSimulated",
    "SEXUAL_CONTENT_NUDITY": "sexualContentOrNudity",
    "GRAPHIC_SEXUAL_CONTENT_NUDITY": "sexualContentGraphicAndNudity",
    "UNRESTRICTED_WEB_ACCESS": "unrestrictedWebAccess",
    "GAMBLING_CONTESTS": "gamblingAndContests",
}
_LEVELS = {"0": "NONE", "1": "INFREQUENT_OR_MILD", "2": "FREQUENT_OR_INTENSE"}


def read_rating(path: Path) -> Mapping[str, Any]:
    """Return the answers in a JSON file of fastlane's. Raises ValueError with the reason."""
    try:
        value = json.loads(read_limited(path).decode("utf-8-sig"))
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise ValueError(f"{path} is not JSON") from None
    if not isinstance(value, dict):
        raise ValueError(f"{path} is not an object with answers")
    return value


def answers(stated: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers by Apple's names of today and with its values. Unknown ones stay as they are."""
    normalized: dict[str, Any] = {}
    for name, value in stated.items():
        name = _name_of_today(name)
        text = str(value).strip()
        # Apple split this question. Only a "no" answers both; `check` refuses a "yes".
        if name == "gamblingAndContests":
            normalized.update(gambling=TRUTHS.get(text.lower(), value), contests="NONE")
        elif name in FREQUENCY_QUESTIONS:
            normalized[name] = _LEVELS.get(text, text.upper())
        elif name in YES_NO_QUESTIONS:
            normalized[name] = TRUTHS.get(text.lower(), value)
        elif text.lower() in ("null", "none", "") and name in ("kidsAgeBand", "developerAgeRatingInfoUrl"):
            normalized[name] = None
        # In an unknown question "0" may be a level and "yes" a word, but true and false are always truth values.
        elif text.lower() in ("true", "false"):
            normalized[name] = TRUTHS[text.lower()]
        else:
            normalized[name] = value
    return normalized


def check(page: WantedPage) -> Iterator[Finding]:
    """Yield the faults of the answers. An unknown question that resembles a known one is a misspelling."""
    seen: dict[str, Any] = {}
    for stated_name, value in page.age_rating.items():
        name = _name_of_today(stated_name)
        # An old name and a new one may stand for one question, and Apple would get the later answer.
        if seen.setdefault(name, answers({name: value})) != answers({name: value}):
            yield _finding(f"{name} has two answers, under an old name and a new one", "Give one of them.")
        if name == "seventeenPlus":
            yield _finding("seventeenPlus is gone", "Give ageRatingOverrideV2: EIGHTEEN_PLUS.")
        elif name == "gamblingAndContests":
            if TRUTHS.get(str(value).lower()) is not False:
                yield _finding("gamblingAndContests became two questions", "Answer gambling and contests.")
        elif name in FREQUENCY_QUESTIONS and answers({name: value})[name] not in FREQUENCIES:
            yield _finding(
                f"{name} is {printable_name(str(value))}", f"Give one of {', '.join(FREQUENCIES)}."
            )
        elif name in YES_NO_QUESTIONS and not isinstance(answers({name: value})[name], bool):
            yield _finding(f"{name} is {printable_name(str(value))}", "Give true or false.")
        elif name not in _KNOWN and (meant := nearest(name, _KNOWN)):
            yield _finding(f"{printable_name(name)} is not a question", f"Did you mean {meant}?")
        elif name not in _KNOWN:
            message = f"{printable_name(name)} is not known here: Apple decides"
            yield _finding(message, "Check its spelling.", "warning")


def _name_of_today(name: str) -> str:
    # Old files of fastlane have iTunes Connect's names, with this prefix.
    return _OLDER.get(name.removeprefix("MZGenre."), name)


def _finding(message: str, remedy: str, level: str = "error") -> Finding:
    return Finding("age-rating", message, Place("age-rating"), remedy, level)
