"""Categories of apps: Apple's ids, the names in old files of fastlane, and the check of a page's categories.

https://developer.apple.com/documentation/appstoreconnectapi/get-v1-appcategories
"""

from __future__ import annotations

from collections.abc import Iterator

from asc.store.limits import CATEGORIES
from asc.store.wanted import Finding, WantedPage
from asc.words import nearest

_TOP = """
BOOKS BUSINESS DEVELOPER_TOOLS EDUCATION ENTERTAINMENT FINANCE FOOD_AND_DRINK GAMES GRAPHICS_AND_DESIGN
HEALTH_AND_FITNESS LIFESTYLE MAGAZINES_AND_NEWSPAPERS MEDICAL MUSIC NAVIGATION NEWS PHOTO_AND_VIDEO PRODUCTIVITY
REFERENCE SHOPPING SOCIAL_NETWORKING SPORTS STICKERS TRAVEL UTILITIES WEATHER
"""
_GAMES = """
ACTION ADVENTURE BOARD CARD CASINO CASUAL FAMILY MUSIC PUZZLE RACING ROLE_PLAYING SIMULATION SPORTS STRATEGY TRIVIA WORD
"""
_STICKERS = """
ANIMALS ART CELEBRATIONS CELEBRITIES CHARACTERS EATING_AND_DRINKING EMOJI_AND_EXPRESSIONS FASHION GAMING KIDS_AND_FAMILY
MOVIES_AND_TV MUSIC PEOPLE PLACES_AND_OBJECTS SPORTS_AND_ACTIVITIES
"""
TOP = tuple(_TOP.split())
SUB = (*(f"GAMES_{name}" for name in _GAMES.split()), *(f"STICKERS_{name}" for name in _STICKERS.split()))
"""Known subcategories. Apple may have more, so unknown ones are warnings, unless they look like a misspelling."""
# iTunes Connect's names: metadata folders from before 2020 have them, and fastlane still translates them.
_OLD_TOP = {
    "BOOK": "BOOKS",
    "FOOD_DRINK": "FOOD_AND_DRINK",
    "HEALTHCARE_FITNESS": "HEALTH_AND_FITNESS",
    "PHOTOGRAPHY": "PHOTO_AND_VIDEO",
    "SOCIALNETWORKING": "SOCIAL_NETWORKING",
    "NEWSSTAND": "MAGAZINES_AND_NEWSPAPERS",
    "GRAPHICSDESIGN": "GRAPHICS_AND_DESIGN",
    "GRAPHICS_DESIGN": "GRAPHICS_AND_DESIGN",
    "DEVELOPERTOOLS": "DEVELOPER_TOOLS",
}
_OLD_SUB = {
    "ROLEPLAYING": "GAMES_ROLE_PLAYING",
    "ARCADE": "GAMES_CASUAL",
    "STICKERS.PLACES": "STICKERS_PLACES_AND_OBJECTS",
    "STICKERS.EMOTIONS": "STICKERS_EMOJI_AND_EXPRESSIONS",
    "STICKERS.BIRTHDAYSANDCELEBRATIONS": "STICKERS_CELEBRATIONS",
    "STICKERS.MOVIESANDTV": "STICKERS_MOVIES_AND_TV",
    "STICKERS.SPORTS": "STICKERS_SPORTS_AND_ACTIVITIES",
    "STICKERS.FOODANDDRINK": "STICKERS_EATING_AND_DRINKING",
    "STICKERS.GAMES": "STICKERS_GAMING",
    "STICKERS.KIDSANDFAMILY": "STICKERS_KIDS_AND_FAMILY",
}


def category_id(name: str, text: str) -> str:
    """Return Apple's id of a category. `name` is that of the field: `Word` is GAMES_WORD in a sub-category file."""
    old = text.strip().removeprefix("MZGenre.").removeprefix("Apps.")
    plain = old.upper().replace(" & ", "_AND_").replace("&", "AND").replace(" ", "_").replace("-", "_")
    if "sub_category" not in name:
        return _OLD_TOP.get(plain, plain)
    dotted = plain.replace(".", "_")
    # The old names of subcategories of games have no GAMES in front.
    return _OLD_SUB.get(plain) or (f"GAMES_{plain}" if f"GAMES_{plain}" in SUB else dotted)


def check_categories(page: WantedPage) -> Iterator[Finding]:
    """Yield categories that are unknown, and subcategories of another category than the chosen one."""
    for name in CATEGORIES:
        text = page.categories.get(name)
        if not text:
            continue
        category = category_id(name, text.value)
        parent_text = page.categories.get(f"{name.partition('_')[0]}_category")
        parent = category_id("", parent_text.value) if parent_text else ""
        # Apple's ids of subcategories begin with the id of their category.
        if "sub_category" in name and parent and not category.startswith(f"{parent}_"):
            message = f"{name} {category} does not belong to {parent}"
            yield Finding("categories", message, text.place, "Choose a subcategory of the category.")
        elif category not in (known := SUB if "sub_category" in name else TOP):
            meant = nearest(category, known)
            remedy = f"Did you mean {meant}?" if meant else "Check its spelling. Apple decides."
            # A name close to a known one is a misspelling. Another one may be a category that Apple added.
            level = "error" if meant else "warning"
            yield Finding("categories", f"{name} {category} is not known", text.place, remedy, level)
