"""How long Apple takes in this sandbox, and how uploads, reviews and releases end."""

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
    """The processing of an upload whose file has arrived.

    The build appears after a third of `seconds`, and processing ends after all of them. `outcome`:

        valid          the build is VALID and the upload COMPLETE
        invalid        the build is INVALID and the upload FAILED, with `reasons`
        failed         the build is FAILED and the upload FAILED, with `reasons`
        upload-failed  the upload is FAILED, with `reasons`, and there is no build
        never          the build stays PROCESSING, and so does the upload
        stuck-upload   the build is VALID, but the upload stays AWAITING_UPLOAD

    `reasons` are (code, description). The build's beta detail says PROCESSING for `detail_lag` seconds more.
    """

    seconds: float = 2.0
    outcome: Outcome = "valid"
    reasons: tuple[tuple[str, str], ...] = (MISSING_PURPOSE,)
    # At Apple it lags for minutes behind a build that is VALID, mostly for Mac builds (codemagic-cli-tools#346).
    detail_lag: float = 0.0


@dataclass(frozen=True)
class Review:
    """The beta review of a submitted build.

    The build is in review after half of `seconds`, and the verdict comes after all of them; with `never` it waits.
    """

    seconds: float = 2.0
    outcome: ReviewOutcome = "approved"


@dataclass(frozen=True)
class Store:
    """The App Store's times in seconds, and how review and processing end."""

    # A submitted version is in review after half of this time, and the verdict comes after all of it.
    review: float = 2.0
    verdict: Verdict = "approved"
    # Processing of a picture or a video.
    media: float = 1.0
    media_outcome: MediaOutcome = "complete"
    # From the release of a version until it is live.
    release: float = 1.0
    # From the withdrawal of a submission until its version is free.
    cancel: float = 1.0
    # Until Apple's automatic changes can be seen: the texts that a new version copies from the last one, the app info
    # that can be edited, the state of a version that was added to a submission, and the deletion of media.
    lag: float = 0.0
    # How an answer names the values that a version lacks: in lists, in one object for each resource, or not at all.
    associated: Associated = "lists"


@dataclass(frozen=True)
class Webhooks:
    """How events are delivered.

    An attempt that is not answered with 2xx within `timeout` seconds is repeated after `retry` seconds, until there
    were `attempts` of them. If `to` is an address, all events go there, and not to the addresses of the webhooks.
    """

    to: str = ""
    attempts: int = 3
    retry: float = 1.0
    timeout: float = 10.0


DEFAULT_PROCESSING = Processing()
DEFAULT_REVIEW = Review()
DEFAULT_STORE = Store()
DEFAULT_WEBHOOKS = Webhooks()
