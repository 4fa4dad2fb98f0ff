"""The questions of the age rating, their possible answers, and the ones that a submission needs."""

from __future__ import annotations

FREQUENCIES = ("NONE", "INFREQUENT_OR_MILD", "FREQUENT_OR_INTENSE", "INFREQUENT", "FREQUENT")
FREQUENCY_QUESTIONS = (
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
)
YES_NO_QUESTIONS = (
    "advertising",
    "ageAssurance",
    "gambling",
    "healthOrWellnessTopics",
    "lootBox",
    "messagingAndChat",
    "parentalControls",
    "unrestrictedWebAccess",
    "userGeneratedContent",
)
# It is not known whether Apple requires an answer to these two questions of 2026; the sandbox does not.
NEW_QUESTIONS = ("socialMedia", "socialMediaAgeRestricted")

REQUIRED = (*FREQUENCY_QUESTIONS, *YES_NO_QUESTIONS)
ANSWERED = {**dict.fromkeys(FREQUENCY_QUESTIONS, "NONE"), **dict.fromkeys(YES_NO_QUESTIONS, False)}
"""The answers of an app without anything to warn of."""

VALUES = {
    **dict.fromkeys(FREQUENCY_QUESTIONS, FREQUENCIES),
    "kidsAgeBand": ("FIVE_AND_UNDER", "SIX_TO_EIGHT", "NINE_TO_ELEVEN"),
    "ageRatingOverride": ("NONE", "NINE_PLUS", "THIRTEEN_PLUS", "SIXTEEN_PLUS", "SEVENTEEN_PLUS", "UNRATED"),
    "ageRatingOverrideV2": ("NONE", "NINE_PLUS", "THIRTEEN_PLUS", "SIXTEEN_PLUS", "EIGHTEEN_PLUS", "UNRATED"),
    "koreaAgeRatingOverride": ("NONE", "FIFTEEN_PLUS", "NINETEEN_PLUS"),
}
