"""Read a .pkg: a xar archive with a `Distribution` and component packages, each with a `PackageInfo`.

https://developer.apple.com/library/archive/documentation/DeveloperTools/Reference/DistributionDefinitionRef/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from asc.builds.binary import info_plist
from asc.builds.binary.errors import BinaryError
from asc.builds.binary.model import Binary, Defect, Nested
from asc.formats import cpio, xar
from asc.formats.cpio import CpioError
from asc.formats.plist import PlistError, read_plist
from asc.formats.xar import Archive, XarError
from asc.formats.xmltree import XmlError, read_xml
from asc.words import printable_name

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LIMIT = 8 << 20
"""Bytes of a Distribution or PackageInfo; with a script and some thousand bundles they have some hundred thousand."""
MOST_COMPONENTS = 50
MOST_NESTED = 100
BUILD = "Make a product archive: productbuild --component Example.app /Applications --sign … Example.pkg."
_INSIDE = re.compile(r"\.(?:app|appex|framework|bundle|plugin|xpc|kext)/")
"""The part of a path that shows that a bundle lies in another bundle."""


@dataclass(frozen=True)
class _Bundle:
    """A bundle that is installed: its path, and the values of its Info.plist."""

    path: str
    id: str
    version: str
    build_number: str


class _Pkg:
    """An open .pkg. Its errors name the file."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        try:
            self._archive: Archive = xar.open_archive(file)
        except XarError as error:
            raise self.error(f"the package cannot be read: {error}", "Make or download it again.") from None

    def error(self, what: str, remedy: str) -> BinaryError:
        """Return an error that names this file."""
        return BinaryError(f"{self.path}: {what}.", remedy)

    def names(self) -> list[str]:
        """Return the paths of the documents that describe components, the topmost first."""
        found = [name for name in self._archive.members if re.fullmatch(r"(?:[^/]+/)?PackageInfo", name)]
        return sorted(found, key=lambda name: (name.count("/"), name))[:MOST_COMPONENTS]

    def document(self, name: str) -> Element | None:
        """Return an XML document of the archive, or None if it has none of that name. Raises BinaryError."""
        if name not in self._archive.members:
            return None
        try:
            return read_xml(self._archive.read(name, LIMIT))
        except (XarError, XmlError) as error:
            raise self.error(
                f"{printable_name(name)} cannot be read: {error}", "Make or download it again."
            ) from None

    def info(self, app_path: str) -> dict[str, Any]:
        """Return the app's Info.plist out of the payload. Raises CpioError or PlistError with the reason."""
        for name in self.names():
            payload = name.removesuffix("PackageInfo") + "Payload"
            component = self.document(name)
            if component is None or payload not in self._archive.members:
                continue
            data = cpio.find(
                cast("BinaryIO", xar.MemberStream(self._archive, payload)),
                _is_info(component.get("install-location") or "", app_path),
                info_plist.LIMIT,
            )
            if data is not None:
                return read_plist(data, info_plist.LIMIT)
        raise CpioError("no payload has it")


def _is_info(location: str, app_path: str) -> Callable[[str], bool]:
    return lambda name: _joined(location, name) == f"{app_path}/Contents/Info.plist"


def _inside(pkg: _Pkg, app: _Bundle) -> tuple[dict[str, Any], tuple[Defect, ...]]:
    """Return the app's Info.plist and its problem. If it cannot be read, it is empty and the problem says why."""
    try:
        info = pkg.info(app.path)
    except (CpioError, PlistError) as error:
        unread = Defect(
            f"Info.plist in the payload cannot be read, so its export compliance is not known: {error}.",
            "Give uses-non-exempt-encryption in the step, or build the package with gzip, pkgbuild's default.",
            fatal=False,
        )
        return {}, (unread,)
    return info, tuple(info_plist.remarks(info))


def read_pkg(path: Path, file: BinaryIO, size: int) -> Binary:
    """Return the binary in a .pkg that is open as `file`; `size` is in bytes. Raises BinaryError.

    Only the app's Info.plist is read from the payload: the profile stays unknown.
    """
    pkg = _Pkg(path, file)
    distribution = pkg.document("Distribution")
    bundles = _bundles(pkg, distribution)
    app = _main_app(pkg, distribution, bundles)
    for key, value in (("CFBundleShortVersionString", app.version), ("CFBundleVersion", app.build_number)):
        if not value:
            raise pkg.error(
                f"{key} of {printable_name(app.path)} is missing", f"Set it in the app's Info.plist. {BUILD}"
            )
    info, remarks = _inside(pkg, app)
    return Binary(
        path=path,
        size=size,
        kind="pkg",
        bundle_id=app.id,
        version=app.version,
        build_number=app.build_number,
        platform="MAC_OS",
        name=app.path.rsplit("/", 1)[-1].removesuffix(".app"),
        app_path=app.path,
        uses_non_exempt_encryption=info_plist.boolean_of(info, "ITSAppUsesNonExemptEncryption"),
        compliance_code=info_plist.text_of(info, "ITSEncryptionExportComplianceCode"),
        nested=_nested(app, bundles),
        remarks=remarks,
    )


def _bundles(pkg: _Pkg, distribution: Element | None) -> list[_Bundle]:
    """Return all bundles with an id, each once."""
    found: dict[str, _Bundle] = {}
    for bundle in _all_bundles(pkg, distribution):
        # Components come first, because they know the path. The distribution fills in what they leave out.
        known = found.setdefault(bundle.id, bundle)
        found[bundle.id] = replace(
            known,
            path=known.path or bundle.path,
            version=known.version or bundle.version,
            build_number=known.build_number or bundle.build_number,
        )
    return list(found.values())


def _all_bundles(pkg: _Pkg, distribution: Element | None) -> Iterator[_Bundle]:
    for name in pkg.names():
        component = pkg.document(name)
        if component is not None:
            location = component.get("install-location") or ""
            yield from _read_bundles(component.findall("bundle"), location)
    if distribution is not None:
        for reference in distribution.iter("pkg-ref"):
            yield from _read_bundles(reference.iter("bundle"), "")
        yield from _read_bundles(distribution.findall("bundle-version/bundle"), "")


def _read_bundles(elements: Iterator[Element] | list[Element], location: str) -> Iterator[_Bundle]:
    for element in elements:
        bundle_id = element.get("id") or element.get("CFBundleIdentifier") or ""
        if bundle_id:
            yield _Bundle(
                _joined(location, element.get("path") or ""),
                bundle_id.strip(),
                (element.get("CFBundleShortVersionString") or "").strip(),
                (element.get("CFBundleVersion") or "").strip(),
            )


def _joined(location: str, path: str) -> str:
    """Return the path that a bundle is installed to, from the root: `Applications/Example.app`; "" without a path."""
    parts = [part for part in f"{location}/{path}".split("/") if part not in ("", ".")]
    return "/".join(parts) if path else ""


def _main_app(pkg: _Pkg, distribution: Element | None, bundles: list[_Bundle]) -> _Bundle:
    """Return the main app: the product's own one, else one in Applications. Raises BinaryError if there is none."""
    apps = [bundle for bundle in bundles if bundle.path.endswith(".app") and not _INSIDE.search(bundle.path)]
    if not apps:
        raise pkg.error("no app is in it that could be uploaded", BUILD)
    product = distribution.find("product") if distribution is not None else None
    product_id = product.get("id") if product is not None else None
    return min(apps, key=lambda app: (app.id != product_id, not app.path.startswith("Applications/")))


def _nested(app: _Bundle, bundles: list[_Bundle]) -> tuple[Nested, ...]:
    """Return the extensions and apps inside the app, without frameworks."""
    # A framework's numbers need not be the app's.
    inside = f"{app.path}/Contents/"
    return tuple(
        Nested(bundle.path.removeprefix(inside), bundle.id, bundle.version, bundle.build_number)
        for bundle in bundles
        if bundle.path.startswith(inside) and bundle.path.endswith((".app", ".appex"))
    )[:MOST_NESTED]
