"""The rules for changes of an app."""

from __future__ import annotations

from asc_sandbox.endpoints import Call
from asc_sandbox.entity_errors import conflict, invalid_attribute
from asc_sandbox.world import Record
from asc_sandbox.writing import Given, update


def change_app(call: Call, app: Record, given: Given) -> Record:
    """Change an app. Refuse another bundle id if it has builds, and a primary locale without texts."""
    bundle_id, locale = given.attributes.get("bundleId"), given.attributes.get("primaryLocale")
    # Both rules are guesses.
    if bundle_id not in (None, app.attributes.get("bundleId")) and call.world.related(app, "builds"):
        raise conflict("STATE_ERROR", "The bundle id cannot be changed once the app has builds")
    if locale is not None and locale not in _locales(call, app):
        raise invalid_attribute("primaryLocale", f"The app has no localization for '{locale}'")
    return update(call, app, given)


def _locales(call: Call, app: Record) -> set[str]:
    return {
        text.attributes["locale"]
        for info in call.world.related(app, "appInfos")
        for text in call.world.related(info, "appInfoLocalizations")
    }
