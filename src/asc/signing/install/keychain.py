"""Create a keychain for one job, fill it, allow signing tools to use it, and check that it can sign."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509

from asc.identity.keys import key_pem
from asc.identity.p12 import p12
from asc.private_files import write_private
from asc.provisioning.kinds import CertificateType
from asc.signing.install.files import new_password
from asc.signing.install.security import (
    InstallError,
    KeychainIdentity,
    Security,
    SecurityResult,
    failed,
    identities,
)
from asc.signing.vault.entries import StoredIdentity

LOCKED_AFTER = 21600
"""Seconds until the keychain locks itself: the time limit of jobs on GitHub's own runners."""
TOOLS = ("codesign", "security", "pkgbuild", "productbuild", "productsign")
"""Programs in /usr/bin that may use the keys without a dialog."""
PARTITIONS = "apple-tool:,apple:,codesign:"
"""The partition list of each key: the groups of programs that macOS lets use it without a dialog."""

# Words in the message of `security import` for a .p12 with algorithms that this macOS does not know.
_UNREADABLE = ("decode", "unknown format", "format unsupported", "mac verification failed")
_INSTALLERS = (CertificateType.MAC_INSTALLER_DISTRIBUTION, CertificateType.DEVELOPER_ID_INSTALLER)


@dataclass(frozen=True)
class Keychain:
    """A keychain file with its password. All methods raise SecurityError if `security` fails."""

    security: Security
    path: Path
    # `security` accepts passwords only as arguments, and other processes can read those for a moment. So the password
    # is random and used for this keychain only.
    password: str = field(repr=False, default_factory=new_password)

    def create(self) -> None:
        """Create the keychain, set it to lock after hours only, and unlock it."""
        path = str(self.path)
        self._call("The keychain cannot be created", "create-keychain", "-p", self.password, path)
        # -l: lock when the machine sleeps; -u, -t: lock after this time (security(1)).
        self._call(
            "The keychain's settings cannot be set", "set-keychain-settings", "-lut", str(LOCKED_AFTER), path
        )
        self._call("The keychain cannot be unlocked", "unlock-keychain", "-p", self.password, path)

    def add(self, identity: StoredIdentity, work: Path) -> None:
        """Import certificate and key, unless the keychain has them already. `work` is a folder of mode 0700."""
        # The user's .p12 password is not used here: it would become an argument of a program, and might have
        # characters that `security` does not accept.
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
        """Allow Apple's tools to use every key in the keychain. Call this after the imports."""
        # Without this, codesign opens a dialog that nobody sees on a runner.
        self._call(
            "Access of codesign to the keys cannot be set",
            "set-key-partition-list",
            *("-S", PARTITIONS, "-s", "-k", self.password, str(self.path)),
        )

    def prove(self, stored: Iterable[StoredIdentity]) -> None:
        """Check that macOS would sign with each identity. Raises InstallError with the reason if it would not."""
        by_policy: dict[str, list[StoredIdentity]] = {}
        for identity in stored:
            # macOS does not list certificates for installers under the policy for code.
            policy = "basic" if identity.certificate_type in _INSTALLERS else "codesigning"
            by_policy.setdefault(policy, []).append(identity)
        for policy, members in by_policy.items():
            valid = {listed.sha1 for listed in self._find(policy, "-v") if not listed.fault}
            missing = [identity for identity in members if identity.certificate.sha1 not in valid]
            if missing:
                raise _not_valid(missing[0], self._find(policy))

    def _find(self, policy: str, *options: str) -> list[KeychainIdentity]:
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
        """Import key and certificate separately, for a macOS that cannot read the .p12."""
        # The key is unencrypted in a file of mode 0600 for as long as the call takes.
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


def _not_valid(identity: StoredIdentity, listing: Iterable[KeychainIdentity]) -> InstallError:
    """Return the error that explains from find-identity's list of all identities why macOS would not sign with this
    one.
    """
    certificate = identity.certificate
    faults = [listed.fault for listed in listing if listed.sha1 == certificate.sha1]
    fault = next(filter(None, faults), "")
    if not faults:
        return InstallError(
            f"“{certificate.common_name}” is not in the keychain, though it was imported.",
            "Look for another clean-up or keychain step that ran at the same time.",
        )
    if "EXPIRED" in fault or "NOT_VALID_YET" in fault:
        return InstallError(
            f"macOS says that “{certificate.common_name}” is not valid now ({fault}); it ends on "
            f"{certificate.not_after:%Y-%m-%d}.",
            "Check the machine's clock, or renew with mode: sync.",
        )
    if "REVOKED" in fault:
        return InstallError(
            f"macOS says that “{certificate.common_name}” is revoked.", "Create a new one with mode: sync."
        )
    issuer = _issuer_of(certificate.der) or "its issuer"
    return InstallError(
        f"macOS has “{certificate.common_name}” but does not trust it{f' ({fault})' if fault else ''}: the "
        f"intermediate certificate “{issuer}” is probably missing on this machine.",
        "Install that certificate from https://www.apple.com/certificateauthority/ (Xcode includes it).",
    )


def _issuer_of(der: bytes) -> str:
    """Return the name of a certificate's issuer: `Apple Worldwide Developer Relations … (G3)`, or "" if it has none."""
    try:
        issuer = x509.load_der_x509_certificate(der).issuer
    except ValueError:
        return ""
    # Apple's intermediate certificates share a common name; the unit tells the generation, which the user needs.
    name, generation = (
        next((str(attribute.value) for attribute in issuer.get_attributes_for_oid(oid)), "")
        for oid in (x509.NameOID.COMMON_NAME, x509.NameOID.ORGANIZATIONAL_UNIT_NAME)
    )
    return f"{name} ({generation})" if name and generation else name
