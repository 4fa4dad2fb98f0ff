"""A text that is pasted as an API key is read, or refused with a remedy. It is never quoted."""

from __future__ import annotations

import base64
import json

from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import example, given
from hypothesis import strategies as st

from asc.api.key.model import KeyRefused
from asc.api.key.pem import private_key_pem
from asc.api.key.sources import FASTLANE, find_key
from asc.api.key.text import looks_like_pem, parse_key
from fuzz.bounds import bounded, examples, large
from fuzz.mutating import VALUES, damaged, joined

PRIVATE = ec.derive_private_key(0x5EED, ec.SECP256R1())
PEM = PRIVATE.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
SEC1 = PRIVATE.private_bytes(form.Encoding.PEM, form.PrivateFormat.TraditionalOpenSSL, form.NoEncryption())
FIELDS = {"key_id": "D383SF7390", "issuer_id": "6053b7fe-68a8-4acb-89be-165aa6465141", "key": PEM.decode()}
JSON = json.dumps(FIELDS).encode()
YAML = b"# a comment\n" + json.dumps(FIELDS, indent=1).encode()
FORMS = [
    JSON,
    YAML,
    base64.b64encode(JSON),
    json.dumps(JSON.decode()).encode(),
    PEM,
    SEC1,
    base64.b64encode(PEM),
]
TEXTS = damaged(FORMS).map(lambda data: data.decode("utf-8", "surrogateescape"))
YAML_PIECES = joined(
    "key_id",
    "issuer_id",
    ": ",
    "\n",
    "  ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "&a ",
    "*a",
    "!!int ",
    "!!bool ",
    "!!timestamp ",
    "!!binary ",
    "!!set ",
    "<<: ",
    "|",
    ">",
    "'",
    '"',
    "%",
    "? ",
    "#",
    "\t",
    "0x",
    "1:1",
    "=",
    "~",
)
BODY = "".join(PEM.decode().split("\n")[1:-2])


@given(TEXTS | YAML_PIECES.map("key_id: ".__add__) | st.text())
@example('key_id: "\\UFFFFFFFF"')
@large("key_id" + "\n- " * 3000)
@large("{" * 49 + "key_id: " * 2000)
@large("key_id: " + "[" * 50 + "- " * 5000)
@large("key_id: &a [x]\n" + "".join(f"b{n}: &b{n} [{'*a,' * 9}]\n" for n in range(300)))
@examples(48)
def test_a_pasted_key_is_read_or_refused(text: str) -> None:
    with bounded():
        parse_key(text)
    with bounded():
        looks_like_pem(text)
    with bounded():
        private_key_pem(text)


@given(TEXTS)
@examples(24)
def test_a_refusal_quotes_nothing_of_the_key(text: str) -> None:
    try:
        parse_key(text)
    except KeyRefused as refused:
        said = refused.message + refused.remedy
        assert not any(BODY[start : start + 20] in said for start in range(len(BODY) - 20))


@given(
    st.dictionaries(
        st.sampled_from([*FIELDS, "duration", "in_house", "is_key_content_base64", "filepath", "keyId"]),
        VALUES,
    )
)
@examples(40)
def test_a_field_may_hold_anything(fields: dict[str, object]) -> None:
    with bounded():
        parse_key(json.dumps({**FIELDS, **fields}), allow_filepath=True)


@given(
    st.dictionaries(
        st.sampled_from(
            [
                f"{FASTLANE}_{part}"
                for part in ("KEY_ID", "ISSUER_ID", "KEY", "DURATION", "IN_HOUSE", "KEY_FILEPATH", "PATH")
            ]
        ),
        st.text(st.characters(codec="utf-8"), max_size=30) | TEXTS,
    )
)
@examples(16)
def test_a_variable_may_hold_anything(environment: dict[str, str]) -> None:
    with bounded():
        find_key(None, None, environment)
