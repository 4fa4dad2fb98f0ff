"""verify-profiles and lists of devices: with any files a step ends clearly, without a traceback and without a key."""

from __future__ import annotations

import json
import plistlib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from asc.commands import devices
from asc_sandbox.authority.plans import ProfilePlan, signed
from core.running import in_job
from fuzz.bounds import bounded, examples, large
from fuzz.mutating import damaged

APP = "com.example.app"
GROUPS, MERCHANTS = "com.apple.security.application-groups", "com.apple.developer.in-app-payments"
ASKED = {GROUPS: ["group.com.example.app"], "aps-environment": "production", MERCHANTS: ["merchant.x"]}
KEYS = st.sampled_from([*ASKED, "com.apple.developer.maps", "::error::x", "a\nb", "\u202e", ""])
LEAVES = (
    st.booleans()
    | st.integers(-(1 << 63), (1 << 64) - 1)
    | st.binary(max_size=8)
    | st.sampled_from(
        [datetime(1, 1, 1), datetime(9999, 12, 31), 1e300, "*", "$(X)*", "x" * 5000, "::error::x", ""]
    )
)
PLIST_VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab.*", max_size=4), inner, max_size=2)
    ),
    max_leaves=6,
)
FORMS = st.sampled_from([plistlib.FMT_XML, plistlib.FMT_BINARY])


@cache
def plain_profile() -> bytes:
    made, ends = datetime(2026, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)
    plan = ProfilePlan(
        "Example", "uuid", "app-store", "IOS", APP, "Example", (), made, ends, capabilities=("MAPS",)
    )
    return signed(plan)


@cache
def content() -> bytes:
    """The property list inside of the profile."""
    data = plain_profile()
    return data[data.index(b"<?xml") : data.index(b"</plist>") + len(b"</plist>")]


@st.composite
def profiles(draw: st.DrawFn) -> bytes:
    """Draw a profile that says anything, as far as its signed list keeps its length, or a damaged one."""
    if draw(st.booleans()):
        return draw(damaged([plain_profile()]))
    values = plistlib.loads(content())
    names = st.sampled_from(sorted([*values, "ProvisionsAllDevices"]))
    values |= draw(st.dictionaries(names, PLIST_VALUES, max_size=3))
    if isinstance(values.get("Entitlements"), dict):
        values["Entitlements"] |= draw(st.dictionaries(KEYS, PLIST_VALUES, max_size=3))
    return wrapped(plistlib.dumps(values, sort_keys=False))


def wrapped(data: bytes) -> bytes:
    """Sign nothing, but put the bytes where CMS has the signed content (RFC 5652), with indefinite lengths."""
    head = "3080 06092a864886f70d010702 a080 3080 020101 3100 3080 06092a864886f70d010701 a080 2480"
    return bytes.fromhex(head) + b"\x04\x84" + len(data).to_bytes(4, "big") + data + bytes(12)


@st.composite
def entitlements(draw: st.DrawFn) -> bytes:
    asked = {**ASKED, **draw(st.dictionaries(KEYS, PLIST_VALUES, max_size=4))}
    written = plistlib.dumps(asked, fmt=draw(FORMS))
    return draw(st.just(written) | damaged([written]) | st.binary(max_size=60))


@given(profile=profiles(), asked=entitlements(), named=st.booleans())
@examples(30)
def test_any_profile_beside_any_entitlements_ends_clearly(
    tmp_path_factory: pytest.TempPathFactory, profile: bytes, asked: bytes, named: bool
) -> None:
    folder = tmp_path_factory.mktemp("step")
    (folder / "A.mobileprovision").write_bytes(profile)
    (folder / "A.entitlements").write_bytes(asked)
    path = str(folder / "A.entitlements")
    inputs = {"entitlements": f"{APP}: {path}" if named else path, "profiles": str(folder)}
    with bounded(memory=None):
        done = in_job(folder, inputs, command="verify-profiles")
    assert done.code in (0, 1, 2)
    assert "The action has a bug" not in done.everything, done.everything
    assert done.log.problems == []
    if done.outputs.get("missing-keys"):
        assert isinstance(json.loads(done.outputs["missing-keys"]), dict)


def test_a_profile_of_these_tests_is_read(tmp_path: Path) -> None:
    (tmp_path / "A.mobileprovision").write_bytes(wrapped(content()))
    path = tmp_path / "A.entitlements"
    path.write_bytes(plistlib.dumps({"com.apple.developer.maps": True}))
    done = in_job(tmp_path, {"entitlements": str(path), "profiles": str(tmp_path)}, command="verify-profiles")
    assert (done.code, done.outputs["checked"]) == (0, "1"), done.stdout


DEVICE_PIECES = st.lists(
    st.sampled_from(
        [
            *(
                "Device ID",
                "Device Name",
                "Device Platform",
                "00008110-000A1B2C3D4E001E",
                "a" * 40,
                "A phone",
            ),
            *(
                "\t",
                "\n",
                "\r\n",
                " ",
                ": ",
                "{",
                "}",
                ",",
                "udid",
                "platform",
                "ios",
                "mac",
                "#",
                '"',
                "\ufeff",
            ),
            *("\x0b", "\x85", "\u2028", "- ", "? ", "&a ", "*a"),
        ]
    )
    | st.text(max_size=3),
    max_size=30,
).map("".join)


@given(content=DEVICE_PIECES.map(lambda text: text.encode("utf-8", "replace")) | st.binary(max_size=100))
@example(content=b"a\tb\n" * 2 + b"\t\n")
@example(content=b"Device ID\tDevice Name\n")
@large(content=b"a\tb\tios\n" * 100_000)
@large(content=b"\t" * 1_000_000)
@large(content=b"0" * 8 + b" " * 1_000_000)
@large(content=b"".join(b"d%d: %040x\n" % (number, number) for number in range(3000)))
@examples(40)
def test_a_list_of_devices_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "devices.txt"
    path.write_bytes(content)
    for text in (str(path), content.decode("utf-8", "replace")):
        with bounded(ValueError, seconds=30, memory=256 << 20):
            assert all(problem.reason for problem in devices.problems(devices.read(text)))
