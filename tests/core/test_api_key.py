"""The API key, as people really paste it: recovered where it can be, else refused by field, reason and remedy.

Whatever becomes of it, nothing of the material is in an error.
"""

from __future__ import annotations

import base64
import json
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from asc.api.key import other_names
from asc.api.key.model import ApiKey, KeyRefused
from asc.api.key.sources import find_key
from asc.api.key.text import parse_key
from core.running import by_hand, in_job

KEY_ID, ISSUER = "ABC1234567", "57246542-96fe-1a63-e053-0824d011072a"
NO_PASSWORD = serialization.NoEncryption()
PKCS8, SEC1 = serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL


def pem_of(private: Any, form: Any = PKCS8, encryption: Any = NO_PASSWORD) -> str:
    return str(private.private_bytes(serialization.Encoding.PEM, form, encryption).decode())


PRIVATE = ec.generate_private_key(ec.SECP256R1())
PEM = pem_of(PRIVATE)
BODY = "".join(PEM.splitlines()[1:-1])
SEC1_PEM = pem_of(PRIVATE, SEC1)
PUBLIC_PEM = (
    PRIVATE.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)
RSA_KEY = rsa.generate_private_key(65537, 2048)
ENCRYPTED = pem_of(PRIVATE, PKCS8, serialization.BestAvailableEncryption(b"secret"))
OLD_ENCRYPTED = pem_of(PRIVATE, SEC1, serialization.BestAvailableEncryption(b"secret"))


def certificate() -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "someone")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, PRIVATE.public_key(), 1, now, now + timedelta(days=1))
    signed = builder.sign(PRIVATE, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode()


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def fields(**changed: Any) -> dict[str, Any]:
    """The fields of a good key, with some changed; None takes a field out."""
    usual = {"key_id": KEY_ID, "issuer_id": ISSUER, "key": PEM, **changed}
    return {name: value for name, value in usual.items() if value is not None}


def text(**changed: Any) -> str:
    return json.dumps(fields(**changed))


COMMENTED = f"""{{
  "key_id": "{KEY_ID}",
  "issuer_id": "{ISSUER}",
  "key": {json.dumps(PEM)},
  "duration": 1200, # optional (maximum 1200)
  "in_house": false # optional but may be required if using match/sigh
}}"""

RECOVERED = {
    "as fastlane documents it": text(),
    "with everything": text(duration=1200, in_house=False, is_key_content_base64=False),
    "the published example with its comments": COMMENTED,
    "pretty printed": json.dumps(fields(), indent=4),
    "with a byte order mark": "\ufeff" + text(),
    "with CRLF": json.dumps(fields(), indent=2).replace("\n", "\r\n"),
    "blanks around": f"\n\n  {text()}\n",
    "in single quotes": f"'{text()}'",
    "quoted once more": json.dumps(text()),
    "as YAML": f"key_id: {KEY_ID}\nissuer_id: {ISSUER}\nkey: |\n  " + PEM.replace("\n", "\n  "),
    "the whole JSON in base64": b64(text()),
    "the whole JSON in base64, in lines": base64.encodebytes(text().encode()).decode(),
    "the commented JSON in base64": b64(COMMENTED),
    "real line breaks in the JSON string": text().replace("\\n", "\n"),
    "\\n as two characters": text(key=PEM.replace("\n", "\\n")),
    "\\r\\n as four characters": text(key=PEM.replace("\n", "\\r\\n")),
    "CRLF in the key": text(key=PEM.replace("\n", "\r\n")),
    "newlines turned to spaces": text(key=PEM.replace("\n", " ")),
    "newlines lost": text(key=PEM.replace("\n", "")),
    "newlines doubled": text(key=PEM.replace("\n", "\n\n")),
    "indented lines": text(key=PEM.replace("\n", "\n    ")),
    "no last newline": text(key=PEM.strip()),
    "quotes around the key": text(key=f'"{PEM}"'),
    "blanks around the key": text(key=f"  \n{PEM}\n  "),
    "BEGIN EC PRIVATE KEY": text(key=SEC1_PEM),
    "base64 of the PEM": text(key=b64(PEM)),
    "base64 of the PEM, flagged": text(key=b64(PEM), is_key_content_base64=True),
    "base64 of the PEM, flagged by a word": text(key=b64(PEM), is_key_content_base64="true"),
    "base64 of the PEM without padding": text(key=b64(PEM).rstrip("=")),
    "base64 of the PEM, URL-safe": text(key=b64(PEM).replace("+", "-").replace("/", "_")),
    "flagged as base64, but it is not": text(is_key_content_base64=True),
    "the base64 body alone": text(key=BODY),
    "the base64 body in lines": text(key="\n".join(PEM.splitlines()[1:-1])),
    "base64 of the SEC 1 PEM": text(key=b64(SEC1_PEM)),
    "quotes around the ids": text(key_id=f'"{KEY_ID}"', issuer_id=f"'{ISSUER}'"),
    "blanks around the ids": text(key_id=f" {KEY_ID}\n", issuer_id=f"\t{ISSUER} "),
    "in_house as a word": text(in_house="false"),
    "duration as a text": text(duration="1200"),
    "duration as 1200.0": text(duration=1200.0),
    "fields that nobody knows": text(team_name="Example", extra={"a": 1}),
    "text before the block": text(key="Bag Attributes\n" + PEM),
}


@pytest.mark.parametrize("form", RECOVERED)
def test_a_damaged_key_text_is_recovered(form: str) -> None:
    key = parse_key(RECOVERED[form])
    assert (key.key_id, key.issuer_id, key.private_key) == (KEY_ID, ISSUER, PEM)
    assert (key.lifetime, key.in_house) == (1200, False)
    assert not leaked(repr(key))


def test_what_is_not_the_same_in_every_key() -> None:
    assert parse_key(text(issuer_id=None)).issuer_id is None
    assert parse_key(text(in_house="true")).in_house
    assert parse_key(text(duration=300)).lifetime == 300


KEY_FORMAT = "AuthKey_….p8"
REFUSED = {  # form → the text, the field, the reason, a word of the remedy
    "nothing but blanks": (" \n ", "", "is empty", "The format is"),
    "an empty object": ("{}", "key_id", "is missing", "The format is"),
    "a list": ("[]", "", "is not JSON", "The format is"),
    "a word": ("hello", "", "is not JSON", "The format is"),
    "the name of a file": ("fastlane/api_key.json", "", "is the name of a file", "api-key-path"),
    "JSON cut off": (text()[:-40], "", "is not JSON", "The format is"),
    "a .p8 without ids": (PEM, "", "is the .p8 file alone", "Users and Access"),
    "a .p8 in base64 without ids": (b64(PEM), "", "is the .p8 file alone", "Users and Access"),
    "a .p8 with \\n": (PEM.replace("\n", "\\n"), "", "is the .p8 file alone", "Users and Access"),
    "no key id": (text(key_id=None), "key_id", "is missing", "The format is"),
    "an empty key id": (text(key_id=" "), "key_id", "is empty", "The format is"),
    "keyId": (text(key_id=None, keyId=KEY_ID), "key_id", "there is “keyId”", "The format is"),
    "a key id like an issuer id": (text(key_id=ISSUER), "key_id", "looks like an issuer id", "10 letters"),
    "a key id like a file": (text(key_id="AuthKey_X.p8"), "key_id", "is not a key id", "Users and Access"),
    "the key as key id": (text(key_id=PEM), "key_id", "is not a key id", "Users and Access"),
    "a key id that is a list": (text(key_id=[KEY_ID]), "key_id", "is not a text but a list", "The format"),
    "an empty issuer id": (text(issuer_id=""), "issuer_id", "is empty", "individual key"),
    "an issuer id like a key id": (text(issuer_id=KEY_ID), "issuer_id", "looks like a key id", "UUID"),
    "the key as issuer id": (text(issuer_id=BODY), "issuer_id", "is not an issuer id", "Users and Access"),
    "no key": (text(key=None), "key", "is missing", "The format is"),
    "an empty key": (text(key=""), "key", "is empty", "The format is"),
    "a key that is an object": (text(key={"pem": PEM}), "key", "is not a text but an object", "The format"),
    "key_content": (text(key=None, key_content=PEM), "key", "“key_content”", "Rename"),
    "key_filepath": (text(key=None, key_filepath="/k.p8"), "key", "only the path", "contents"),
    "filepath in JSON": (text(key=None, filepath="/k.p8"), "key", "only the path", "contents"),
    "RSA": (text(key=pem_of(RSA_KEY)), "key", "is a key of another kind (RSA)", KEY_FORMAT),
    "RSA PRIVATE KEY": (text(key=pem_of(RSA_KEY, SEC1)), "key", "is an RSA key", KEY_FORMAT),
    "P-384": (text(key=pem_of(ec.generate_private_key(ec.SECP384R1()))), "key", "secp384r1", KEY_FORMAT),
    "a public key": (text(key=PUBLIC_PEM), "key", "is a public key", KEY_FORMAT),
    "the body of a public key": (
        text(key="".join(PUBLIC_PEM.splitlines()[1:-1])),
        "key",
        "is a public key",
        KEY_FORMAT,
    ),
    "a certificate": (text(key=certificate()), "key", "is a certificate", KEY_FORMAT),
    "encrypted": (text(key=ENCRYPTED), "key", "is encrypted", KEY_FORMAT),
    "encrypted the old way": (text(key=OLD_ENCRYPTED), "key", "is encrypted", KEY_FORMAT),
    "no END line": (text(key=PEM[:120]), "key", "is cut off", KEY_FORMAT),
    "lines missing": (text(key=PEM.replace(BODY[64:128], "")), "key", "is damaged", KEY_FORMAT),
    "letters changed": (text(key=PEM.replace(BODY[5:20], "!" * 15)), "key", "is damaged", KEY_FORMAT),
    "half of the body": (text(key=BODY[: len(BODY) // 2]), "key", "is damaged", KEY_FORMAT),
    "bytes of chance": (text(key=b64("no key at all" * 9)), "key", "is damaged", KEY_FORMAT),
    "base64 of a PEM with other bytes in it": (
        text(key=base64.b64encode(PEM.encode().replace(b"PRIVATE", b"PRIV\x95TE", 1)).decode()),
        "key",
        "is base64 of a damaged PEM",
        KEY_FORMAT,
    ),
    "not base64": (text(key="*** " + BODY), "key", "is neither a PEM", KEY_FORMAT),
    "masked by somebody": (text(key="***"), "key", "is neither a PEM", KEY_FORMAT),
    "over 20 minutes": (text(duration=1201), "duration", "is 1201", "at most 1200"),
    "a duration in words": (text(duration="20 minutes"), "duration", "is not a whole number", "at most 1200"),
    "the key as duration": (text(duration=BODY), "duration", "is not a whole number", "at most 1200"),
    "a duration of nothing": (text(duration=0), "duration", "too short", "at most 1200"),
    "a duration below nothing": (text(duration=-5), "duration", "too short", "at most 1200"),
    "a duration of many digits": (
        text(duration="9" * 5000),
        "duration",
        "is not a whole number",
        "at most 1200",
    ),
    "in_house in other words": (text(in_house="perhaps"), "in_house", "is neither true nor false", "Write"),
    "the key as in_house": (text(in_house=BODY), "in_house", "is neither true nor false", "Write"),
    "an integer that is too long": (f"# key\nkey_id: 0x{'F' * 5_000}\n", "", "is not JSON", "The format is"),
    "nested very deeply": ("[" * 100_000, "", "is not JSON", "The format is"),
    "a YAML with a tag": ("key_id: !!python/object:os.system x", "", "is not JSON", "The format is"),
}


@pytest.mark.parametrize("form", REFUSED)
def test_a_text_that_is_no_key_is_refused_with_its_reason(form: str) -> None:
    given, field, reason, remedy = REFUSED[form]
    with pytest.raises(KeyRefused) as caught:
        parse_key(given)
    assert field in [problem.input for problem in caught.value.problems]
    told = next(problem for problem in caught.value.problems if problem.input == field)
    assert reason in told.reason
    assert remedy in told.remedy
    assert not leaked(everything_of(caught.value))


@pytest.mark.parametrize("form", REFUSED)
def test_refused_in_a_job_without_a_trace_of_it(tmp_path: Path, form: str) -> None:
    given = REFUSED[form][0]
    if not given.strip():
        return
    done = in_job(tmp_path, {"bundle-id": "com.example.app", "api-key": given}, RUNNER_DEBUG="1")
    assert done.code == 2
    unmasked = [line for line in done.stdout.splitlines() if not line.startswith("::add-mask::")]
    assert not leaked("\n".join([*unmasked, done.summary]))
    assert done.log.problems == []


def test_all_fields_are_told_at_once() -> None:
    with pytest.raises(KeyRefused) as caught:
        parse_key(
            json.dumps({"key_id": ISSUER, "issuer_id": "", "key": "x", "duration": 9999, "in_house": "?"})
        )
    named = [problem.input for problem in caught.value.problems]
    assert named == ["key_id", "issuer_id", "key", "duration", "in_house"]


def test_a_key_pasted_without_its_flag_is_not_repeated() -> None:
    done = by_hand(text())
    assert done.code == 2
    assert not leaked(done.everything)


def leaked(said: str) -> bool:
    """Whether a run of 12 characters of any form of the private key is in it."""
    bodies = [BODY, "".join(SEC1_PEM.splitlines()[1:-1]), b64(PEM)]
    beyond_the_fixed_head = 24
    return any(
        body[start : start + 12] in said
        for body in bodies
        for start in range(beyond_the_fixed_head, len(body) - 12)
    )


def everything_of(error: BaseException) -> str:
    """All that a log may ever show of an error, with those that led to it."""
    said = ["".join(traceback.format_exception(error))]
    seen: BaseException | None = error
    while seen is not None:
        said += [str(seen), repr(seen), repr(seen.args), *traceback.format_exception_only(seen)]
        seen = seen.__cause__ or seen.__context__
    return "\n".join(said)


# Where it comes from.

FASTLANE = "APP_STORE_CONNECT_API_KEY"


def named(key_id: str) -> str:
    return text(key_id=key_id)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], str]:
    def to_file(name: str, content: str) -> str:
        (tmp_path / name).write_text(content)
        return str(tmp_path / name)

    return to_file


def test_the_inputs_of_the_step_win_over_variables(write: Callable[[str, str], str]) -> None:
    in_order: list[tuple[str, str]] = [
        ("text", named("FIRST00001")),
        ("path", write("2.json", named("SECOND0002"))),
        ("ASC_API_KEY", named("THIRD00003")),
        ("ASC_API_KEY_PATH", write("4.json", named("FOURTH0004"))),
        (f"{FASTLANE}_PATH", write("5.json", named("FIFTH00005"))),
        (FASTLANE, named("SIXTH00006")),
        (f"{FASTLANE}_KEY_ID", "SEVENTH007"),
    ]
    rest = {f"{FASTLANE}_ISSUER_ID": ISSUER, f"{FASTLANE}_KEY": PEM}
    found = []
    for position in range(len(in_order)):
        sources = {**dict(in_order[position:]), **rest}
        given, path = sources.pop("text", None), sources.pop("path", None)
        found.append(find_key(given, None if given else path, sources).key_id[:3])
    assert found == ["FIR", "SEC", "THI", "FOU", "FIF", "SIX", "SEV"]


@pytest.mark.parametrize("command", ["fetch-build-number", "cleanup-signing", "doctor"])
def test_both_inputs_at_once_are_an_error_of_every_command(
    tmp_path: Path, write: Callable[[str, str], str], command: str
) -> None:
    keys = {"api-key": named("FIRST00001"), "api-key-path": write("2.json", named("SECOND0002"))}
    done = in_job(tmp_path, keys, command=command)
    assert done.code == 2
    assert "api-key-path" in done.error


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_a_key_file_that_powershell_wrote_is_read(tmp_path: Path, encoding: str) -> None:
    for name, content in (("key.json", text()), (f"AuthKey_{KEY_ID}.p8", PEM)):
        (tmp_path / name).write_bytes(content.encode(encoding))
        key = find_key(None, str(tmp_path / name), {f"{FASTLANE}_ISSUER_ID": ISSUER})
        assert (key.key_id, key.private_key) == (KEY_ID, PEM)


@pytest.mark.parametrize("content", [text(), text(key=PEM.replace("\n", "\r\n"))])
def test_a_secret_in_base64_of_utf_16_is_read(content: str) -> None:
    given = base64.b64encode(content.encode("utf-16")).decode()
    assert find_key(given, None, {}).key_id == KEY_ID


def test_a_p8_in_base64_of_utf_16_is_read() -> None:
    given = text(key=base64.b64encode(PEM.encode("utf-16-le")).decode())
    assert find_key(given, None, {}).private_key == PEM


def test_null_is_an_absent_field_as_in_fastlanes_hash_of_an_individual_key() -> None:
    assert find_key(text(issuer_id=None, duration=None, in_house=None), None, {}).issuer_id is None


def test_the_variables_of_fastlane(write: Callable[[str, str], str]) -> None:
    ids = {f"{FASTLANE}_KEY_ID": KEY_ID, f"{FASTLANE}_ISSUER_ID": ISSUER}
    expected = ApiKey(KEY_ID, ISSUER, PEM)
    p8 = write("some.p8", PEM)
    for env in (
        {**ids, f"{FASTLANE}_KEY": PEM},
        {**ids, f"{FASTLANE}_KEY": b64(PEM), f"{FASTLANE}_IS_KEY_CONTENT_BASE64": "true"},
        {**ids, f"{FASTLANE}_KEY_FILEPATH": p8},
        {**ids, "ASC_API_KEY": PEM},
        {**ids, "ASC_API_KEY_PATH": p8},
        {**ids, "ASC_API_KEY_PATH": write("some.b64", b64(PEM))},
        {"ASC_API_KEY_PATH": write("json.b64", b64(text()))},
        {"ASC_API_KEY_PATH": write("key.yaml", RECOVERED["as YAML"])},
    ):
        assert find_key(None, None, env) == expected


def test_the_name_of_a_p8_holds_its_key_id(write: Callable[[str, str], str]) -> None:
    path = write(f"AuthKey_{KEY_ID}.p8", PEM)
    assert find_key(None, path, {f"{FASTLANE}_ISSUER_ID": ISSUER}).key_id == KEY_ID
    with pytest.raises(KeyRefused, match="issuer_id"):
        find_key(None, path, {})


def test_filepath_stands_for_key_where_a_hash_may_stand(write: Callable[[str, str], str]) -> None:
    given = text(key=None, filepath=write("k.p8", PEM))
    assert find_key(given, None, {}).private_key == PEM


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        ({}, "api-key: no API key was given"),
        ({"ASC_API_KEY": ""}, "ASC_API_KEY is set, but empty"),
        ({"ASC_API_KEY": "{}"}, "ASC_API_KEY (key_id): is missing"),
        ({"ASC_API_KEY_PATH": "/no/such/key.json"}, "ASC_API_KEY_PATH: /no/such/key.json: No such file"),
        ({"ASC_API_KEY_PATH": "/"}, "ASC_API_KEY_PATH: /: Is a directory"),
        ({f"{FASTLANE}_KEY_ID": KEY_ID}, f"{FASTLANE}_KEY: is missing"),
        ({f"{FASTLANE}_KEY_ID": KEY_ID, f"{FASTLANE}_KEY": ""}, f"{FASTLANE}_KEY: is empty"),
    ],
)
def test_an_error_names_the_source(sources: dict[str, str], said: str) -> None:
    with pytest.raises(KeyRefused) as caught:
        find_key(None, None, sources)
    assert said in caught.value.message


@pytest.mark.parametrize("name", other_names.NAMES_HERE)
def test_a_variable_of_another_tool_is_told_by_its_name_here(name: str) -> None:
    with pytest.raises(KeyRefused) as caught:
        find_key(None, None, {name: "x"})
    assert f"{name} to {other_names.NAMES_HERE[name]}" in caught.value.remedy


@pytest.mark.parametrize(
    "form",
    [
        text().replace('"', '\\"'),
        json.dumps(json.dumps(json.loads(text()), indent=2))[1:-1],
        text().replace('"', "”"),
        text().replace('"', "’"),
        "{“" + text()[2:].replace('"', "„"),
    ],
    ids=["escaped", "escaped with its line breaks", "curled", "curled single ones", "low ones"],
)
def test_escaped_and_typographic_quotes_are_read(form: str) -> None:
    assert find_key(form, None, {}).private_key == PEM


def test_a_missing_variable_is_told_under_the_name_of_the_variable_that_holds_it() -> None:
    with pytest.raises(KeyRefused) as caught:
        find_key(
            None,
            None,
            {
                "APP_STORE_CONNECT_API_KEY_ID": KEY_ID,
                f"{FASTLANE}_ISSUER_ID": ISSUER,
                f"{FASTLANE}_KEY": PEM,
            },
        )
    (told,) = caught.value.problems
    assert told.input == f"{FASTLANE}_KEY_ID"
    assert told.remedy == f"Rename APP_STORE_CONNECT_API_KEY_ID to {FASTLANE}_KEY_ID."


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_secret_in_utf_16_that_was_taken_for_utf_8_is_read(encoding: str) -> None:
    given = "\ufffd\ufffd" + text().encode(encoding).decode("latin-1")
    assert find_key(given, None, {}).key_id == KEY_ID


def test_a_secret_in_utf_16_that_arrived_damaged_is_told_as_that() -> None:
    with pytest.raises(KeyRefused, match="UTF-16"):
        find_key("\ufffd\ufffd{", None, {})


def test_a_partly_empty_key_in_a_pull_request_from_a_fork_names_the_fork() -> None:
    with pytest.raises(KeyRefused) as caught:
        find_key(text(issuer_id=""), None, {}, "Secrets are not passed to pull requests from forks.")
    assert "forks" in caught.value.remedy


def test_files_that_cannot_be_a_key(tmp_path: Path) -> None:
    large, binary = tmp_path / "large", tmp_path / "binary"
    large.write_text("x" * 70_000)
    binary.write_bytes(b"\x80\x81\xff")
    for path, said in ((large, "larger than 65,536"), (binary, "is not a text file")):
        with pytest.raises(KeyRefused, match=said):
            find_key(None, str(path), {})


@pytest.mark.parametrize("who", ["fork", "dependabot"])
def test_why_a_secret_is_empty(tmp_path: Path, who: str) -> None:
    sides = {side: {"repo": {"full_name": f"{side}/app"}} for side in ("head", "base")}
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": sides} if who == "fork" else {}))
    env = {
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_ACTOR": "dependabot[bot]" if who == "dependabot" else "me",
    }
    done = in_job(tmp_path, {"bundle-id": "com.example.app", "api-key": ""}, **env)
    assert done.code == 2
    assert {"fork": "pull requests from forks", "dependabot": "Dependabot secrets"}[who] in done.error


@pytest.mark.parametrize(
    "sources",
    [
        {f"{FASTLANE}_KEY_ID": KEY_ID, f"{FASTLANE}_ISSUER_ID": "", f"{FASTLANE}_KEY": PEM},
        {"ASC_API_KEY": json.dumps({"key_id": KEY_ID, "issuer_id": "", "key": PEM})},
    ],
    ids=["fastlane's variable", "empty"],
)
def test_an_issuer_id_that_is_not_set_makes_no_individual_key(sources: dict[str, str]) -> None:
    with pytest.raises(KeyRefused, match=r"(?i)issuer_id"):
        find_key(None, None, sources)
