"""Show the planned faults, and the forms that add more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from asc_sandbox.faults import EFFECTS, METHODS, SETTINGS, Planned
from asc_sandbox.pages import parts
from asc_sandbox.pages.html import Child, Html, element, joined
from asc_sandbox.pages.page import FOLDER
from asc_sandbox.pages.views.traffic import outlook

ADD = f"{FOLDER}faults"
CLEAR = f"{FOLDER}faults/clear"

# The effects that clients meet most often. The other form takes all of them.
_COMMON = {
    "status=503": "503 Service unavailable",
    "status=429 retry-after=1": "429 Too many requests, Retry-After: 1",
    "status=500": "500 Unexpected error",
    "status=401": "401 Not authorized",
    "status=403": "403 Forbidden",
    "status=404": "404 Not found",
    "reset": "The connection is reset",
    "hang": "No answer at all",
    "lost": "Done, but the answer is lost",
    "ignored": "Answered, but not done",
    "mute": "Done, but never answered",
    "delay=3": "The answer comes 3 seconds late",
    "slow=5": "The body takes 5 seconds",
    "truncate": "Half of the body, then closed",
    "short": "Half of the body, as if it were all",
    "damage": "A byte of the body is changed",
    "html status=502": "502 with a page of HTML",
    "garbage-json": "A body that is not JSON",
    "empty": "An empty body",
}
_TIMES = {"times=1": "once", "times=2": "twice", "times=5": "5 times", "times=always": "always"}


@dataclass(frozen=True)
class Rejected:
    """A fault that was refused: the spec that was sent, and the problem with it."""

    spec: str
    problem: str


def planned(faults: Sequence[Planned]) -> Html:
    """Return the faults of the plan, each with its remaining effect."""
    if not faults:
        return parts.empty("No faults: every request is answered as Apple would.")
    rows = ((parts.code(fault.spec), _outlook(fault), _remover(fault)) for fault in faults)
    clear = element("button", "Clear all faults", type="submit")
    return joined(
        parts.table("Planned faults", ("Fault", "Still to come", "Remove"), rows, len(faults)),
        element("form", clear, method="post", action=CLEAR),
    )


def _outlook(fault: Planned) -> Html:
    return element("span", outlook(fault), class_="quiet" if fault.left == 0 else None)


def _remover(fault: Planned) -> Html:
    button = element("button", "Remove", type="submit", aria_label=f"Remove {fault.spec}", class_="small")
    number = element("input", type="hidden", name="number", value=fault.number)
    return element("form", number, button, method="post", action=CLEAR)


def forms(paths: Iterable[str], rejected: Rejected | None) -> Html:
    """Return two forms: four choices, or the words of --fault."""
    # All fields of a form have the name `fault`: joined by spaces they are one spec.
    return element("div", _chooser(paths), _speller(rejected), class_="forms")


def _chooser(paths: Iterable[str]) -> Html:
    known = element("datalist", (element("option", value=path) for path in paths), id="paths")
    path = element(
        "input",
        id="fault-path",
        name="fault",
        value="/v1/builds",
        list="paths",
        required=True,
        pattern="/.*",
        title="A path that begins with a slash; * stands for one segment",
        autocapitalize="off",
        spellcheck="false",
    )
    return element(
        "form",
        _field("method", "Method", _select("fault-method", {method: method for method in METHODS})),
        _field("path", "Path", joined(path, known)),
        _field("effect", "What goes wrong", _select("fault-effect", _COMMON)),
        _field("times", "How often", _select("fault-times", _TIMES)),
        element("button", "Switch on", type="submit", class_="primary"),
        method="post",
        action=ADD,
        class_="chooser",
    )


def _speller(rejected: Rejected | None) -> Html:
    spec = element(
        "input",
        id="fault-spec",
        name="fault",
        value=rejected.spec if rejected else None,
        placeholder="PUT /uploads/*/* cut=100000 times=2",
        required=True,
        autocapitalize="off",
        spellcheck="false",
        autofocus=rejected is not None,
        aria_invalid="true" if rejected else None,
        aria_describedby="fault-problem" if rejected else None,
    )
    problem = (
        element("p", rejected.problem, id="fault-problem", class_="problem", role="alert")
        if rejected
        else None
    )
    words = element("dl", (_word(line) for line in (*EFFECTS.values(), *SETTINGS.values())), class_="words")
    return element(
        "details",
        element("summary", "In the words of --fault"),
        element(
            "form",
            _field("spec", "Fault", spec),
            element("button", "Switch on", type="submit"),
            method="post",
            action=ADD,
            class_="speller",
        ),
        problem,
        words,
        open=rejected is not None,
    )


def _word(line: str) -> Html:
    word, _, meaning = line.partition(": ")
    return element("div", element("dt", parts.code(word)), element("dd", meaning))


def _field(name: str, label: str, control: Child) -> Html:
    return element("div", element("label", label, for_=f"fault-{name}"), control, class_=f"field {name}")


def _select(name: str, options: dict[str, str]) -> Html:
    return element(
        "select",
        (element("option", text, value=value) for value, text in options.items()),
        id=name,
        name="fault",
    )
