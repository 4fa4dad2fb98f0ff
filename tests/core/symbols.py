"""Steps that download symbols, apps with builds that have some, archives and stores that misbehave on purpose."""

from __future__ import annotations

import io
import json
import struct
import threading
import uuid
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from asc_sandbox.server import Sandbox
from core.running import Done, in_job
from support.clock import QuickClock
from support.sandbox import Json, app, build, seed

APP = "com.example.app"
UUID = uuid.UUID("6a9a6bd0-2ad1-4b3c-8c3e-3f5f0b8f2e71")
DWARF = "Example.app.dSYM/Contents/Resources/DWARF/Example"


def step(
    folder: Path,
    sandbox: Sandbox,
    *,
    process: bool = False,
    clock: QuickClock | None = None,
    **inputs: object,
) -> Done:
    """Runs download-dsyms into `folder`/dsyms."""
    given = {"bundle-id": APP, "directory": str(folder / "dsyms"), "retry-for": "5s"}
    given |= {name.replace("_", "-"): str(value) for name, value in inputs.items()}
    if "app_id" in inputs:
        del given["bundle-id"]
    return in_job(folder, given, sandbox=sandbox, command="download-dsyms", process=process, clock=clock)


def world(*builds: Json, **attributes: Any) -> Json:
    """An app with these builds; without any it has one."""
    return seed(apps=[app(APP, id="1000000001", builds=builds or [with_symbols("1.0", "7")], **attributes)])


def with_symbols(version: str, number: str, *bundles: Json, **attributes: Any) -> Json:
    """A build with the symbols of the app, or with these bundles."""
    return build(version, number, buildBundles=list(bundles) or [{}], **attributes)


def there(folder: Path) -> list[str]:
    """The names of all files and folders in the target folder, hidden ones too."""
    return sorted(path.name for path in (folder / "dsyms").iterdir())


def listed(done: Done, output: str) -> Any:
    return json.loads(done.outputs[output])


def names(done: Done) -> list[str]:
    return [Path(path).name for path in listed(done, "files")]


def companion(identity: uuid.UUID = UUID, *, size: int = 0) -> bytes:
    """A thin Mach-O with a UUID and nothing else."""
    head = struct.pack("<8I", 0xFEEDFACF, 0x0100000C, 0, 0xA, 1, 24, 0, 0)
    return head + struct.pack("<2I", 0x1B, 24) + identity.bytes + bytes(size)


def archive(members: Mapping[str | zipfile.ZipInfo, bytes] | None = None, **options: Any) -> bytes:
    """A zip with these members; without them a dSYM."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", **{"compression": zipfile.ZIP_DEFLATED, **options}) as file:
        for name, data in ({DWARF: companion()} if members is None else members).items():
            file.writestr(name, data)
    return content.getvalue()


@contextmanager
def store(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """A store whose every answer is written by `answer`; yields a link to it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/symbols.zip"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def serve(content: bytes, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """An answer with these bytes, whatever is asked for."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)

    return answer
