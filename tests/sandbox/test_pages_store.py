"""The store page of a version in a browser: texts, pictures, the way through review, and the reviewers' buttons."""

from __future__ import annotations

import re

import pytest

from asc_sandbox.plans import Store
from sandbox.client import Client
from sandbox.pages import HOSTILE, ask, plain, post, words
from sandbox.store import make_set, png, reserve, running, submit, submittable, upload, versions
from support.sandbox import start_sandbox
from support.store import texts

NEVER = Store(verdict="never", media=0, release=0)
PAGE = "/sandbox/versions/next"


def test_the_demo_shows_texts_and_pictures_in_each_language() -> None:
    with start_sandbox() as sandbox:
        app = ask(sandbox, "/sandbox/apps/1000000001").body.decode()
        (path, *_) = re.findall(r'href="(/sandbox/versions/[^"]+)">1.4.0', app)
        markup = ask(sandbox, path).body.decode()
        (picture, *_) = re.findall(r'<img src="([^"]+)" alt="1_start.png"', markup)
        assert ask(sandbox, picture).headers["Content-Type"] == "image/png"
    page = plain(markup)
    assert "Example 1.4.0 iOS · build 1.4.0 (41)" in page
    assert "de-DE name Example subtitle Nichts vergessen" in page
    assert "APP_IPAD_PRO_3GEN_129" in page and "PRODUCTIVITY, UTILITIES" in page


def test_a_screenshot_that_failed_says_why() -> None:
    with running() as sandbox:
        client, content = Client(sandbox), png(10, 10)
        upload(client, reserve(client, make_set(client).document["data"]["id"], content), content)
        assert "1.png FAILED IMAGE_INCORRECT_DIMENSIONS The picture is 10 x 10." in words(sandbox, PAGE)


def test_reviewers_decide_by_a_button_while_they_have_to() -> None:
    with running(submittable(releaseType="MANUAL"), store=NEVER) as sandbox:
        client = Client(sandbox)
        assert "Approve" not in words(sandbox, PAGE)
        submit(client)
        assert "Submission WAITING_FOR_REVIEW" in words(sandbox, PAGE) and "Approve" in words(sandbox, PAGE)
        answer = post(sandbox, "/sandbox/verdicts", {"version": "next", "verdict": "rejected"})
        assert (answer.status, answer.headers["Location"]) == (303, PAGE)
        assert versions(client)["2.0"] == "REJECTED" and "Approve" not in words(sandbox, PAGE)


@pytest.mark.parametrize(
    ("form", "headers", "status"),
    [
        ({"verdict": "approved"}, {}, 303),
        ({"verdict": "maybe"}, {}, 400),
        ({"verdict": "approved"}, {"Origin": "http://elsewhere.example"}, 403),
    ],
)
def test_a_verdict_on_all_is_one_of_three_and_comes_from_our_own_page(
    form: dict[str, str], headers: dict[str, str], status: int
) -> None:
    with running(submittable(releaseType="MANUAL"), store=NEVER) as sandbox:
        submit(Client(sandbox))
        assert post(sandbox, "/sandbox/verdicts", form, **headers).status == status
        decided = versions(Client(sandbox))["2.0"] == "PENDING_DEVELOPER_RELEASE"
        assert decided == (status == 303)


def test_texts_and_names_cannot_break_out_of_the_page() -> None:
    hostile = texts(description=HOSTILE, appScreenshotSets=[{"appScreenshots": [{"fileName": HOSTILE}]}])
    with running(submittable(appStoreVersionLocalizations=[hostile])) as sandbox:
        markup = ask(sandbox, PAGE).body.decode()
    assert "<script>alert" not in markup and "<img src=x" not in markup


def test_there_is_no_page_of_what_is_no_version() -> None:
    with running() as sandbox:
        assert ask(sandbox, "/sandbox/versions/none").status == 404
