"""The inputs and outputs of sync-signing, and the checks of the inputs before the first request."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta

from asc.commands import capabilities as capabilities_input
from asc.commands import devices, kinds
from asc.commands.declaration import CommonInputs, given, output
from asc.commands.sync_signing import match
from asc.errors import InputError, Problem
from asc.provisioning.capabilities import Capability
from asc.provisioning.devices.plan import IfDisabled
from asc.provisioning.devices.request import DeviceRequest
from asc.provisioning.kinds import EXTRA_CERTIFICATE_TYPES, Platform, ProfileType
from asc.signing.sync.profile_specs import SigningRequest, profile_specs

MODES = ("read-only", "sync", "plan", "revoke", "import", "change-passphrase", "migrate")
_MATCH_WORDS = kinds.Kind("list", kinds.LIST.form, lambda text: kinds.LIST.parse(match.words(text)))
WHAT, STORAGE, SYNC, MACHINE, OTHER = "What to sign", "Storage", "Sync", "This machine", "Other modes"
_ENCRYPTING = ("sync", "plan", "import")
"""Modes that write encrypted files. The others need no passphrase if match left the storage without encryption."""
_IF_DISABLED: dict[str, IfDisabled] = {"enable": "enable", "fail": "fail", "leave": "leave"}
_LOCATION = "https://….git, git@host:path, s3://…, az://…, gs://…, gitlab://…, dir:PATH"


@dataclass(frozen=True)
class Inputs(CommonInputs):
    """The mode, the profiles, the storage, and the way onto the machine."""

    bundle_ids: tuple[str, ...] | None = given(
        kinds.LIST,
        "Bundle ids to sign, also with a wildcard. If omitted, the step installs only certificates.",
        group=WHAT,
        variable="MATCH_APP_IDENTIFIER",
        examples=("com.example.app, com.example.app.widget",),
    )
    type: tuple[str, ...] = given(
        _MATCH_WORDS,
        "Types of profiles, one or several: " + ", ".join(f"`{kind}`" for kind in ProfileType) + ".",
        group=WHAT,
        default="app-store",
        variable="MATCH_TYPE",
    )
    platform: tuple[str, ...] = given(
        _MATCH_WORDS,
        "Platforms, one or several: " + ", ".join(f"`{platform}`" for platform in Platform) + ".",
        group=WHAT,
        default="ios",
        variable="MATCH_PLATFORM",
    )
    additional_certificates: tuple[str, ...] | None = given(
        _MATCH_WORDS,
        "Certificates in addition to those of the types: "
        + ", ".join(f"`{name}`" for name in EXTRA_CERTIFICATE_TYPES)
        + ".",
        group=WHAT,
        variable="MATCH_ADDITIONAL_CERT_TYPES",
    )
    mode: str = given(
        kinds.choice(MODES),
        "`read-only`: use only what the storage holds; make no request to Apple. `sync`: create what is missing, renew "
        "what expires. `plan`: print what sync would do. The others are on the page.",
        group=WHAT,
        default="read-only",
    )
    storage: str | None = given(
        kinds.Kind("text", _LOCATION, str),
        "The location of the certificates, keys and profiles, encrypted as fastlane match does it.",
        group=STORAGE,
        variable="MATCH_GIT_URL",
        derived=match.storage,
        required=True,
        examples=("https://github.com/example/certificates.git",),
    )
    passphrase: str | None = given(
        kinds.PASSPHRASE,
        "The passphrase of the storage.",
        group=STORAGE,
        secret=True,
        variable="MATCH_PASSWORD",
        examples=("${{ secrets.MATCH_PASSWORD }}",),
    )
    storage_token: str | None = given(
        kinds.SECRET,
        "Token for git over https, or for GitLab. GITHUB_TOKEN is enough for repositories on GitHub that it may read.",
        group=STORAGE,
        secret=True,
    )
    deploy_key: str | None = given(
        kinds.SECRET,
        "SSH private key for git over ssh.",
        group=STORAGE,
        secret=True,
        variable="MATCH_GIT_PRIVATE_KEY",
    )
    known_hosts: str | None = given(
        kinds.TEXT,
        "Lines of known_hosts for git over ssh. The keys of github.com are built in.",
        group=STORAGE,
    )
    branch: str | None = given(
        kinds.TEXT,
        "Branch of the git repository. The default is that of the repository, or match's `master`.",
        group=STORAGE,
        variable="MATCH_GIT_BRANCH",
    )
    create_branch: bool = given(
        kinds.BOOLEAN, "Create the branch if the repository does not have it.", group=STORAGE, default="false"
    )
    team_id: str | None = given(
        kinds.matching(r"[A-Z0-9]{10}", "a team id"),
        "Id of the team, which names its folder in buckets and GitLab as match does it.",
        group=STORAGE,
        variable="FASTLANE_TEAM_ID",
    )
    endpoint: str | None = given(
        kinds.TEXT,
        "Address of your own GitLab, or of a server compatible with S3 or Azure.",
        group=STORAGE,
    )
    region: str | None = given(
        kinds.TEXT, "Region of the S3 bucket.", group=STORAGE, variable="MATCH_S3_REGION"
    )
    storage_credentials: str | None = given(
        kinds.SECRET,
        "JSON of a Google service account, or its path. S3 and Azure read their usual variables (AWS_…, AZURE_…).",
        group=STORAGE,
        secret=True,
        variable="MATCH_GOOGLE_CLOUD_KEYS_FILE",
    )
    encryption: str = given(
        kinds.choice(("v2", "v1")),
        "Format of new encrypted files. Use `v1` only if the team still has a fastlane before 2.221.",
        group=STORAGE,
        default="v2",
    )
    renew_before: float = given(
        kinds.DURATION,
        "Renew certificates and profiles that expire sooner than this.",
        group=SYNC,
        default="7d",
        examples=("30d",),
    )
    register_bundle_ids: bool = given(
        kinds.BOOLEAN, "Register bundle ids that the team does not have.", group=SYNC, default="false"
    )
    capabilities: tuple[Capability, ...] | None = given(
        capabilities_input.KIND,
        "Capabilities of bundle ids that are registered or get a profile: Apple's types, or fastlane's service names.",
        group=SYNC,
        examples=("PUSH_NOTIFICATIONS, APP_GROUPS",),
    )
    devices: tuple[DeviceRequest, ...] | None = given(
        devices.KIND,
        "Devices for development and ad-hoc profiles, as name: UDID, or a file with them (also in the format of "
        "fastlane's `register_devices`). New ones are registered.",
        group=SYNC,
    )
    if_disabled: str = given(
        kinds.choice(("enable", "fail", "leave")),
        "Handling of `devices` that are disabled at Apple. `leave` logs their names and continues.",
        group=SYNC,
        default="enable",
    )
    include_macs: bool = given(
        kinds.BOOLEAN,
        "Add Macs with Apple silicon to development and ad-hoc profiles for iOS.",
        group=SYNC,
        default="false",
        variable="MATCH_INCLUDE_MAC_IN_PROFILES",
    )
    if_revoked: str = given(
        kinds.choice(("fail", "replace")),
        "Handling of a stored certificate that is damaged or that Apple does not list (it was revoked, or"
        " the key belongs to another team).",
        group=SYNC,
        default="fail",
    )
    force: bool = given(kinds.BOOLEAN, "Replace all profiles.", group=SYNC, default="false")
    output_directory: str = given(
        kinds.PATH,
        "Folder for the p12, the profiles, a manifest and ExportOptions.plist. Only you can read them (0600).",
        group=MACHINE,
        default="signing",
        variable="MATCH_OUTPUT_PATH",
    )
    install: str = given(
        kinds.choice(("auto", "keychain", "files", "none")),
        "`keychain`: install into a new keychain and Xcode's folders (macOS). `files`: only into `output-directory`. "
        "`auto`: keychain on macOS, else files.",
        group=MACHINE,
        default="auto",
    )
    p12_password: str | None = given(
        kinds.PASSPHRASE,
        "Password of the p12 that is written (random by default), and of an imported p12.",
        group=MACHINE,
        secret=True,
    )
    export_fastlane_env: bool = given(
        kinds.BOOLEAN, "Set the `sigh_…` variables for later steps.", group=MACHINE, default="false"
    )
    confirm: str | None = given(
        kinds.TEXT,
        "For `revoke`: the numbers that the step printed, for example `2 certificates, 5 profiles`.",
        group=OTHER,
    )
    certificate_ids: tuple[str, ...] | None = given(
        kinds.LIST, "For `revoke`: only these certificates, and the profiles that contain them.", group=OTHER
    )
    certificate_file: str | None = given(
        kinds.PATH, "For `import`: the certificate (.cer, PEM).", group=OTHER
    )
    key_file: str | None = given(
        kinds.PATH,
        "For `import`: the private key (.p12, PEM). A p12 may hold the certificate as well.",
        group=OTHER,
    )
    profile_files: str | None = given(kinds.GLOB, "For `import`: profiles; * and ** allowed.", group=OTHER)
    new_passphrase: str | None = given(
        kinds.PASSPHRASE, "For `change-passphrase`: the new passphrase.", group=OTHER, secret=True
    )
    to_storage: str | None = given(
        kinds.Kind("text", _LOCATION, str),
        "For `migrate`: the storage that receives the copies.",
        group=OTHER,
    )
    to_storage_token: str | None = given(
        kinds.SECRET, "For `migrate`: the token for `to-storage`.", group=OTHER, secret=True
    )

    def problems(self) -> Iterator[Problem]:
        """Yield a problem for each unknown word, missing input of the mode, impossible combination and wrong device."""
        words = [
            *unknown("type", self.type, [kind.value for kind in ProfileType]),
            *unknown("platform", self.platform, [platform.value for platform in Platform]),
            *unknown("additional-certificates", self.additional_certificates or (), EXTRA_CERTIFICATE_TYPES),
        ]
        yield from words
        if not self.passphrase and self.mode in _ENCRYPTING:
            yield Problem("passphrase", "is required", "Give it from a secret, or set MATCH_PASSWORD.")
        needed = {
            "change-passphrase": ("new-passphrase",),
            "migrate": ("to-storage",),
        }
        for name in needed.get(self.mode, ()):
            if not getattr(self, name.replace("-", "_")):
                yield Problem(name, f"is required for mode: {self.mode}", f"Give {name}.")
        if self.mode == "import" and not (self.key_file or self.profile_files):
            yield Problem("key-file", "is required for mode: import (or profile-files)", "Give key-file.")
        # The request cannot be made of unknown words: its own problems are found once they are right.
        if not words:
            try:
                # Only the key tells the program, and it is not read yet: check_program looks at that later.
                self.request(False)
            except InputError as error:
                yield from error.problems
        yield from devices.problems(self.devices or ())
        yield from capabilities_input.wildcard_problems(self.bundle_ids or (), self.capabilities or ())

    def request(self, in_house: bool) -> SigningRequest:
        """Return the request of the inputs. `in_house`: the team is in the Enterprise Program.

        Raises InputError for a combination that Apple does not have, ValueError for unknown words.
        """
        kinds_ = tuple(ProfileType(name) for name in self.type)
        platforms = tuple(Platform(name) for name in self.platform)
        extra = tuple(
            EXTRA_CERTIFICATE_TYPES[name]
            for name in self.additional_certificates or ()
            if name in EXTRA_CERTIFICATE_TYPES
        )
        return SigningRequest(
            specs=profile_specs(kinds_, self.bundle_ids or (), platforms),
            certificates=tuple(dict.fromkeys((*(kind.certificate_type for kind in kinds_), *extra))),
            platforms=platforms,
            renew_before=timedelta(seconds=self.renew_before),
            in_house=in_house,
            register_bundle_ids=self.register_bundle_ids,
            capabilities=self.capabilities or (),
            devices=self.devices or (),
            if_disabled=_IF_DISABLED[self.if_disabled],
            include_macs=self.include_macs,
            if_revoked="replace" if self.if_revoked == "replace" else "fail",
            force=self.force,
        )


NOT_IN_HOUSE = Problem(
    "type",
    "enterprise is for teams of the Enterprise Program, and the API key does not say that this is one",
    'Use another type; or, if it is one, put "in_house": true into the JSON of the key.',
)
IN_HOUSE = Problem(
    "type",
    "teams of the Enterprise Program have neither app-store nor developer-id, and the API key has in_house: true",
    "Use enterprise, ad-hoc or development; or, if it is not such a team, take in_house out of the JSON of the key.",
)


def check_program(types: Collection[str], in_house: bool) -> None:
    """Raise InputError for types that the team's program does not have. `in_house`: the Enterprise Program."""
    # Only the user can tell the program, in the JSON of the key.
    if in_house and {"app-store", "developer-id"} & set(types):
        raise InputError([IN_HOUSE])
    if not in_house and "enterprise" in types:
        raise InputError([NOT_IN_HOUSE])


def unknown(name: str, words: tuple[str, ...], known: Collection[str]) -> Iterator[Problem]:
    """Yield a problem for each word that is not one of `known`."""
    for word in words:
        if word not in known:
            yield Problem(
                name,
                f"{kinds.quoted(word)} is not one of {', '.join(known)}",
                f"Give additional-certificates: {word}."
                if name == "type" and word in EXTRA_CERTIFICATE_TYPES
                else f"Give {name} as one of these.",
            )


@dataclass(frozen=True)
class Outputs:
    """The names, ids and paths of the signing files."""

    certificate_id: str = output("Apple's id of the certificate, of the first type if there are several.")
    certificate_name: str = output(
        "The name of the certificate, for CODE_SIGN_IDENTITY: `Apple Distribution: Example (A1B2C3D4E5)`."
    )
    certificate_sha1: str = output("The SHA-1 fingerprint of the certificate, which is unique.")
    team_id: str = output("The id of the team.")
    profiles: str = output("JSON: bundle id → name, uuid, path, expires, type and platform of its profile.")
    profile_mapping: str = output("JSON: bundle id → name of its profile, as ExportOptions.plist needs it.")
    export_options_plist: str = output("The path of an ExportOptions.plist for the first type.")
    keychain_path: str = output("The path of the keychain with the identities; empty if there is none.")
    p12_path: str = output("The path of the first identity as a p12.")
    p12_password: str = output("The password of the p12, masked in logs.")
    changed: str = output("`true` if anything was created, revoked or stored.")
    unsaved_key_path: str = output(
        "The path of an encrypted copy of a private key that could not be stored; empty otherwise."
    )
