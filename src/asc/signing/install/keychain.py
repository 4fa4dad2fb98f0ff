"""A keychain of the job's own: made, filled, opened for signing tools, and proven to hold the identities."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from asc.identity.keys import key_pem
from asc.identity.p12 import p12
from asc.private_files import write_private
from asc.provisioning.kinds import CertificateType
from asc.signing.install.files import new_password
from asc.signing.install.security import InstallError, Security, SecurityResult, Shown, failed, identities
from asc.signing.install.written import issuer_of
from asc.signing.vault.entries import StoredIdentity

LOCKED_AFTER = 21600
"""Seconds until the keychain locks itself: the longest that a job of GitHub's own runners lasts."""
TOOLS = ("codesign", "security", "pkgbuild", "productbuild", "productsign")
"""In /usr/bin; they may use the keys without a dialog."""
PARTITIONS = "apple-tool:,apple:,codesign:"

_UNREADABLE = ("decode", "unknown format", "format unsupported", "mac verification failed")
_INSTALLERS = (CertificateType.MAC_INSTALLER_DISTRIBUTION, CertificateType.DEVELOPER_ID_INSTALLER)


@dataclass(frozen=True)
class Keychain:
    """One keychain file. All methods raise SecurityError where `security` refuses.

    `security` takes passwords as arguments only, where every process of the machine can read them for a moment: so
    this one is random and used once, unless the user asked for one of their own.
    """

    security: Security
    path: Path
    password: str = field(repr=False, default_factory=new_password)

    def create(self) -> None:
        """Makes it, lets it lock itself only after hours, and unlocks it."""
        where, secret = str(self.path), (self.password,)
        self._call("The keychain cannot be made", "create-keychain", "-p", self.password, where)
        self._call(
            "The keychain's settings cannot be set", "set-keychain-settings", "-lut", str(LOCKED_AFTER), where
        )
        self.security.call(
            "The keychain cannot be unlocked", "unlock-keychain", "-p", self.password, where, hide=secret
        )

    def add(self, identity: StoredIdentity, work: Path) -> None:
        """Imports certificate and key; those that are there already are fine. `work` is a folder of mode 0700.

        The .p12 for this has a random password of its own: the one of the user's is no argument of any program, and
        might have characters that `security` does not take.
        """
        password = new_password()
        content = p12(identity.key, identity.certificate, password, identity.certificate.common_name)
        ran = self._import(work / "identity.p12", content, "-f", "pkcs12", "-P", password, hide=password)
        if ran.code == 0 or _is_there(ran):
            return
        if any(word in ran.said.casefold() for word in _UNREADABLE):
            self._add_in_two(identity, work, ran)
            return
        raise failed(f"“{identity.certificate.common_name}” cannot be imported", ran)

    def let_tools_sign(self) -> None:
        """Puts Apple's tools on the list of every key, without which codesign would open a dialog. After imports."""
        self._call(
            "The keys cannot be opened for codesign",
            "set-key-partition-list",
            *("-S", PARTITIONS, "-s", "-k", self.password, str(self.path)),
        )

    def prove(self, wanted: Iterable[StoredIdentity]) -> None:
        """Looks whether macOS would sign with each. Raises InstallError that says why it would not."""
        by_policy: dict[str, list[StoredIdentity]] = {}
        for each in wanted:  # certificates for installers are not for code, and not listed as such
            policy = "basic" if each.certificate_type in _INSTALLERS else "codesigning"
            by_policy.setdefault(policy, []).append(each)
        for policy, members in by_policy.items():
            valid = {each.sha1 for each in self._find(policy, "-v") if not each.fault}
            missing = [each for each in members if each.certificate.sha1 not in valid]
            if missing:
                raise _not_valid(missing[0], self._find(policy))

    def _find(self, policy: str, *options: str) -> list[Shown]:
        what = "The keychain's identities cannot be listed"
        return identities(self._call(what, "find-identity", *options, "-p", policy, str(self.path)))

    def _call(self, what: str, *arguments: str) -> bytes:
        return self.security.call(what, *arguments, hide=(self.password,))

    def _import(self, path: Path, content: bytes, *options: str, hide: str = "") -> SecurityResult:
        tools = [part for tool in TOOLS for part in ("-T", f"/usr/bin/{tool}")]
        try:
            write_private(path, content)
            return self.security.run(
                "import", str(path), "-k", str(self.path), *options, *tools, hide=(hide, self.password)
            )
        finally:
            path.unlink(missing_ok=True)

    def _add_in_two(self, identity: StoredIdentity, work: Path, before: SecurityResult) -> None:
        """Key and certificate by themselves, for a macOS that does not read the .p12. The key lies open for as long
        as the call takes, in a file of mode 0600."""
        key = self._import(work / "key.pem", key_pem(identity.key), "-t", "priv", "-f", "openssl")
        if key.code != 0 and not _is_there(key):
            raise failed(f"“{identity.certificate.common_name}” cannot be imported", before)
        certificate = self._import(
            work / "certificate.cer", identity.certificate.der, "-t", "cert", "-f", "x509"
        )
        if certificate.code != 0 and not _is_there(certificate):
            raise failed(f"“{identity.certificate.common_name}” cannot be imported", certificate)


def _is_there(ran: SecurityResult) -> bool:
    return "already exists" in ran.said


def _not_valid(identity: StoredIdentity, shown: Iterable[Shown]) -> InstallError:
    """Why macOS does not sign with it: `shown` is the list of all identities, with what is held against them."""
    certificate = identity.certificate
    faults = [each.fault for each in shown if each.sha1 == certificate.sha1]
    fault = next(filter(None, faults), "")
    if not faults:
        return InstallError(
            f"“{certificate.common_name}” is not in the keychain, though it was imported.",
            "Look for another clean-up or keychain step that runs at the same time.",
        )
    if "EXPIRED" in fault or "NOT_VALID_YET" in fault:
        return InstallError(
            f"macOS says that “{certificate.common_name}” is not valid now ({fault}); it ends on "
            f"{certificate.not_after:%Y-%m-%d}.",
            "Check the machine's clock, or renew with mode: sync.",
        )
    if "REVOKED" in fault:
        return InstallError(
            f"macOS says that “{certificate.common_name}” is revoked.", "Have a new one made with mode: sync."
        )
    issuer = issuer_of(certificate.der) or "its issuer"
    return InstallError(
        f"macOS has “{certificate.common_name}”, but does not trust it{f' ({fault})' if fault else ''}: the "
        f"intermediate certificate “{issuer}” is probably missing on this machine.",
        "Install that certificate from https://www.apple.com/certificateauthority/ (Xcode brings it along).",
    )
