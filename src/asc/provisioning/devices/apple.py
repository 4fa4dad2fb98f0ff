"""The team's devices at Apple: list, register and change them.

https://developer.apple.com/documentation/appstoreconnectapi/devices
"""

from __future__ import annotations

from collections.abc import Mapping

from asc.api.client import Client
from asc.api.document import Resource, request_body
from asc.api.errors import ApiError
from asc.errors import Error, LostAnswerError
from asc.provisioning.devices.device import Device, comparable_udid
from asc.provisioning.devices.request import ApplePlatform, DeviceRequest

_FIELDS = {"fields[devices]": "name,udid,deviceClass,platform,status"}


def list_devices(client: Client) -> list[Device]:
    """Return all devices of the team, over all pages."""
    return [_device(resource) for resource in client.list("/v1/devices", dict(_FIELDS)).data]


def register_device(client: Client, request: DeviceRequest, platform: ApplePlatform) -> Device:
    """Register a device, and return it as Apple lists it. A device that another job registered meanwhile is no error.

    Raises Error if the team has as many devices of the class as Apple allows, ApiError for other refusals.
    """
    attributes = {"name": request.name, "udid": request.hyphenated_udid, "platform": platform}
    body = request_body("devices", attributes)

    def find() -> Device | None:
        # No filter: Apple may have the device in another spelling (fastlane 17433), which a filter might not find.
        devices = list_devices(client)
        return next(
            (device for device in devices if comparable_udid(device.udid) == comparable_udid(request.udid)),
            None,
        )

    try:
        return client.create_once(lambda: _device(client.create("/v1/devices", body).resource), find).value
    except ApiError as error:
        # Apple answered so in April 2026. A 403 alone means that the role of the key is too small.
        if error.status == 403 and "maximum number" in error.message.lower():
            raise _limit_reached(request, error) from None
        raise


def change_device(client: Client, device: Device, attributes: Mapping[str, str]) -> Device:
    """Set `name` or `status` of a device, and return it as Apple has it then.

    Raises LostAnswerError if the answer was lost and Apple still has other values.
    """
    path = f"/v1/devices/{device.id}"
    body = request_body("devices", attributes, device.id)
    try:
        return _device(client.patch(path, body).resource)
    except LostAnswerError:
        resource = client.get(path, dict(_FIELDS)).resource
        if any(resource.text(name) != value for name, value in attributes.items()):
            raise
        return _device(resource)


def _limit_reached(request: DeviceRequest, error: ApiError) -> Error:
    return Error(
        f"The device {request.name} was not registered: {error.message}",
        "Remove this device from devices, or remove others at developer.apple.com/account when the next membership "
        "year begins. A disabled device counts until then.",
    )


def _device(resource: Resource) -> Device:
    return Device(
        id=resource.id,
        udid=resource.text("udid"),
        name=resource.text("name"),
        device_class=resource.text("deviceClass"),
        platform=resource.text("platform"),
        status=resource.text("status"),
    )
