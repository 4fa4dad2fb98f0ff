"""The details of an event: app, version and build, from one or two GET requests to App Store Connect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from asc.api.client import Client
from asc.api.document import Document, Resource
from asc.apps.app import find_app

_NUMBERS = ("cfBundleShortVersionString", "cfBundleVersion")


class AnotherApp(Exception):
    """The event is about a record that does not belong to the app of the webhook."""


@dataclass(frozen=True)
class Details:
    """The app, version and build of an event. A text is "" if App Store Connect's answer lacks it."""

    app_id: str = ""
    version: str = ""
    build_number: str = ""
    platform: str = ""


class DetailsReader:
    """Reads details, and knows the id of each app after the first request for it."""

    def __init__(self) -> None:
        self._app_ids: dict[str, str] = {}

    def read(self, client: Client, bundle_id: str, resource_type: str, resource_id: str) -> Details:
        """Return the details of the record that an event is about; empty ones if its type has no reader.

        Raises ApiError, UnreachableError, and AnotherApp if the record belongs to another app than `bundle_id`.
        """
        if bundle_id not in self._app_ids:
            self._app_ids[bundle_id] = find_app(client, bundle_id).id
        read = _READERS.get(resource_type)
        return read(client, self._app_ids[bundle_id], resource_id) if read else Details()


def _of_upload(client: Client, app_id: str, upload_id: str) -> Details:
    upload = client.get(f"/v1/buildUploads/{upload_id}", retry_404=True).resource
    version, number = (upload.text(name) for name in _NUMBERS)
    # An upload does not name its app, so the app has to name the upload.
    query = {f"filter[{name}]": upload.text(name) for name in _NUMBERS}
    of_app = client.list(
        f"/v1/apps/{app_id}/buildUploads", {**query, "fields[buildUploads]": "cfBundleVersion"}
    )
    if upload_id not in [other.id for other in of_app.data]:
        raise AnotherApp
    return Details(app_id, version, number, upload.text("platform"))


def _of_version(client: Client, app_id: str, version_id: str) -> Details:
    document = client.get(f"/v1/appStoreVersions/{version_id}", {"include": "app,build"})
    version, build = document.resource, document.one(document.resource, "build")
    return Details(
        _checked(document.one(version, "app"), app_id),
        version.text("versionString"),
        build.text("version") if build else "",
        version.text("platform"),
    )


def _of_build(path: str) -> Callable[[Client, str, str], Details]:
    """Return the reader of a record that belongs to a build."""

    def read(client: Client, app_id: str, record_id: str) -> Details:
        record = client.get(f"/v1/{path}/{record_id}", {"include": "build"}).resource
        builds = record.related("build")
        if not builds:
            return Details()
        document: Document = client.get(
            f"/v1/builds/{builds[0][1]}", {"include": "app,preReleaseVersion"}, retry_404=True
        )
        build, train = document.resource, document.one(document.resource, "preReleaseVersion")
        return Details(
            _checked(document.one(build, "app"), app_id),
            train.text("version") if train else "",
            build.text("version"),
            train.text("platform") if train else "",
        )

    return read


def _checked(app: Resource | None, app_id: str) -> str:
    """Return `app_id`. Raises AnotherApp if the record belongs to another app."""
    if app is not None and app.id != app_id:
        raise AnotherApp
    return app_id


_READERS: Mapping[str, Callable[[Client, str, str], Details]] = {
    "buildUploads": _of_upload,
    "appStoreVersions": _of_version,
    **{
        path: _of_build(path)
        for path in (
            "buildBetaDetails",
            "betaFeedbackCrashSubmissions",
            "betaFeedbackScreenshotSubmissions",
        )
    },
}
