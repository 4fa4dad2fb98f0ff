"""Find an app by its bundle id or its id."""

from __future__ import annotations

from dataclasses import dataclass

from asc import words
from asc.api.client import Client
from asc.api.errors import ApiError
from asc.errors import Error


@dataclass(frozen=True)
class App:
    """An app that the key can see. `name`, `bundle_id` and `primary_locale` are "" if only the id is known."""

    id: str
    bundle_id: str = ""
    name: str = ""
    primary_locale: str = ""


def find_app(client: Client, bundle_id: str) -> App:
    """Return the app with exactly this bundle id. Raises Error, which lists the apps that the key sees."""
    found = client.list(
        "/v1/apps", {"filter[bundleId]": bundle_id, "fields[apps]": "bundleId,name,primaryLocale"}
    )
    # The filter of Apple also finds bundle ids that only begin with this one.
    for app in found.data:
        if app.text("bundleId") == bundle_id:
            return App(app.id, bundle_id, app.text("name"), app.text("primaryLocale"))
    raise app_not_visible(client, f"the bundle id {bundle_id}")


def find_app_by_id(client: Client, app_id: str) -> App:
    """Return the app with this id. Raises Error, which lists the apps that the key sees."""
    try:
        found = client.get(f"/v1/apps/{app_id}", {"fields[apps]": "bundleId,name,primaryLocale"}).resource
    except ApiError as error:
        if error.status == 404:
            raise app_not_visible(client, f"the id {app_id}") from None
        raise
    return App(found.id, found.text("bundleId"), found.text("name"), found.text("primaryLocale"))


def visible_apps(client: Client) -> list[App]:
    """Return all apps that the key sees, sorted by bundle id."""
    apps = client.list("/v1/apps", {"fields[apps]": "bundleId,name"})
    return sorted(
        (App(app.id, app.text("bundleId"), app.text("name")) for app in apps.data),
        key=lambda app: app.bundle_id,
    )


def app_not_visible(client: Client, what: str) -> Error:
    """Return the error for an app that the key does not see, with the apps that it sees."""
    apps = visible_apps(client)
    names = words.some([f"{app.bundle_id} ({app.id})" for app in apps])
    return Error(
        f"The key sees no app with {what}. It sees: {names or 'none at all'}.",
        "Check the spelling, and that the key's team and access include the app (App Store Connect, Users and Access).",
    )
