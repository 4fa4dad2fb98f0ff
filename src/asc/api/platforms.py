"""The platforms: as users write them in inputs, as Apple's API writes them, and as they are called."""

PLATFORMS = {"ios": "IOS", "macos": "MAC_OS", "tvos": "TV_OS", "visionos": "VISION_OS"}
PLATFORM_NAMES = {"IOS": "iOS", "MAC_OS": "macOS", "TV_OS": "tvOS", "VISION_OS": "visionOS"}
ALSO_CALLED = {
    **{apples.lower(): ours for ours, apples in PLATFORMS.items()},
    "osx": "macos",
    "mac": "macos",
    "appletvos": "tvos",
    "xros": "visionos",
}
"""How else they are written: in outputs, which are Apple's words, by Xcode and in lanes of fastlane."""
