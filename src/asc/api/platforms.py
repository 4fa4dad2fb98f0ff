"""The names of the platforms: in inputs, in Apple's API, and in texts."""

PLATFORMS = {"ios": "IOS", "macos": "MAC_OS", "tvos": "TV_OS", "visionos": "VISION_OS"}
PLATFORM_NAMES = {"IOS": "iOS", "MAC_OS": "macOS", "TV_OS": "tvOS", "VISION_OS": "visionOS"}
ALSO_CALLED = {
    **{apples.lower(): ours for ours, apples in PLATFORMS.items()},
    "osx": "macos",
    "mac": "macos",
    "appletvos": "tvos",
    "xros": "visionos",
}
"""Other names: from outputs (which are Apple's), from Xcode and from fastlane's lanes."""
