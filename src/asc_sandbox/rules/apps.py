"""The rules of what an app itself is said to be."""

from __future__ import annotations

from asc_sandbox.endpoints import Call
from asc_sandbox.entity_errors import conflict, invalid_attribute
from asc_sandbox.world import Record
from asc_sandbox.writing import Given, update


def change_app(call: Call, app: Record, given: Given) -> Record:
    """Change an app. Its bundle id is fixed once it has builds, and its primary locale needs texts (guesses)."""
    bundle_id, locale = given.attributes.get("bundleId"), given.attributes.get("primaryLocale")
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
