"""The inputs that name an app and a platform, for the commands about one app."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asc.api.platforms import ALSO_CALLED, PLATFORMS
from asc.commands import kinds
from asc.commands.declaration import CommonInputs, given, given_together
from asc.errors import Problem

if TYPE_CHECKING:
    from asc.api.client import Client
    from asc.apps.app import App

BUNDLE_ID = kinds.matching(r"[A-Za-z0-9.-]{1,155}", "a bundle id")
PLATFORM = kinds.choice(PLATFORMS, also=ALSO_CALLED)
APP_ID = kinds.matching(r"[0-9]{1,20}", "an app id (digits)")


@dataclass(frozen=True)
class AppInputs(CommonInputs):
    """The inputs that name an app: its bundle id, or Apple's id of it."""

    bundle_id: str | None = given(
        BUNDLE_ID, "Bundle id of the app. Set this or `app-id`.", group="App", examples=("com.example.app",)
    )
    app_id: str | None = given(
        APP_ID,
        "Apple's id of the app (the number in its App Store Connect address). It saves a request.",
        group="App",
        examples=("1000000001",),
    )

    def app(self, client: Client) -> App:
        """Return the app. An app given by its id is not requested, so it may not exist. Raises Error."""
        # A command that may do without Apple starts faster without the client.
        from asc.apps.app import App, find_app

        return App(self.app_id) if self.app_id else find_app(client, self.bundle_id or "")

    def problems(self) -> Iterator[Problem]:
        """Yield the problem if not exactly one of bundle-id and app-id is given."""
        if not self.bundle_id and not self.app_id:
            remedy = "Give the app, for example bundle-id: com.example.app."
            yield Problem("bundle-id", "is required (or app-id)", remedy)
        if self.bundle_id and self.app_id:
            yield given_together("app-id", "bundle-id")
