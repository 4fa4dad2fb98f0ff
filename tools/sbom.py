"""Write .cache/sbom.json: the packages that an action runs with, as CycloneDX 1.6, checked against its schema.

    tools/sbom.py [IMAGE]

That is requirements.lock, and with an image (a name that Docker knows) also the Debian packages in it. The hashes of a
package are those of all its wheels, and each platform installs one of them. Runs with the Python of .cache/venvs/audit.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

if not find_spec("cyclonedx"):
    print("sbom: this Python lacks its packages. Run: make sbom", file=sys.stderr)
    sys.exit(2)

from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
OUTPUT = ROOT / ".cache" / "sbom.json"


def main(image: str | None) -> None:
    """Write the document. Ends with an error if it does not fit its schema."""
    bom = Bom()
    bom.metadata.component = subject = _subject()
    parts = [*_python_packages(), *(_debian_packages(image) if image else ())]
    bom.components.update(parts)
    bom.register_dependency(subject, parts)
    text = JsonV1Dot6(bom).output_as_string(indent=2)
    if error := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        sys.exit(f"sbom: it does not fit the schema: {error}")
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(text + "\n", "utf-8")
    print(f"sbom: {OUTPUT.relative_to(ROOT)} with {len(parts)} packages")


def _subject() -> Component:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return Component(
        name=project["name"], version=project["version"], type=ComponentType.APPLICATION, bom_ref="subject"
    )


def _python_packages() -> Iterator[Component]:
    for block in re.split(r"\n(?=[a-z0-9])", (ROOT / "requirements.lock").read_text("utf-8")):
        pin = Requirement(block.split("\\\n")[0].strip())
        version = str(pin.specifier).removeprefix("==")
        hashes = re.findall(r"--hash=sha256:([0-9a-f]{64})", block)
        wheels = ExternalReference(
            type=ExternalReferenceType.DISTRIBUTION,
            url=XsUri(f"pkg:pypi/{pin.name}@{version}"),
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in hashes],
        )
        yield _library(PackageURL("pypi", name=pin.name, version=version), [wheels])


def _debian_packages(image: str) -> Iterator[Component]:
    form = "${Package} ${Version} ${Architecture}\\n"
    command = ["docker", "run", "--rm", "--entrypoint", "dpkg-query", image, "--show", "--showformat", form]
    for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines():
        name, version, architecture = line.split()
        yield _library(PackageURL("deb", "debian", name, version, {"arch": architecture}))


def _library(url: PackageURL, references: list[ExternalReference] | None = None) -> Component:
    return Component(
        name=url.name,
        version=url.version,
        type=ComponentType.LIBRARY,
        purl=url,
        bom_ref=url.to_string(),
        external_references=references,
    )


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
