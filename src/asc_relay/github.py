"""GitHub: start the workflows of a repository that listen to an event.

https://docs.github.com/en/rest/repos/repos#create-a-repository-dispatch-event
"""

from __future__ import annotations

from collections.abc import Mapping

import requests

from asc.api.transport import Bearer

TIMEOUT = (5.0, 15.0)
"""Seconds until there is a connection, and without a byte of the answer."""


class DispatchError(Exception):
    """GitHub did not accept an event, or could not be reached. The text says why, without the token."""


def dispatch(api_url: str, token: str, repository: str, event_type: str, payload: Mapping[str, str]) -> None:
    """Start the workflows that listen to `event_type`. Raises DispatchError if GitHub did not accept it."""
    # It is sent once: if the answer is lost, Apple delivers the event again.
    try:
        # `stream` leaves the body unread: its status says all, and a proxy could answer with an endless page.
        with requests.post(
            f"{api_url}/repos/{repository}/dispatches",
            json={"event_type": event_type, "client_payload": dict(payload)},
            headers={"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"},
            auth=Bearer(token),
            timeout=TIMEOUT,
            allow_redirects=False,  # the token is for GitHub alone
            stream=True,
        ) as answer:
            status = answer.status_code
    except requests.RequestException as error:
        raise DispatchError(f"GitHub could not be reached ({type(error).__name__})") from None
    if status != 204:
        raise DispatchError(f"GitHub answered HTTP {status} {_REASONS.get(status, '')}".strip())


_REASONS = {
    301: "(the repository was renamed: change its name in the settings)",
    401: "(the token is wrong or has expired)",
    403: "(the token lacks the permission Contents: write, or there were too many requests)",
    404: "(the token does not reach the repository, or it does not exist)",
    429: "(there were too many requests)",
}
