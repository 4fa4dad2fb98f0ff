"""One job as a process of its own, for tests that kill it or run two."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from asc.provisioning.kinds import Platform, ProfileType
from asc.signing.install.ledger import Ledger
from asc.signing.install.machine import Mac, install
from asc.signing.install.security import Security
from asc.signing.vault.entries import identity_from, new_profile
from asc.signing.vault.layout import CertificateEntry, VaultEntry


def main(arguments: list[str]) -> None:
    values = json.loads(arguments[0])
    files = Path(values["files"])
    entry = VaultEntry.parse("certs/distribution/E7P4EE896K.cer")
    assert isinstance(entry, CertificateEntry)
    identity = identity_from(entry, (files / "cer").read_bytes(), (files / "key").read_bytes())
    content = (files / "profile").read_bytes()
    profile = new_profile(ProfileType.APP_STORE, "com.example.app", Platform.IOS, content)
    home = Path(values["home"])
    mac = Mac(home, Path(values["temporary"]), Security.find(values["path"], home, timeout=20))
    ledger = Ledger(Path(values["ledger"]))
    identifier = ledger.begin(values["owner"], datetime.now(UTC)).id
    install(mac, ledger, identifier, [identity], [profile])
