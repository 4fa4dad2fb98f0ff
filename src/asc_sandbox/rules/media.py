"""The rules of screenshots and previews: their sets, their largest numbers, and the processing of their files."""

from __future__ import annotations

from functools import partial
from typing import Any

from asc_sandbox.endpoints import Call
from asc_sandbox.entity_errors import conflict, invalid_attribute, missing_relationship
from asc_sandbox.pictures.gallery import FOLDER
from asc_sandbox.pictures.headers import PictureProblem, check_video, read_picture
from asc_sandbox.pictures.sizes import sizes_of
from asc_sandbox.rules import assets
from asc_sandbox.rules.store_states import EDITABLE, state_of
from asc_sandbox.uploading.depot import Delivery
from asc_sandbox.world import Record
from asc_sandbox.writing import Given, store, update

MOST_SCREENSHOTS = 10
"""Screenshots in a set: Apple's limit."""

MOST_PREVIEWS = 3
"""Previews in a set: Apple's limit."""

_TEXT = "appStoreVersionLocalization"
_MEDIA_OF_SET = {"appScreenshotSets": "appScreenshots", "appPreviewSets": "appPreviews"}
_SET_OF_MEDIA = {"appScreenshots": "appScreenshotSet", "appPreviews": "appPreviewSet"}
_TYPE_OF_SET = {"appScreenshotSets": "screenshotDisplayType", "appPreviewSets": "previewType"}
_NAMES = {"appScreenshots": "Screenshot", "appPreviews": "Preview"}


def make_set(call: Call, given: Given) -> Record:
    """Create a set. Refuse it if the version has one of the same type in the language."""
    if _TEXT not in given.related:
        raise missing_relationship(_TEXT)
    text = given.one(_TEXT)
    type_name = call.path.rsplit("/", 1)[1]
    _require_editable(call, text, "Create", _MEDIA_OF_SET[type_name])
    kind = _TYPE_OF_SET[type_name]
    display = given.attributes[kind]
    if display in [group.attributes[kind] for group in call.world.related(text, type_name)]:
        raise invalid_attribute(
            kind, f"Entity with {kind}: {display} already exists. Try updating.", kind="INVALID.DUPLICATE"
        )
    return store(call, given)


def delete_set(call: Call, group: Record) -> None:
    """Delete a set of screenshots or previews with its media."""
    (text,) = call.world.related(group, _TEXT)
    _require_editable(call, text, "Delete", _MEDIA_OF_SET[group.type])
    _drop(call, group)


def drop_media(call: Call, text: Record) -> None:
    """Delete the sets of a language with its texts."""
    for type_name in _MEDIA_OF_SET:
        for group in call.world.related(text, type_name):
            _drop(call, group)


def admit_order(call: Call, group: Record, _: Record) -> None:
    """Raise Refusal unless the media of a set can be put into another order."""
    (text,) = call.world.related(group, _TEXT)
    _require_editable(call, text, "Reorder", _MEDIA_OF_SET[group.type])


def reserve_screenshot(call: Call, given: Given) -> Record:
    """Create the record of a screenshot and reserve space for it. Refuse it if its set is full."""
    group = given.one("appScreenshotSet")
    _require_room(call, group, MOST_SCREENSHOTS)
    shot = assets.reserve(call, given, assetType="SCREENSHOT")
    return call.world.change(shot, assetToken=f"{shot.id}.source")


def receive_screenshot(call: Call, shot: Record, given: Given) -> Record:
    """Mark a screenshot as complete; it is shown when it is processed."""
    if assets.commit(call, shot, given, partial(_process_screenshot, call, shot)):
        return call.world.change(shot, assetDeliveryState="UPLOAD_COMPLETE")
    return call.world.find(shot.type, shot.id) or shot


def reserve_preview(call: Call, given: Given) -> Record:
    """Create the record of a preview and reserve space for it. Refuse it if its set is full."""
    _require_room(call, given.one("appPreviewSet"), MOST_PREVIEWS)
    return assets.reserve(call, given, videoDeliveryState="AWAITING_UPLOAD")


def receive_preview(call: Call, preview: Record, given: Given) -> Record:
    """Mark a video as complete, or choose another moment of it as its picture."""
    moment = given.attributes.get("previewFrameTimeCode")
    if moment is not None:
        preview = update(call, preview, Given({"previewFrameTimeCode": moment}, {}))
    if not assets.commit(call, preview, given, partial(_process_preview, call, preview)):
        return call.world.find(preview.type, preview.id) or preview
    agenda, seconds = call.context.agenda, call.context.store.media
    agenda.after(seconds / 2, partial(_set_video_state, call, preview, "PROCESSING"))
    return call.world.change(
        preview, assetDeliveryState="UPLOAD_COMPLETE", videoDeliveryState="UPLOAD_COMPLETE"
    )


def delete_media(call: Call, asset: Record) -> None:
    """Delete a screenshot or a preview. Refuse it if its version cannot be edited."""
    for group in call.world.related(asset, _SET_OF_MEDIA[asset.type]):
        for text in call.world.related(group, _TEXT):
            _require_editable(call, text, "Delete", asset.type)
    # At Apple it stays listed for a while, and counts.
    if call.context.store.lag > 0:
        call.context.agenda.after(call.context.store.lag, partial(_remove_media, call, asset))
    else:
        _remove_media(call, asset)


def _remove_media(call: Call, asset: Record) -> None:
    if call.world.find(asset.type, asset.id):
        for group in call.world.related(asset, _SET_OF_MEDIA[asset.type]):
            call.world.disconnect(group, asset.type, [asset])
        assets.discard(call, asset)


def image_of(call: Call, shot: Record) -> dict[str, Any] | None:
    """Return the address template and size of a screenshot, None until it is processed."""
    if shot.attributes["assetDeliveryState"]["state"] != "COMPLETE":
        return None
    width, height = shot.attributes.get("width"), shot.attributes.get("height")
    if not width or not height:
        kinds = [
            group.attributes["screenshotDisplayType"]
            for group in call.world.related(shot, "appScreenshotSet")
        ]
        # The screenshot of a seed has no bytes, so it gets the first size of its type.
        width, height = (*(sizes_of(kinds[0]) if kinds else ()), (1290, 2796))[0]
    return _image(call, shot.attributes.get("assetToken") or shot.id, width, height)


def video_of(call: Call, preview: Record) -> str | None:
    """Return the address of a video's HTTP Live Streaming list, None until it is processed."""
    if preview.attributes["videoDeliveryState"]["state"] != "COMPLETE":
        return None
    return f"{call.base}{FOLDER}{preview.attributes.get('token') or preview.id}/playlist.m3u8"


def poster_of(call: Call, preview: Record) -> dict[str, Any] | None:
    """Return the address template and size of the picture of a video, None until it is processed."""
    if preview.attributes["videoDeliveryState"]["state"] != "COMPLETE":
        return None
    return _image(call, f"{preview.id}.poster", 886, 1920)


def _image(call: Call, token: str, width: int, height: int) -> dict[str, Any]:
    template = f"{call.base}{FOLDER}{token}/{{w}}x{{h}}bb.{{f}}"
    return {"templateUrl": template, "width": width, "height": height}


def _process_screenshot(call: Call, shot: Record, delivery: Delivery) -> None:
    """Check a picture, and store it if Apple would accept it."""
    current = call.world.find(shot.type, shot.id)
    # The set may have been deleted since the file arrived.
    if current is None:
        return
    try:
        picture = read_picture(delivery.path, str(shot.attributes["fileName"]))
        kinds = [
            group.attributes["screenshotDisplayType"]
            for group in call.world.related(shot, "appScreenshotSet")
        ]
        allowed = sizes_of(kinds[0]) if kinds else ()
        # Apple reports alpha as wrong dimensions; that was recorded (fastlane).
        if picture.alpha or (allowed and (picture.width, picture.height) not in allowed):
            size = f"{picture.width} x {picture.height}{' with alpha' if picture.alpha else ''}"
            raise PictureProblem("IMAGE_INCORRECT_DIMENSIONS", f"The picture is {size}.")
        if call.context.store.media_outcome == "failed":
            raise PictureProblem("IMAGE_CORRUPTED", "The picture could not be processed.")
    except PictureProblem as problem:
        assets.fail(call, current, problem.code, problem.description)
        return
    call.context.gallery.keep(str(current.attributes["assetToken"]), delivery.path)
    call.world.change(
        current,
        assetDeliveryState="COMPLETE",
        sourceFileChecksum=delivery.digest("md5"),
        width=picture.width,
        height=picture.height,
    )


def _process_preview(call: Call, preview: Record, delivery: Delivery) -> None:
    current = call.world.find(preview.type, preview.id)
    if current is None:
        return
    try:
        check_video(delivery.path)
        if call.context.store.media_outcome == "failed":
            raise PictureProblem("VIDEO_CORRUPTED", "The video could not be processed.")
    except PictureProblem as problem:
        assets.fail(call, current, problem.code, problem.description)
        assets.fail(call, current, problem.code, problem.description, "videoDeliveryState")
        return
    call.context.gallery.keep(current.id, delivery.path)
    call.world.change(
        current,
        assetDeliveryState="COMPLETE",
        videoDeliveryState="COMPLETE",
        sourceFileChecksum=delivery.digest("md5"),
        token=current.id,
    )


def _set_video_state(call: Call, preview: Record, state: str) -> None:
    current = call.world.find(preview.type, preview.id)
    if current and current.attributes["videoDeliveryState"]["state"] == "UPLOAD_COMPLETE":
        call.world.change(current, videoDeliveryState=state)


def _require_room(call: Call, group: Record, most: int) -> None:
    media = _MEDIA_OF_SET[group.type]
    for text in call.world.related(group, _TEXT):
        _require_editable(call, text, "Create", media)
    # The words are a guess. It was recorded that reservations without bytes count.
    if len(call.world.related(group, media)) >= most:
        raise conflict(
            "STATE_ERROR", f"The set has {most} {media} already, which is the most that it can have"
        )


def _require_editable(call: Call, text: Record, verb: str, media: str) -> None:
    """Raise Refusal unless the version of a text can be edited."""
    # The words for "Delete" are from fastlane PR 16640; the others are formed like them.
    for version in call.world.related(text, "appStoreVersion"):
        if state_of(version) not in EDITABLE:
            raise conflict("STATE_ERROR", f"Can't {verb} {_NAMES[media]} After Submit for review")


def _drop(call: Call, group: Record) -> None:
    for asset in call.world.related(group, _MEDIA_OF_SET[group.type]):
        assets.discard(call, asset)
    call.world.remove(group)
