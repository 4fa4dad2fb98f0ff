"""A stand-in for macOS' `security`, a real program on PATH, that keeps keychains and refuses what the real one does.

Tests make a Mac that has it: `support.security.mac`. Exit codes are the low byte of macOS' result codes, as with the
real one, and texts are its own, as far as they are known from its published source and from logs. A keychain's items
stand in its file, so that removing the file removes them; what macOS itself remembers (which keychains are open, the
search list) stands in the folder of the stand-in, where all jobs of one user share it.

Tests call it hundreds of times. It imports only modules that are part of the interpreter, because json, pathlib and
typing take twice as long as the interpreter's own start.
"""

from __future__ import annotations

import fcntl
import os
import sys
import time

SIGKILL = 9
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, NoReturn

TOOLS = ("codesign", "security", "pkgbuild", "productbuild", "productsign")
PBES2, SHA256 = bytes.fromhex("2a864886f70d01050d"), bytes.fromhex("608648016503040201")
POLICIES = {"codesigning": "Code Signing", "basic": "X.509 Basic"}
USAGE, NOT_FOUND, NOT_ALLOWED, SAME_NAME, NO_KEYCHAIN, WRONG_PASSWORD = 2, 44, 36, 48, 50, 51
TEXTS = {
    NOT_FOUND: "The specified item could not be found in the keychain.",
    NOT_ALLOWED: "User interaction is not allowed.",
    SAME_NAME: "A keychain with the same name already exists.",
    NO_KEYCHAIN: "The specified keychain could not be found.",
    WRONG_PASSWORD: "The user name or passphrase you entered is not correct.",
}
EXISTS = "The specified item already exists in the keychain."
NO_MAC = "MAC verification failed during PKCS12 import (wrong password?)"


def read(path: str) -> dict[str, Any]:
    """Return the contents of a keychain, or of a file in the folder of the stand-in: a literal of Python."""
    with open(path, encoding="utf-8") as file:
        return dict(eval(file.read(), {"__builtins__": {}}))


def write(path: str, items: dict[str, Any]) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(repr(items))


class Refused(Exception):
    """The call fails: exit code and words."""

    def __init__(self, code: int, says: str = "") -> None:
        super().__init__(says)
        self.code = code
        self.says = says


def refuse(code: int, function: str) -> NoReturn:
    raise Refused(code, f"security: {function}: {TEXTS[code]}")


class Stand:
    """One call."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.settings = read(f"{folder}/settings")
        self.remembered = read(f"{folder}/state")

    def keep(self) -> None:
        temporary = f"{self.folder}/state.{os.getpid()}"
        write(temporary, self.remembered)
        os.replace(temporary, f"{self.folder}/state")

    def load(
        self, path: str, function: str, *, unlocked: bool = False, code: int = NO_KEYCHAIN
    ) -> dict[str, Any]:
        if not os.path.isfile(path):
            raise Refused(code, f"security: {function}: {TEXTS[NO_KEYCHAIN]}")
        if unlocked and path not in self.remembered["open"]:
            raise Refused(1 if code == 1 else NOT_ALLOWED, f"security: {function}: {TEXTS[NOT_ALLOWED]}")
        return read(path)

    def create_keychain(self, arguments: list[str]) -> None:
        options, (path,) = parsed(arguments, "hp:P", 1)
        if "-p" not in options:
            refuse(NOT_ALLOWED, f"SecKeychainCreate {path}")
        if not path.endswith(".keychain-db"):
            raise Refused(99, "stand-in: macOS writes such a keychain to another path than the one given")
        if os.path.exists(path):
            refuse(SAME_NAME, f"SecKeychainCreate {path}")
        if not os.path.isdir(os.path.dirname(path)):
            raise Refused(162, f"security: SecKeychainCreate {path}: UNIX[No such file or directory]")
        items = {"password": options["-p"], "certificates": {}, "keys": {}, "settings": None}
        write(path, items)
        self.remembered["open"].append(path)
        if self.settings["lists"]:
            self.remembered["search"].append(path)

    def set_keychain_settings(self, arguments: list[str]) -> None:
        options, (path,) = parsed(arguments, "hlt:u", 1)
        items = self.load(path, f"SecKeychainSetSettings {path}", unlocked=True)
        write(path, {**items, "settings": options})

    def unlock_keychain(self, arguments: list[str]) -> None:
        options, (path,) = parsed(arguments, "hp:u", 1)
        items = self.load(path, f"SecKeychainUnlock {path}")
        if options.get("-p") != items["password"]:
            refuse(WRONG_PASSWORD, f"SecKeychainUnlock {path}")
        if path not in self.remembered["open"]:
            self.remembered["open"].append(path)

    def delete_keychain(self, arguments: list[str]) -> None:
        _, (path,) = parsed(arguments, "h", 1)
        self.load(path, "SecKeychainDelete")
        os.unlink(path)
        for name in ("open", "search"):
            self.remembered[name] = [each for each in self.remembered[name] if each != path]

    def list_keychains(self, arguments: list[str]) -> None:
        options, paths = parsed(arguments, "hd:s", None)
        if options.get("-d", "user") != "user":
            raise Refused(99, "stand-in: this is not about the user's list")
        if "-s" in options:
            if not paths:
                raise Refused(99, "stand-in: what an empty list does is not known")
            self.remembered["search"] = paths
            return
        for path in self.remembered["search"]:
            print(f"    {shown(path)}")

    def import_(self, arguments: list[str]) -> None:
        if not arguments or arguments[0].startswith("-"):
            raise Refused(USAGE, "Usage: import inputfile [-k keychain] …")
        options, tools = {}, []
        for name, value in parsed_all(arguments[1:], "k:t:f:P:wxa:hAT:"):
            if name == "-T":
                tools.append(value)
            options[name] = value
        for tool in tools:
            if tool not in [f"/usr/bin/{each}" for each in TOOLS]:
                raise Refused(1, f"security: SecTrustedApplicationCreateFromPath {tool}: UNIX[No such file]")
        if "-k" not in options:
            raise Refused(99, "stand-in: this would go into the user's own keychain")
        where, function = options["-k"], "SecKeychainItemImport"
        if not os.path.isfile(arguments[0]):
            raise Refused(1, f"security: Error reading infile {arguments[0]}: No such file or directory")
        items = self.load(where, function, unlocked=True, code=1)
        with open(arguments[0], "rb") as file:
            certificates, keys = contents(file.read(), options, bool(self.settings["reads_p12"]))
        new = {name: each for name, each in certificates.items() if name not in items["certificates"]}
        new_keys = [each for each in keys if each not in items["keys"]]
        if not new and not new_keys:
            raise Refused(1, f"security: {function}: {EXISTS}")
        items["certificates"].update(new)
        items["keys"].update({each: {"tools": tools, "partitions": []} for each in new_keys})
        write(where, items)
        what = "identity" if certificates and keys else "key" if keys else "certificate"
        print(f"1 {what} imported.")

    def set_key_partition_list(self, arguments: list[str]) -> None:
        options, (path,) = parsed(arguments, "a:c:C:d:D:j:l:p:P:r:sS:k:t:he", 1)
        if "-S" not in options or "-k" not in options:
            refuse(NOT_ALLOWED, "SecKeychainItemSetAccessWithPassword")
        items = self.load(path, "SecItemCopyMatching", code=1)
        if not items["keys"]:
            raise Refused(1, f"security: SecItemCopyMatching: {TEXTS[NOT_FOUND]}")
        if options["-k"] != items["password"]:
            refuse(WRONG_PASSWORD, "SecKeychainItemSetAccessWithPassword")
        for each in items["keys"].values():
            each["partitions"] = options["-S"].split(",")
        write(path, items)
        print(f'keychain: "{path}"\nversion: 512\nclass: 0x00000010\nattributes:')

    def find_identity(self, arguments: list[str]) -> None:
        options, paths = parsed(arguments, "hp:s:v", None)
        policy = options.get("-p", "basic")
        if policy not in POLICIES:
            raise Refused(USAGE, "Usage: find-identity [-h] [-p policy] …")
        found = [
            each for path in paths or self.remembered["search"] for each in self.identities(path, policy)
        ]
        valid = [each for each in found if not each[2]]
        if "-v" not in options:
            print(f"\nPolicy: {POLICIES[policy]}\n  Matching identities")
            listed(found)
            print(f"     {len(found)} identities found\n\n  Valid identities only")
        listed(found if "-v" in options and self.settings["annotates"] else valid)
        print(f"     {len(valid)} valid identities found\n")

    def identities(self, path: str, policy: str) -> Iterator[tuple[str, str, str]]:
        if not os.path.isfile(path):
            return
        items, now = read(path), self.settings["now"]  # all in one form, and in UTC
        for sha1, each in items["certificates"].items():
            if each["key"] not in items["keys"] or (policy == "codesigning" and "Installer" in each["name"]):
                continue
            fault = ""
            if not each["begins"] <= now <= each["ends"]:
                fault = "CSSMERR_TP_CERT_EXPIRED"
            elif self.settings["untrusted"]:
                fault = "CSSMERR_TP_NOT_TRUSTED"
            yield sha1, each["name"], fault


def shown(path: str) -> str:
    """A path as the real one prints it: in hexadecimal first, where it is not all printable ASCII."""
    raw = os.fsencode(path)
    plain = all(0x20 <= each <= 0x7E and each != 0x5C for each in raw)
    text = "".join(chr(each) if 0x20 <= each <= 0x7E and each != 0x5C else f"\\{each:03o}" for each in raw)
    return f'"{text}"' if plain else f'0x{raw.hex().upper()}  "{text}"'


def listed(found: list[tuple[str, str, str]]) -> None:
    for number, (sha1, name, fault) in enumerate(found, 1):
        print(f'  {number}) {sha1} "{name}"{f" ({fault})" if fault else ""}')


def options_of(arguments: list[str], letters: str) -> tuple[list[tuple[str, str]], list[str]]:
    """Split arguments as getopt does: the options, which end at the first word without a hyphen, and the rest."""
    options, rest = [], list(arguments)
    while rest and rest[0].startswith("-") and rest[0] != "-":
        word = rest.pop(0)[1:]
        while word:
            letter, word = word[0], word[1:]
            if letter == ":" or letter not in letters:
                raise Refused(USAGE, f"security: illegal option -- {letter}")
            value = ""
            if letters.partition(letter)[2].startswith(":"):
                if not word and not rest:
                    raise Refused(USAGE, f"security: option requires an argument -- {letter}")
                value, word = word or rest.pop(0), ""
            options.append((f"-{letter}", value))
    return options, rest


def parsed_all(arguments: list[str], letters: str) -> list[tuple[str, str]]:
    options, rest = options_of(arguments, letters)
    if rest:
        raise Refused(USAGE, "Usage: …")
    return options


def parsed(arguments: list[str], letters: str, count: int | None) -> tuple[dict[str, str], list[str]]:
    options, rest = options_of(arguments, letters)
    if count is not None and len(rest) != count:
        raise Refused(USAGE, "Usage: …")
    return dict(options), rest


def contents(data: bytes, options: dict[str, str], reads_p12: bool) -> tuple[dict[str, Any], list[str]]:
    """The certificates by SHA-1, and the keys by the hash of their public half."""
    import hashlib

    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.serialization import pkcs12

    function, form = "SecKeychainItemImport", options.get("-f", "pkcs12")

    def public(key: Any) -> str:
        encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        return hashlib.sha256(key.public_bytes(encoding, form)).hexdigest()

    def facts(certificate: x509.Certificate) -> dict[str, Any]:
        (name,) = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        return {
            "name": name.value,
            "key": public(certificate.public_key()),
            "begins": certificate.not_valid_before_utc.isoformat(),
            "ends": certificate.not_valid_after_utc.isoformat(),
        }

    def fingerprint(certificate: x509.Certificate) -> str:
        return hashlib.sha1(certificate.public_bytes(serialization.Encoding.DER)).hexdigest().upper()

    try:
        if form == "openssl" and options.get("-t") == "priv":
            if b"BEGIN RSA PRIVATE KEY" not in data:
                raise ValueError
            key: Any = serialization.load_pem_private_key(data, None)
            return {}, [public(key.public_key())]
        if form == "x509" and options.get("-t") == "cert":
            certificate = x509.load_der_x509_certificate(data)
            return {fingerprint(certificate): facts(certificate)}, []
        found = set(identifiers(data))
    except (ValueError, IndexError):
        raise Refused(1, f"security: {function}: Unknown format in import.") from None
    if form != "pkcs12" or not reads_p12:
        raise Refused(1, f"security: {function}: Unable to decode the provided data.")
    password = options.get("-P")
    if password is None:  # it would open a dialog
        raise Refused(1, f"security: {function}: {TEXTS[NOT_ALLOWED]}")
    try:
        if found & {PBES2, SHA256} or not password.isascii():
            raise ValueError
        key, certificate, _ = pkcs12.load_key_and_certificates(data, password.encode())  # type: ignore[assignment]
    except ValueError:
        raise Refused(1, f"security: {function}: {NO_MAC}") from None
    return {fingerprint(certificate): facts(certificate)}, [public(key.public_key())]


def identifiers(data: bytes) -> Iterator[bytes]:
    """All object identifiers in DER, also those in octet strings that hold DER. Raises IndexError or ValueError."""
    if data[:1] != b"\x30":
        raise ValueError
    yield from _walk(data)


def _walk(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length & 0x80:
            count = length & 0x7F
            length, at = int.from_bytes(data[at : at + count]), at + count
        value, at = data[at : at + length], at + length
        if tag == 0x06:
            yield value
        elif tag & 0x20:
            yield from _walk(value)
        elif tag == 0x04 and value[:1] == b"\x30":
            try:
                yield from list(_walk(value))
            except IndexError:  # encrypted, and looked like DER
                continue


def main(folder: str, arguments: list[str]) -> int:
    """One call of the program. Calls of several jobs follow each other."""
    lock = os.open(f"{folder}/lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    stand = Stand(folder)
    with open(f"{folder}/calls", "a+", encoding="utf-8") as log:
        log.write(f"{ {'arguments': arguments, 'variables': sorted(os.environ)} }\n")
        log.seek(0)
        number = len(log.readlines()) - stand.settings["since"]
    name, settings = arguments[0] if arguments else "", stand.settings
    if settings["hang"] == name:
        os.close(lock)
        time.sleep(600)
    told = settings["fail_at"] == number or settings["fail"] == name
    method = getattr(stand, name.replace("-", "_") + ("_" if name == "import" else ""), None)
    try:
        if told and not settings["after"]:
            raise Refused(settings["code"], f"security: {settings['says']}")
        if method is None or name not in COMMANDS:
            raise Refused(USAGE, f'security: unknown command "{name}"')
        method(arguments[1:])
        stand.keep()
        if told:
            raise Refused(settings["code"], f"security: {settings['says']}")
    except Refused as refused:
        print(refused.says, file=sys.stderr)
        return refused.code
    finally:
        sys.stdout.flush()
        if settings["kill_at"] == number:
            os.kill(os.getppid(), SIGKILL)
    return 0


COMMANDS = (
    *("create-keychain", "set-keychain-settings", "unlock-keychain", "delete-keychain", "list-keychains"),
    *("import", "set-key-partition-list", "find-identity"),
)


def run_once() -> NoReturn:
    """The program: its arguments are where this file is, where libraries are, its folder, and those of `security`."""
    _, _, libraries, folder, *arguments = sys.argv
    sys.path.append(libraries)
    sys.exit(main(folder, arguments))
