"""The rules for changes of an app and its app infos: categories, and the answers to the age rating."""

from __future__ import annotations

from asc_sandbox.endpoints import Call
from asc_sandbox.entity_errors import conflict, invalid_attribute, invalid_relationship
from asc_sandbox.rules.store_states import EDITABLE_INFO
from asc_sandbox.rules.store_texts import refuse_locked
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


def change_info(call: Call, info: Record, given: Given) -> Record:
    """Change the categories of an app while its app info can be edited."""
    if info.attributes["state"] not in EDITABLE_INFO:
        raise conflict("STATE_ERROR", "Categories cannot be edited in the current state of the app info")
    chosen = {
        name: given.related.get(name, call.world.related(info, name))
        for name in ("primaryCategory", "secondaryCategory")
    }
    for name, found in given.related.items():
        rank = "primaryCategory" if name.startswith("primary") else "secondaryCategory"
        categories = [category.id for category in chosen[rank]]
        for category in found:
            # A subcategory has to belong to the category of its rank, and a category to none.
            parents = [parent.id for parent in call.world.related(category, "parent")]
            if "Subcategory" in name and parents != categories:
                raise invalid_relationship(name, f"'{category.id}' is not a subcategory of the category")
            if "Subcategory" not in name and parents:
                raise invalid_relationship(name, f"'{category.id}' is a subcategory")
    return update(call, info, given)


def answer(call: Call, declaration: Record, given: Given) -> Record:
    """Answer questions of the age rating while the app info can be edited."""
    (info,) = call.world.related(declaration, "appInfo")
    if info.attributes["state"] not in EDITABLE_INFO:
        refuse_locked(given.attributes)
    return update(call, declaration, given)


def _locales(call: Call, app: Record) -> set[str]:
    return {
        text.attributes["locale"]
        for info in call.world.related(app, "appInfos")
        for text in call.world.related(info, "appInfoLocalizations")
    }
