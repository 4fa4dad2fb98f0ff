"""The display types of screenshots, and the sizes in pixels that each takes.

https://developer.apple.com/help/app-store-connect/reference/screenshot-specifications
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

Size = tuple[int, int]


@dataclass(frozen=True)
class Display:
    """A display type by Apple's name without `APP_`, the platform of its version, and its sizes, upright first."""

    name: str
    platform: str
    sizes: tuple[Size, ...]


def _either_way(*sizes: Size) -> tuple[Size, ...]:
    return (*sizes, *((height, width) for width, height in sizes))


DISPLAYS = (
    Display("IPHONE_67", "IOS", _either_way((1260, 2736), (1290, 2796), (1320, 2868))),
    Display("IPHONE_65", "IOS", _either_way((1242, 2688), (1284, 2778))),
    Display("IPHONE_61", "IOS", _either_way((1179, 2556), (1206, 2622))),
    Display("IPHONE_58", "IOS", _either_way((1170, 2532), (1125, 2436), (1080, 2340))),
    Display("IPHONE_55", "IOS", _either_way((1242, 2208))),
    Display("IPHONE_47", "IOS", _either_way((750, 1334))),
    Display("IPHONE_40", "IOS", ((640, 1096), (640, 1136), (1136, 600), (1136, 640))),
    Display("IPHONE_35", "IOS", ((640, 920), (640, 960), (960, 600), (960, 640))),
    Display("IPAD_PRO_3GEN_129", "IOS", _either_way((2064, 2752), (2048, 2732))),
    Display("IPAD_PRO_129", "IOS", _either_way((2048, 2732))),
    Display("IPAD_PRO_3GEN_11", "IOS", _either_way((1488, 2266), (1668, 2420), (1668, 2388), (1640, 2360))),
    Display("IPAD_105", "IOS", _either_way((1668, 2224))),
    Display(
        "IPAD_97",
        "IOS",
        (
            *((1024, 748), (1024, 768), (2048, 1496), (2048, 1536)),
            *((768, 1004), (768, 1024), (1536, 2008), (1536, 2048)),
        ),
    ),
    Display("WATCH_ULTRA", "IOS", ((410, 502), (422, 514))),
    Display("WATCH_SERIES_10", "IOS", ((416, 496),)),
    Display("WATCH_SERIES_7", "IOS", ((396, 484),)),
    Display("WATCH_SERIES_4", "IOS", ((368, 448),)),
    Display("WATCH_SERIES_3", "IOS", ((312, 390),)),
    Display("DESKTOP", "MAC_OS", ((1280, 800), (1440, 900), (2560, 1600), (2880, 1800))),
    Display("APPLE_TV", "TV_OS", ((1920, 1080), (3840, 2160))),
    Display("APPLE_VISION_PRO", "VISION_OS", ((3840, 2160),)),
)
MOST_NAMED = 3


def displays_of(size: Size) -> list[Display]:
    """Return the displays that take a size, of all platforms."""
    return [display for display in DISPLAYS if size in display.sizes]


def display_type(path: Path, displays: Iterable[Display], *, imessage: bool) -> str:
    """Return Apple's name of the display type. Some sizes fit two types: then the path of the file decides, as
    fastlane has it.
    """
    names = [display.name for display in displays]
    # Both iPads have the size; fastlane takes the newer unless the path says otherwise.
    if "IPAD_PRO_129" in names:
        names = ["IPAD_PRO_129" if _is_second_generation(str(path)) else "IPAD_PRO_3GEN_129"]
    return f"{'IMESSAGE_' if imessage else ''}APP_{names[0]}"


def nearest_sizes(size: Size, platform: str) -> str:
    """Return the sizes of a platform that are nearest to one that no display takes, in words."""
    sizes = {
        candidate: display.name
        for display in DISPLAYS
        if display.platform == platform
        for candidate in display.sizes
    }
    near = sorted(sizes, key=lambda candidate: abs(candidate[0] - size[0]) + abs(candidate[1] - size[1]))[
        :MOST_NAMED
    ]
    return ", ".join(f"{width} × {height} (APP_{sizes[width, height]})" for width, height in near)


def _is_second_generation(path: str) -> bool:
    text = path.lower()
    return "app_ipad_pro_129" in text or ("12.9" in text and "2nd generation" in text)
