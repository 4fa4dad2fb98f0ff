"""How long Apple takes in this sandbox, and how it ends: what becomes of an upload and of a submission."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Outcome = Literal["valid", "invalid", "failed", "upload-failed", "never", "stuck-upload"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
ReviewOutcome = Literal["approved", "rejected", "never"]
REVIEW_OUTCOMES: tuple[ReviewOutcome, ...] = get_args(ReviewOutcome)
Verdict = Literal["approved", "rejected", "metadata-rejected", "never"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
Associated = Literal["lists", "objects", "absent"]
MediaOutcome = Literal["complete", "failed", "never"]
MEDIA_OUTCOMES: tuple[MediaOutcome, ...] = get_args(MediaOutcome)

MISSING_PURPOSE = (
    "90683",
    "Missing purpose string in Info.plist. The key NSCameraUsageDescription is needed with a text for the user.",
)


@dataclass(frozen=True)
class Processing:
    """What becomes of an upload whose file has arrived.

    The build appears after a third of `seconds`, and all is settled when they are over. `outcome`:

    valid          the build is VALID and the upload COMPLETE
    invalid        the build is INVALID and the upload FAILED, with `reasons`
    failed         the build is FAILED and the upload FAILED, with `reasons`
    upload-failed  the upload is FAILED, with `reasons`, and there is no build
    never          the build stays PROCESSING, and so does the upload
    stuck-upload   the build is VALID, but the upload stays AWAITING_UPLOAD

    `reasons` are (code, description). The build's beta detail says PROCESSING for `detail_lag` seconds more: at Apple
    it lags for minutes behind a build that is VALID, mostly for Mac builds (codemagic-cli-tools#346).
    """

    seconds: float = 2.0
    outcome: Outcome = "valid"
    reasons: tuple[tuple[str, str], ...] = (MISSING_PURPOSE,)
    detail_lag: float = 0.0


@dataclass(frozen=True)
class Review:
    """What becomes of a build that is submitted to beta review.

    It is in review after half of `seconds`, and the verdict falls when they are over; with `never` it waits.
    """

    seconds: float = 2.0
    outcome: ReviewOutcome = "approved"


@dataclass(frozen=True)
class Store:
    """How long the App Store takes, in seconds, and how it ends.

    A submitted version is in review after half of `review`, and the `verdict` falls when it is over. `media` pass until
    a picture or a video is delivered, which ends as `media_outcome` says. `release` pass until a version that is
    released is live, and `cancel` until a submission that is withdrawn gives its version free. `lag` pass until what
    Apple does behind a request shows: the texts that a new version copies from the last one, the app info that can be
    edited, the state of a version that was added to a submission, and that a screenshot or a preview is deleted.
    `associated` is how the answer says what a version lacks: as lists, as one object for each resource, or not at all.
    """

    review: float = 2.0
    verdict: Verdict = "approved"
    media: float = 1.0
    media_outcome: MediaOutcome = "complete"
    release: float = 1.0
    cancel: float = 1.0
    lag: float = 0.0
    associated: Associated = "lists"


DEFAULT_PROCESSING = Processing()
DEFAULT_REVIEW = Review()
DEFAULT_STORE = Store()
