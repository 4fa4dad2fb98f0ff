"""Which addresses reach a git repository, and that no refused one is repeated in a message."""

from __future__ import annotations

import pytest

from asc.signing.storage import StorageError, open_storage
from asc.signing.storage.git.access import is_git, parse
from signing.storage.places import options


@pytest.mark.parametrize(
    ("text", "scheme", "url"),
    [
        ("https://github.com/a/b.git", "https", "https://github.com/a/b.git"),
        ("https://me@github.com/a/b.git", "https", "https://github.com/a/b.git"),
        ("git+https://example.com:8443/a", "https", "https://example.com:8443/a"),
        ("git@github.com:a/b.git", "ssh", "git@github.com:a/b.git"),
        ("git+git@github.com:a/b", "ssh", "git@github.com:a/b"),
        ("ssh://git@example.com:22/a/b", "ssh", "ssh://git@example.com:22/a/b"),
        ("git+file:///srv/a.git", "file", "file:///srv/a.git"),
    ],
)
def test_addresses(text: str, scheme: str, url: str) -> None:
    assert is_git(text)
    assert (parse(text).scheme, parse(text).url) == (scheme, url)


@pytest.mark.parametrize(
    "text",
    [
        "https://me:s3cr3t@github.com/a/b.git",
        "ssh://me:s3cr3t@github.com/a/b",
        "ssh://-oProxyCommand=s3cr3t/a",
        "git+ssh://-oX@h/s3cr3t",
        "git@-oProxyCommand=s3cr3t:a",
        "git@host:-s3cr3t",
        "git+--upload-pack=s3cr3t",
        "git+ext::sh -c s3cr3t",
        "git+ext::s3cr3t",
        "git+http://example.com/s3cr3t",
        "git+file://host/s3cr3t",
        "git+git://example.com/s3cr3t",
        "https://github.com/a/b.git?s3cr3t.git",
        "https://github.com:s3cr3t/a/b.git",
        "https:///s3cr3t.git",
        "ftp://example.com/s3cr3t.git",
        "nonsense-s3cr3t",
        "dir:",
    ],
)
def test_addresses_that_are_refused(text: str) -> None:
    with pytest.raises(StorageError) as caught:
        open_storage(text, options())
    assert "s3cr3t" not in f"{caught.value.message}{caught.value.remedy}"


def test_an_address_of_https_without_git_at_its_end_is_told_how_to_write_it() -> None:
    with pytest.raises(StorageError) as caught:
        open_storage("https://github.com/example/certificates", options())
    assert "git+https://" in caught.value.remedy
