"""Make a .pkg as productbuild does: a product archive with one component, for the Mac App Store."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from asc_sandbox.samples.bundle import App
from asc_sandbox.samples.cpio import make_cpio
from asc_sandbox.samples.padding import padding as make_padding
from asc_sandbox.samples.profile import make_profile
from asc_sandbox.samples.xar import XarFile, write_xar

_MORE_IN_TOC = 1024
"""The most bytes that one more file takes in the table of contents."""


def make_pkg(
    path: Path,
    bundle_id: str = "com.example.app",
    version: str = "1.0",
    build_number: str = "1",
    *,
    name: str = "Example",
    padding: int = 0,
    size: int = 0,
    extensions: Mapping[str, str] | None = None,
    distribution: bool = True,
    seed: int = 1,
) -> Path:
    """Write a .pkg for macOS and return its path. It is not signed, and has no bill of materials (Bom).

    `padding` adds this many bytes that do not compress; `size` pads the whole file to this many. `extensions` maps
    paths in the app's Contents (`PlugIns/Share.appex`) to build numbers; only the lists of the package name them.
    Without `distribution` it is a component package, as pkgbuild makes it.
    """
    app = App(bundle_id, version, build_number, "MAC_OS", name)
    bundles = [_bundle(f"./{name}.app", bundle_id, version, build_number)]
    for inner, number in (extensions or {}).items():
        nested_id = f"{bundle_id}.{Path(inner).stem}"
        bundles.append(_bundle(f"./{name}.app/Contents/{inner}", nested_id, version, number))
    profile = make_profile(bundle_id, platform="MAC_OS")
    payload = {**app.files(), "Contents/embedded.provisionprofile": profile}
    cpio = make_cpio({f"{name}.app/{inner}": data for inner, data in payload.items()})
    folder = f"{bundle_id}.pkg/" if distribution else ""
    files = [XarFile.of("Distribution", _distribution(app, bundles).encode())] if distribution else []
    files += [
        XarFile.of(f"{folder}PackageInfo", _package_info(app, bundles, len(payload)).encode()),
        # Without a time, so that the same arguments give the same bytes.
        XarFile(f"{folder}Payload", lambda: [gzip.compress(cpio, mtime=0)]),
    ]
    if padding:
        files.append(XarFile("Resources/Padding.bin", lambda: make_padding(padding, seed)))
    write_xar(path, files)
    if size:
        _grow(path, size, files, seed)
    return path


def _grow(path: Path, size: int, files: list[XarFile], seed: int) -> None:
    """Write the archive again with padding, and fill the few bytes that are missing then."""
    left = size - path.stat().st_size - _MORE_IN_TOC
    if left < 0:
        raise ValueError(f"a .pkg with this content cannot be smaller than {size - left:,} bytes")
    write_xar(path, [*files, XarFile("Resources/Padding.bin", lambda: make_padding(left, seed))])
    # The last bytes belong to the heap, and no file refers to them.
    with path.open("ab") as out:
        out.write(bytes(size - path.stat().st_size))


def _bundle(path: str, bundle_id: str, version: str, build_number: str) -> str:
    return (
        f"<bundle path={quoteattr(path)} id={quoteattr(bundle_id)}"
        f" CFBundleShortVersionString={quoteattr(version)} CFBundleVersion={quoteattr(build_number)}/>"
    )


def _package_info(app: App, bundles: list[str], files: int) -> str:
    identifier = quoteattr(app.bundle_id)
    return f"""\
<?xml version="1.0" encoding="utf-8"?>
<pkg-info overwrite-permissions="true" relocatable="false" identifier={identifier} postinstall-action="none"
    version={quoteattr(app.version)} format-version="2" install-location="/Applications" auth="root">
  <payload numberOfFiles="{files}" installKBytes="20"/>
  {" ".join(bundles)}
  <bundle-version><bundle id={identifier}/></bundle-version>
  <strict-identifier><bundle id={identifier}/></strict-identifier>
</pkg-info>
"""


def _distribution(app: App, bundles: list[str]) -> str:
    identifier, version = quoteattr(app.bundle_id), quoteattr(app.version)
    component = escape(f"#{app.bundle_id}.pkg")
    return f"""\
<?xml version="1.0" encoding="utf-8"?>
<installer-gui-script minSpecVersion="2">
  <pkg-ref id={identifier}>
    <bundle-version>{" ".join(bundle.replace('path="./', 'path="') for bundle in bundles)}</bundle-version>
  </pkg-ref>
  <product id={identifier} version={version}/>
  <title>{escape(app.name)}</title>
  <options customize="never" require-scripts="false" hostArchitectures="arm64"/>
  <volume-check><allowed-os-versions><os-version min="{app.minimum_os}"/></allowed-os-versions></volume-check>
  <choices-outline><line choice="default"><line choice={identifier}/></line></choices-outline>
  <choice id="default" title={quoteattr(app.name)}/>
  <choice id={identifier} visible="false" customLocation="/Applications"><pkg-ref id={identifier}/></choice>
  <pkg-ref id={identifier} version={version} onConclusion="none" installKBytes="20">{component}</pkg-ref>
</installer-gui-script>
"""
