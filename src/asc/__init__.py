"""App Store Connect from a GitHub workflow: the core that every action shares."""

__version__ = "0.1.0"
