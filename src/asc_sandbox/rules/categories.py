"""Apple's categories of apps, which exist from the start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# The names of the subcategories are the ones that fastlane maps old files to.
_NAMES = """
BOOKS BUSINESS DEVELOPER_TOOLS EDUCATION ENTERTAINMENT FINANCE FOOD_AND_DRINK GAMES GRAPHICS_AND_DESIGN
HEALTH_AND_FITNESS LIFESTYLE MAGAZINES_AND_NEWSPAPERS MEDICAL MUSIC NAVIGATION NEWS PHOTO_AND_VIDEO PRODUCTIVITY
REFERENCE SHOPPING SOCIAL_NETWORKING SPORTS STICKERS TRAVEL UTILITIES WEATHER
"""
_GAMES = """
ACTION ADVENTURE BOARD CARD CASINO CASUAL FAMILY MUSIC PUZZLE RACING ROLE_PLAYING SIMULATION SPORTS STRATEGY TRIVIA
WORD
"""
_STICKERS = """
ANIMALS ART CELEBRATIONS CELEBRITIES CHARACTERS EATING_AND_DRINKING EMOJI_AND_EXPRESSIONS FASHION GAMING KIDS_AND_FAMILY
MOVIES_AND_TV MUSIC PEOPLE PLACES_AND_OBJECTS SPORTS_AND_ACTIVITIES
"""
# A guess: stickers and magazines are for iPhones and iPads, everything else for all platforms.
_PLATFORMS = {name: ["IOS"] for name in ("STICKERS", "MAGAZINES_AND_NEWSPAPERS")}
_ALL = ["IOS", "MAC_OS", "TV_OS", "VISION_OS"]

BuiltIn = tuple[str, Mapping[str, Any], Mapping[str, Any]]


def _category(name: str, parent: str = "") -> BuiltIn:
    platforms = {"platforms": _PLATFORMS.get(parent or name, _ALL)}
    return (f"{parent}_{name}" if parent else name), platforms, ({"parent": parent} if parent else {})


BUILT_IN: tuple[BuiltIn, ...] = (
    *(_category(name) for name in _NAMES.split()),
    *(_category(name, "GAMES") for name in _GAMES.split()),
    *(_category(name, "STICKERS") for name in _STICKERS.split()),
)
