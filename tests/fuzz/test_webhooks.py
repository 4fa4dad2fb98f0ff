"""Any event and any answer about webhooks leads to our own errors alone, and no name grows without a bound."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asc_relay.details import Details
from asc_relay.events import MalformedEvent, read_event
from asc_relay.relay import App, payload
from asc_sandbox.server import Sandbox
from core.running import in_job
from fuzz.bounds import examples
from fuzz.misanswering import REMOVED, REPLACEMENTS, Change, misanswering
from webhooks.app import ADDRESS, APP, SECRET, team, webhook

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["..", "a/b", "x\n", "COMPLETE"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "type": JSON,
        "id": JSON,
        "attributes": JSON | st.fixed_dictionaries({}, optional={"newState": JSON, "oldValue": JSON}),
        "relationships": JSON
        | st.fixed_dictionaries(
            {"instance": st.fixed_dictionaries({"data": st.fixed_dictionaries({"type": JSON, "id": JSON})})}
        ),
    },
).map(lambda data: json.dumps({"data": data}).encode())


@given(st.binary(max_size=64) | JSON.map(lambda value: json.dumps(value).encode()) | EVENTS)
@examples(200)
def test_a_body_is_an_event_of_plain_names_or_malformed(body: bytes) -> None:
    try:
        event = read_event(body)
    except MalformedEvent:
        return
    sent = payload(App(APP, "example/app", (SECRET,)), event, Details())
    assert len(event.dispatch_type) <= 100
    assert len(sent) <= 10
    for text in (event.dispatch_type, *sent, *sent.values()):
        assert text.isascii()
        assert text.isprintable()
        assert not set(text) & set("/\\ \"'`$(){};")


FAILED: dict[str, Any] = {"deliveryState": "FAILED", "createdDate": "1 hour ago", "event": "EVENT1"}
WORLD = {
    **team(webhook(ADDRESS, "BUILD_UPLOAD_STATE_UPDATED", id="HOOK1", deliveries=[FAILED])),
    "webhookEvents": [{"id": "EVENT1", "eventType": "BUILD_UPLOAD_STATE_UPDATED", "payload": "{}"}],
}
MODES: dict[str, dict[str, str]] = {
    "ensure": {"url": ADDRESS, "secret": SECRET, "name": "another"},
    "list": {},
    "ping": {"wait": "0"},
    "redeliver": {"wait": "0"},
    "delete": {"name": "relay"},
}


@pytest.mark.parametrize("mode", MODES)
@given(data=st.data())
@examples(8)
def test_an_answer_about_webhooks_that_is_not_as_it_should_be(
    mode: str, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    change = Change(
        data.draw(st.integers(0, 4)),
        data.draw(st.integers(0, 60)),
        data.draw(st.sampled_from([REMOVED, *REPLACEMENTS])),
    )
    with Sandbox(WORLD) as sandbox, misanswering(sandbox, change) as url:
        inputs = {"bundle-id": APP, "mode": mode, "retry-for": "0", **MODES[mode]}
        env = {"ASC_API_URL": url, "ASC_API_KEY": json.dumps(sandbox.api_key()), "ASC_DEBUG": "1"}
        done = in_job(tmp_path_factory.mktemp("step"), inputs, command="manage-webhooks", **env)
    assert "The action has a bug" not in done.everything, done.everything
    assert done.log.problems == []
