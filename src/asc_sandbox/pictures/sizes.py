"""The pixel sizes of screenshots by display type, from the specifications in Apple's help."""

from __future__ import annotations

Size = tuple[int, int]

# Portrait sizes; landscape sizes are the same, turned.
_EITHER_WAY = {
    "IPHONE_67": ("1260x2736", "1290x2796", "1320x2868"),
    "IPHONE_65": ("1242x2688", "1284x2778"),
    "IPHONE_61": ("1179x2556", "1206x2622"),
    "IPHONE_58": ("1170x2532", "1125x2436", "1080x2340"),
    "IPHONE_55": ("1242x2208",),
    "IPHONE_47": ("750x1334",),
    "IPAD_PRO_3GEN_129": ("2064x2752", "2048x2732"),
    "IPAD_PRO_129": ("2048x2732",),
    "IPAD_PRO_3GEN_11": ("1488x2266", "1668x2420", "1668x2388", "1640x2360"),
    "IPAD_105": ("1668x2224",),
}
# Types whose sizes do not follow from each other by turning.
_EXACTLY = {
    "IPHONE_40": ("640x1096", "640x1136", "1136x600", "1136x640"),
    "IPHONE_35": ("640x920", "640x960", "960x600", "960x640"),
    "IPAD_97": (
        "1024x748",
        "1024x768",
        "2048x1496",
        "2048x1536",
        "768x1004",
        "768x1024",
        "1536x2008",
        "1536x2048",
    ),
    "DESKTOP": ("1280x800", "1440x900", "2560x1600", "2880x1800"),
    "WATCH_ULTRA": ("410x502", "422x514"),
    "WATCH_SERIES_10": ("416x496",),
    "WATCH_SERIES_7": ("396x484",),
    "WATCH_SERIES_4": ("368x448",),
    "WATCH_SERIES_3": ("312x390",),
    "APPLE_TV": ("1920x1080", "3840x2160"),
    "APPLE_VISION_PRO": ("3840x2160",),
}


def sizes_of(display_type: str) -> tuple[Size, ...]:
    """Return the sizes of a screenshotDisplayType, upright ones first; () for an unknown type."""
    device = display_type.removeprefix("IMESSAGE_").removeprefix("APP_")
    if device in _EXACTLY:
        return tuple(_size(size) for size in _EXACTLY[device])
    upright = [_size(size) for size in _EITHER_WAY.get(device, ())]
    return (*upright, *((height, width) for width, height in upright))


def _size(text: str) -> Size:
    width, _, height = text.partition("x")
    return int(width), int(height)
