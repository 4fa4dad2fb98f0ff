"""What GitHub's runner (2.336) makes of the lines that a step prints, and of the files that it writes.

The runner differs from act and from its own documentation in places where a mistake of ours would hide or
leak something, so these rules are written after its source: ActionCommand, ActionCommandManager,
FileCommandManager, SecretMasker.
"""

from __future__ import annotations

import base64
import json
import re
import urllib.parse
import xml.sax.saxutils
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

ANNOTATIONS = ("error", "warning", "notice")
ANNOTATIONS_OF_A_KIND = 10
ANNOTATION_LENGTH = 4096
SUMMARY_BYTES = 1024 * 1024
RETIRED_COMMANDS = ("set-output", "save-state", "set-env", "add-path")
COMMANDS = frozenset(
    {*ANNOTATIONS, *RETIRED_COMMANDS, "debug", "group", "endgroup", "add-mask", "stop-commands", "echo"}
    | {"add-matcher", "remove-matcher"}
)


@dataclass(frozen=True)
class Command:
    """A workflow command: `::name key=value::data`, or the older `##[name key=value]data`."""

    name: str
    data: str
    properties: Mapping[str, str]
    legacy: bool


@dataclass(frozen=True)
class Annotation:
    level: str
    message: str
    properties: Mapping[str, str]

    @property
    def title(self) -> str:
        return self.properties.get("title", "")


def parse_command(line: str, known: Iterable[str] = COMMANDS) -> Command | None:
    """The command in a line, if there is one. The older form is found anywhere in a line, to this day."""
    known = {name.lower() for name in known}
    trimmed = line.strip()
    if trimmed.startswith("::") and (end := trimmed.find("::", 2)) >= 0:
        name, properties = _split_head(trimmed[2:end], ",", {"%3A": ":", "%2C": ","})
        if name in known:
            return Command(name, _unescape(trimmed[end + 2 :], {}), properties, legacy=False)
    start = line.find("##[")
    if start >= 0 and (end := line.find("]", start)) >= 0:
        escapes = {"%3B": ";", "%5D": "]"}
        name, properties = _split_head(line[start + 3 : end], ";", escapes)
        if name in known:
            return Command(name, _unescape(line[end + 1 :], escapes), properties, legacy=True)
    return None


def _split_head(head: str, separator: str, escapes: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    name, _, rest = head.partition(" ")
    pairs = (item.strip().split("=", 1) for item in rest.split(separator) if "=" in item)
    return name.lower(), {key: _unescape(value, escapes) for key, value in pairs if key and value}


def _unescape(text: str, escapes: Mapping[str, str]) -> str:
    for escaped, plain in {"%0D": "\r", "%0A": "\n", **escapes, "%25": "%"}.items():
        text = text.replace(escaped, plain)
    return text


def parse_file_command(text: str) -> dict[str, str]:
    """The pairs of a GITHUB_OUTPUT, GITHUB_ENV or GITHUB_STATE file. A line ends at LF only: a CR stays."""
    pairs: dict[str, str] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        if equals >= 0 and (heredoc < 0 or equals < heredoc):
            name, _, value = line.partition("=")
        elif heredoc >= 0:
            name, _, delimiter = line.partition("<<")
            if not delimiter:
                raise ValueError(f"Invalid format '{line}'. Delimiter must not be empty")
            value = _heredoc(lines, delimiter)
        else:
            raise ValueError(f"Invalid format '{line}'")
        if not name:
            raise ValueError(f"Invalid format '{line}'. Name must not be empty")
        pairs[name] = value
    return pairs


def _heredoc(lines: Iterable[str], delimiter: str) -> str:
    value: list[str] = []
    for line in lines:
        if line == delimiter:
            return "\n".join(value)
        value.append(line)
    raise ValueError(f"Invalid value. Matching delimiter not found '{delimiter}'")


class Masks:
    """The secrets of a job. The runner hides each, each of its lines, and the usual encodings of these."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._hidden: set[str] = set()
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        for value in {secret, *re.split(r"[\r\n]+", secret)}:
            if value.strip():
                self._hidden.update(_encodings(value))

    def hide(self, text: str) -> str:
        for value in sorted(self._hidden, key=len, reverse=True):
            text = text.replace(value, "***")
        return text


def _encodings(value: str) -> set[str]:
    raw = value.encode()
    shifted = (base64.b64encode(raw[shift:]).decode().rstrip("=")[:-1] for shift in range(3))
    escaped = {json.dumps(value)[1:-1], urllib.parse.quote(value, safe=""), xml.sax.saxutils.escape(value)}
    return {value, value.strip('"'), *escaped, *(part for part in shifted if len(part) > 3)} - {""}


@dataclass
class JobLog:
    """The log of one step, as its reader sees it. Feed it the lines that the step prints, in their order."""

    masks: Masks = field(default_factory=Masks)
    lines: list[str] = field(default_factory=list)
    annotations: list[Annotation] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """What the runner would complain about, drop, or hide from the reader."""
    _stop_token: str | None = None
    _open_group: str | None = None

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def titles(self, level: str = "error") -> list[str]:
        return [annotation.title for annotation in self.annotations if annotation.level == level]

    def messages(self, level: str = "error") -> list[str]:
        return [annotation.message for annotation in self.annotations if annotation.level == level]

    def feed(self, printed: str) -> None:
        """Takes one LF-terminated line of the process. .NET's ReadLine ends a line at a bare CR, too."""
        for line in printed.removesuffix("\n").removesuffix("\r").split("\r"):
            self._take(line)

    def close(self) -> None:
        """The step has ended."""
        if self._stop_token is not None:
            self.problems.append("workflow commands were stopped and never resumed")
        if self._open_group is not None:
            self.problems.append(f"the group {self._open_group!r} was never closed")
        for level in ANNOTATIONS:
            if len(self.messages(level)) > ANNOTATIONS_OF_A_KIND:
                self.problems.append(
                    f"more than {ANNOTATIONS_OF_A_KIND} annotations of the kind {level}: the rest is dropped"
                )

    def _take(self, line: str) -> None:
        stopped = self._stop_token is not None
        command = parse_command(line, {self._stop_token or "", *COMMANDS} - {""})
        if command is None or (stopped and command.name != self._stop_token):
            self.lines.append(self.masks.hide(line))
            return
        if command.legacy or command.name in RETIRED_COMMANDS:
            self.problems.append(f"legacy command {command.name!r} in {self.masks.hide(line)!r}")
        self._obey(command)
        if command.name != "add-mask":
            self.lines.append(self.masks.hide(f"##[{command.name}]{command.data}"))

    def _obey(self, command: Command) -> None:
        if command.name == self._stop_token:
            self._stop_token = None
        elif command.name == "stop-commands":
            self._stop_token = command.data.lower()
        elif command.name == "add-mask":
            self._mask(command.data)
        elif command.name in ANNOTATIONS:
            self._annotate(command)
        elif command.name == "group":
            if self._open_group is not None:
                self.problems.append(f"the group {command.data!r} is inside the group {self._open_group!r}")
            self._open_group = command.data
        elif command.name == "endgroup":
            self._open_group = None

    def _mask(self, secret: str) -> None:
        if secret.strip():
            self.masks.add(secret)
        else:
            self.problems.append("Can't add secret mask for empty string in ##[add-mask] command.")

    def _annotate(self, command: Command) -> None:
        if command.name == "error" and self._open_group is not None:
            self.problems.append(f"an error is hidden in the group {self._open_group!r}")
        message = self.masks.hide(command.data)[:ANNOTATION_LENGTH]
        self.annotations.append(Annotation(command.name, message, command.properties))


def parse_log(printed: str, secrets: Iterable[str] = ()) -> JobLog:
    """What the runner makes of everything that a process printed."""
    log = JobLog(Masks(secrets))
    for line in printed.removesuffix("\n").split("\n"):
        log.feed(line)
    log.close()
    return log
