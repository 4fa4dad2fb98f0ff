"""What is particular to S3, Azure, Google Cloud and GitLab: keys, errors, credentials, and what is imported."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from asc.signing.storage import (
    Changes,
    Options,
    StorageError,
    StorageUnreachable,
    buckets,
    extra,
    open_storage,
)
from asc.signing.storage.buckets import address, gitlab, obstores
from core.test_proxies import proxy
from signing.storage import gitlab_server, places
from signing.storage.metadata_server import metadata_service
from signing.storage.places import TEAM, Place, environment, options

ADD = Changes({"certs/a.p12": b"key"})
Made = Callable[[str], Place]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    with ExitStack() as stack:
        yield lambda kind: stack.enter_context(places.place(kind, tmp_path, stack))


def test_the_tree_lies_under_prefix_and_team_as_match_has_it(made: Made) -> None:
    s3 = made("s3")
    s3.open().update(lambda files: ADD, "Add")
    listed = s3.more["client"].list_objects_v2(Bucket=s3.more["bucket"])["Contents"]
    assert f"some/where/{TEAM}/certs/a.p12" in {each["Key"] for each in listed}
    for kind in ("gs", "gitlab"):
        place = made(kind)
        place.open().update(lambda files: ADD, "Add")
        assert f"{TEAM}/certs/a.p12" in place.more["world"].contents()


@pytest.mark.parametrize("kind", ["s3", "gs", "gitlab"])
def test_what_all_teams_share_lies_in_front_of_their_folders_as_match_has_it(made: Made, kind: str) -> None:
    place = made(kind)
    texts = {"README.md": b"ours", "match_version.txt": b"1"}
    place.open().update(lambda files: Changes({**ADD.put, **texts}), "Add")
    other = place.open(team_id="TEAM222222")
    other.update(lambda files: Changes({**ADD.put, "README.md": b"theirs"}), "Add")
    contents = place.everything()
    front = "some/where/" if kind == "s3" else ""
    assert {key: data for key, data in contents.items() if key.endswith((".md", ".txt"))} == {
        f"{front}README.md": b"ours",
        f"{front}match_version.txt": b"1",
    }
    assert {f"{front}{TEAM}/certs/a.p12", f"{front}TEAM222222/certs/a.p12"} <= contents.keys()


def test_credentials_of_the_teams_folder_alone_are_enough(made: Made) -> None:
    place = made("gs")
    world = place.more["world"]
    world.refused = ("README.md",)
    place.open().update(lambda files: Changes({**ADD.put, "README.md": b"ours"}), "Add")
    assert place.open().read() == ADD.put


def test_the_role_of_an_ec2_machine_is_taken_where_that_is_said(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3 = made("s3")
    s3.write("certs/a.p12", b"1")
    with metadata_service() as (address, asked):
        monkeypatch.setenv("AWS_METADATA_ENDPOINT", address)
        given = environment(AWS_EC2_METADATA_DISABLED="false")
        files = s3.open(access_key="", secret_key="", environment=given).read()
    assert files == {"certs/a.p12": b"1"}
    assert any("security-credentials" in path for path in asked)


def test_marks_of_empty_folders_are_no_files(made: Made) -> None:
    """Consoles make folders as empty objects whose keys end in a slash."""
    place = made("s3")
    for key in ("", "certs/", "certs/sub/"):
        place.write(key, b"")
    place.write("certs/empty.cer", b"")
    assert place.open().read() == {"certs/empty.cer": b""}


def test_other_folders_are_none_of_ours(made: Made) -> None:
    place = made("az")
    world = place.more["world"]
    for key in ("folder2/x", "other", "folder", "folder/sub/"):
        world.put(key, b"" if key.endswith("/") else b"x")
    storage = place.open()
    assert storage.read() == {}
    storage.update(lambda files: ADD, "Add")
    assert set(world.contents()) >= {"folder2/x", "other", "folder", "folder/sub/"}


@pytest.mark.parametrize("key", ["../evil", "a//b", "ctl\x01x"])
def test_keys_that_are_no_paths_stop_the_reading(made: Made, key: str) -> None:
    place = made("s3")
    place.write(key, b"x")
    with pytest.raises(StorageError, match="S3 bucket") as caught:
        place.open().read()
    assert "\x01" not in caught.value.message


@pytest.mark.parametrize("kind", ["gs", "gitlab"])
@pytest.mark.parametrize("key", ["../evil", "a//b", "ctl\x01x", ".git/config", "a\\b"])
def test_keys_that_are_no_paths_are_left_out(
    made: Made, kind: str, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    place = made(kind)
    place.write(key, b"x")
    place.write("good", b"1")
    assert place.open().read() == {"good": b"1"}
    assert "skipped" in caplog.text


@pytest.mark.parametrize(
    ("kind", "location"), [("s3", "s3://no-such-bucket"), ("az", "az://other"), ("gs", "gs://other")]
)
def test_a_container_that_is_not_there(made: Made, kind: str, location: str) -> None:
    place = made(kind)
    storage = open_storage(location, place.options)
    for call in (storage.read, storage.prove_writable):
        with pytest.raises(StorageError, match=location.removeprefix(f"{kind}://")):
            call()


def test_credentials_that_are_refused(made: Made) -> None:
    azure = made("az").open(secret_key="c2VjcmV0LW9mLW1pbmU=")
    with pytest.raises(StorageError, match="AuthenticationFailed") as caught:
        azure.read()
    assert "c2VjcmV0" not in str(caught.value)
    gitlab = made("gitlab").open(token="glpat-wrong")
    with pytest.raises(StorageError, match="401") as caught:
        gitlab.read()
    assert caught.value.input == "storage-token"
    assert "glpat-wrong" not in str(caught.value)


def test_a_signature_in_an_address_is_not_shown(made: Made) -> None:
    place = made("az")
    sas = "sv=2022-11-02&ss=b&sig=s3cr3t-signature"
    with pytest.raises(StorageError) as caught:
        place.open(secret_key="", session_token=sas).read()
    assert "s3cr3t" not in f"{caught.value.message} {caught.value.remedy} {caught.value.__cause__}"


def test_credentials_from_the_environment(made: Made) -> None:
    s3 = made("s3")
    variables = {
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_ENDPOINT_URL": s3.options.endpoint,
    }
    given = environment(**variables, AWS_REGION="eu-west-1", AWS_SESSION_TOKEN="c")
    assert s3.open(access_key="", secret_key="", endpoint="", environment=given).read() == {}
    gitlab = made("gitlab")
    assert gitlab.open(token="", environment={"PRIVATE_TOKEN": gitlab_server.TOKEN}).read() == {}
    assert gitlab.open(token="", environment={"CI_JOB_TOKEN": gitlab_server.JOB_TOKEN}).read() == {}
    assert gitlab.open(token=gitlab_server.JOB_TOKEN).read() == {}


def test_credentials_of_google_that_are_none(tmp_path: Path) -> None:
    for text in ("{", '{"type": "service_account"}', str(tmp_path / "nothing.json"), '{"type": "x"}'):
        with pytest.raises(StorageError, match="storage-credentials") as caught:
            open_storage("gs://bucket", options(credentials=text))
        assert caught.value.input == "storage-credentials"


@pytest.mark.parametrize(
    "endpoint", ["http://example.com", "ftp://x", "nonsense", "https://u:s3cr3t@h", "https://h?s3cr3t"]
)
@pytest.mark.parametrize("location", ["s3://bucket", "gs://bucket", "gitlab://a/b"])
def test_credentials_go_to_https_alone(endpoint: str, location: str) -> None:
    with pytest.raises(StorageError) as caught:
        open_storage(location, options(endpoint=endpoint, token="x", credentials="{}"))
    assert caught.value.input == "endpoint"
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize(
    "location",
    ["s3://", "s3:///x", "gs://a/../b", "az://c/-rf", "gitlab://", "gitlab://one", "s3:bucket", "x://y", ""],
)
def test_locations_that_are_none(location: str) -> None:
    with pytest.raises(StorageError) as caught:
        open_storage(location, options(token="x", access_key="a", secret_key="b"))
    assert caught.value.input == "storage"


def test_gitlab_repeats_what_may_be_repeated(made: Made) -> None:
    place = made("gitlab")
    world = place.more["world"]
    place.write("a", b"1")
    world.fail = [502, 503]
    assert place.open().read() == {"a": b"1"}
    world.fail = [503] * 4
    with pytest.raises(StorageUnreachable, match="503"):
        place.open().read()


def test_a_gitlab_whose_answer_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gitlab, "TIMEOUT", (0.5, 0.5))
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 102\r\n\r\n["
    with proxy([head, *[b" "] * 100, b"]"], pause=0.05) as address:  # an empty list, if one waits for it
        storage = open_storage("gitlab://team/certs", options(endpoint=address, token="glpat-x"))
        with pytest.raises(StorageUnreachable):
            storage.read()


def test_gitlab_where_two_find_a_name_free(made: Made) -> None:
    """Without the check of names both are made; the second takes its own back, and nothing is lost."""
    place = made("gitlab")
    place.more["world"].checks_names = False
    storage, other = place.open(), place.open()
    storage.update(lambda files: Changes({"a": b"1"}), "Add")
    assert other.update(lambda files: Changes({"a": files["a"] + b"2", "b": b""}), "Add") == {
        "a": b"12",
        "b": b"",
    }
    assert other.read() == storage.read() == place.assets()
    held = [name for name, _ in place.more["world"].files.values()]
    assert len(held) == len(set(held))


def test_gitlab_has_pages_and_a_limit(made: Made) -> None:
    place = made("gitlab")
    for number in range(45):
        place.write(f"f{number}", b"x")
    assert len(place.open().read()) == 45
    with pytest.raises(StorageError, match="Maximum number"):
        for number in range(98):
            place.write(f"g{number}", b"x")
            if len(place.more["world"].files) >= 100:
                place.open().update(lambda files: ADD, "Add")
    assert "certs/a.p12" not in place.assets()


STRANGE = [b"<html>", b"[]", b"null", b'{"id": 1e999}', b'{"checksum": "x"}', b"[" * 100_000]


@pytest.mark.parametrize("body", STRANGE, ids=[each[:12].decode() for each in STRANGE])
def test_a_server_other_than_gitlab_is_an_error_of_endpoint(made: Made, body: bytes) -> None:
    place = made("gitlab")
    place.more["world"].says_of_new_files = body
    with pytest.raises(StorageError, match="GitLab"):
        place.open().update(lambda files: ADD, "Add")


def test_a_gitlab_whose_list_goes_in_circles(made: Made) -> None:
    place = made("gitlab")
    place.more["world"].goes_in_circles = True
    with pytest.raises(StorageError, match="endpoint"):
        place.open().read()


def test_what_is_not_chosen_is_not_imported(tmp_path: Path) -> None:
    code = (
        "import json, sys\n"
        "from asc.signing.storage import Options, open_storage\n"
        "open_storage(sys.argv[1], Options(token=sys.argv[2], environment={}))\n"
        "print(json.dumps(sorted(sys.modules)))\n"
    )
    source = str(Path(__file__).parents[3] / "src")
    for location, token in (
        (f"dir:{tmp_path}", ""),
        ("https://example.com/a.git", "x"),
        ("gitlab://a/b", "x"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", code, location, token],
            env={"PYTHONPATH": source},
            capture_output=True,
            text=True,
            check=True,
        )
        loaded = set(json.loads(done.stdout))
        assert not loaded & {"obstore", "google.cloud.storage", "google.auth", "boto3"}


def test_libraries_that_are_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.delitem(sys.modules, "asc.signing.storage.buckets.obstores", raising=False)
    monkeypatch.delattr(buckets, "obstores", raising=False)
    with pytest.raises(StorageError, match="obstore") as caught:
        open_storage("s3://bucket", options())
    assert "storage-s3" in caught.value.remedy
    assert [
        extra(each) for each in ("s3://x", "az://x", "gs://x", "gitlab://x/y", "https://x/y.git", "dir:x")
    ] == [
        "storage-s3",
        "storage-azure",
        "storage-google-cloud",
        None,
        None,
        None,
    ]


@pytest.mark.parametrize("prefix", ["iosABCDE12345", "a/iosABCDE12345"])
def test_a_prefix_of_matchs_without_a_slash_ends_with_the_team(prefix: str) -> None:
    found = address.parse_bucket(f"s3://bucket/{prefix}", Options(team_id="ABCDE12345"))
    assert found.root == f"{prefix}/"


@pytest.mark.parametrize(
    ("text", "input", "said"),
    [
        ("status code: 301 <Code>PermanentRedirect</Code><Message>M</Message>", "region", "another region"),
        ("status code: 400 <Code>AuthorizationHeaderMalformed</Code>", "region", "another region"),
        ("status code: 403 <Code>RequestTimeTooSkewed</Code>", "storage", "clock"),
        (f"status code: 403 <Code>AccessDenied</Code><Message>{'long ' * 60}END</Message>", "storage", "END"),
    ],
)
def test_refusals_of_s3_are_told_by_their_codes(text: str, input: str, said: str) -> None:
    error = obstores.error_from(text, "S3 bucket b", writing=False)
    assert error.input == input and said in error.message


def test_s3_without_any_credentials_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(StorageError, match="s3://"):
        open_storage("s3://bucket", Options())
