"""What sync-signing takes, and what is wrong with it before anything is read or sent."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta

from asc.commands import devices, kinds
from asc.commands.declaration import CommonInputs, given, output
from asc.commands.sync_signing import match
from asc.errors import InputError, Problem
from asc.provisioning.devices.device import comparable_udid
from asc.provisioning.devices.plan import IfDisabled
from asc.provisioning.devices.request import DeviceRequest
from asc.provisioning.kinds import EXTRA_CERTIFICATE_TYPES, Platform, ProfileType
from asc.signing.sync.profile_specs import SigningRequest, profile_specs

MODES = ("read-only", "sync", "plan", "revoke", "import", "change-passphrase", "migrate")
_MATCH_WORDS = kinds.Kind("list", kinds.LIST.form, lambda text: kinds.LIST.parse(match.words(text)))
WHAT, STORAGE, SYNC, MACHINE, OTHER = "What to sign", "Storage", "Sync", "This machine", "Other modes"
_ENCRYPTING = ("sync", "plan", "import")
"""Modes that need the passphrase; in the others a store that match left without encryption needs none."""
_IF_DISABLED: dict[str, IfDisabled] = {"enable": "enable", "fail": "fail", "leave": "leave"}
_LOCATION = "https://….git, git@host:path, s3://…, az://…, gs://…, gitlab://…, dir:PATH"


@dataclass(frozen=True)
class Inputs(CommonInputs):
    """What sync-signing takes."""

    bundle_ids: tuple[str, ...] | None = given(
        kinds.LIST,
        "Bundle ids that are signed, a wildcard too; without them certificates alone.",
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
        "Platforms, one or several: " + ", ".join(f"`{each}`" for each in Platform) + ".",
        group=WHAT,
        default="ios",
        variable="MATCH_PLATFORM",
    )
    additional_certificates: tuple[str, ...] | None = given(
        _MATCH_WORDS,
        "Certificates besides those of the types: "
        + ", ".join(f"`{each}`" for each in EXTRA_CERTIFICATE_TYPES)
        + ".",
        group=WHAT,
        variable="MATCH_ADDITIONAL_CERT_TYPES",
    )
    mode: str = given(
        kinds.choice(MODES),
        "`read-only`: what is stored must do, Apple is asked nothing. `sync`: make what is missing or over. `plan`: "
        "say what sync would do. `revoke`, `import`, `change-passphrase`, `migrate`: see the page.",
        group=WHAT,
        default="read-only",
    )
    storage: str | None = given(
        kinds.Kind("text", _LOCATION, str),
        "Where certificates, keys and profiles are kept, encrypted as fastlane match does it.",
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
        "Token for git over https, or for GitLab. For repositories on GitHub GITHUB_TOKEN serves where it may read "
        "them.",
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
        kinds.TEXT, "Lines of known_hosts for git over ssh; those of github.com are known.", group=STORAGE
    )
    branch: str | None = given(
        kinds.TEXT,
        "Branch of the git repository. Without it the default one, or match's `master`.",
        group=STORAGE,
        variable="MATCH_GIT_BRANCH",
    )
    create_branch: bool = given(
        kinds.BOOLEAN, "Begin the branch where the repository lacks it.", group=STORAGE, default="false"
    )
    team_id: str | None = given(
        kinds.matching(r"[A-Z0-9]{10}", "a team id"),
        "Folder of the team in buckets and GitLab, as match has it.",
        group=STORAGE,
        variable="FASTLANE_TEAM_ID",
    )
    endpoint: str | None = given(
        kinds.TEXT,
        "Address of a server that is compatible with S3 or Azure, or of a GitLab of your own.",
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
        "How new files are encrypted. `v1` only for teams that still use a fastlane before 2.221.",
        group=STORAGE,
        default="v2",
    )
    renew_before: float = given(
        kinds.DURATION, "What ends sooner than this is renewed.", group=SYNC, default="7d", examples=("30d",)
    )
    register_bundle_ids: bool = given(
        kinds.BOOLEAN, "Register bundle ids that the team lacks.", group=SYNC, default="false"
    )
    capabilities: tuple[str, ...] | None = given(
        kinds.LIST,
        "Capabilities, as Apple's API names them, of bundle ids that are registered or get a profile.",
        group=SYNC,
        examples=("PUSH_NOTIFICATIONS, APP_GROUPS",),
    )
    devices: tuple[DeviceRequest, ...] | None = given(
        devices.KIND,
        "Devices for development and ad-hoc profiles, name: UDID, or a file with them (also as `register_devices` of "
        "fastlane takes it); those that the team lacks are registered.",
        group=SYNC,
    )
    if_disabled: str = given(
        kinds.choice(("enable", "fail", "leave")),
        "What to do with devices that are asked for and disabled at Apple: `leave` names them and goes on.",
        group=SYNC,
        default="enable",
    )
    include_macs: bool = given(
        kinds.BOOLEAN,
        "Put Macs with Apple silicon into development and ad-hoc profiles for iOS, too.",
        group=SYNC,
        default="false",
        variable="MATCH_INCLUDE_MAC_IN_PROFILES",
    )
    if_revoked: str = given(
        kinds.choice(("fail", "replace")),
        "What to do when Apple does not list a stored certificate (it was revoked, or the key is of another team), "
        "or when what is stored of it is damaged.",
        group=SYNC,
        default="fail",
    )
    force: bool = given(kinds.BOOLEAN, "Make all profiles anew.", group=SYNC, default="false")
    output_directory: str = given(
        kinds.PATH,
        "Where p12, profiles, a manifest and ExportOptions.plist are put, for you alone (0600).",
        group=MACHINE,
        default="signing",
        variable="MATCH_OUTPUT_PATH",
    )
    install: str = given(
        kinds.choice(("auto", "keychain", "files", "none")),
        "`keychain`: into a keychain of its own and Xcode's folders (macOS). `files`: only into `output-directory`. "
        "`auto`: keychain on macOS, else files.",
        group=MACHINE,
        default="auto",
    )
    p12_password: str | None = given(
        kinds.PASSPHRASE,
        "Password of the p12 that is written; without it a random one. Also of an imported one.",
        group=MACHINE,
        secret=True,
    )
    export_fastlane_env: bool = given(
        kinds.BOOLEAN, "Set the `sigh_…` variables for later steps.", group=MACHINE, default="false"
    )
    confirm: str | None = given(
        kinds.TEXT,
        "For `revoke`: what the step says would be revoked, for example `2 certificates, 5 profiles`.",
        group=OTHER,
    )
    certificate_ids: tuple[str, ...] | None = given(
        kinds.LIST, "For `revoke`: only these certificates, and the profiles made with them.", group=OTHER
    )
    certificate_file: str | None = given(
        kinds.PATH, "For `import`: the certificate (.cer, PEM).", group=OTHER
    )
    key_file: str | None = given(
        kinds.PATH,
        "For `import`: the private key (.p12, PEM); a p12 may hold the certificate, too.",
        group=OTHER,
    )
    profile_files: str | None = given(kinds.GLOB, "For `import`: profiles; * and ** allowed.", group=OTHER)
    new_passphrase: str | None = given(
        kinds.PASSPHRASE, "For `change-passphrase`: the new one.", group=OTHER, secret=True
    )
    to_storage: str | None = given(
        kinds.Kind("text", _LOCATION, str), "For `migrate`: where everything is copied to.", group=OTHER
    )
    to_storage_token: str | None = given(
        kinds.SECRET, "For `migrate`: the token for it.", group=OTHER, secret=True
    )

    def problems(self) -> Iterator[Problem]:
        """The words are known, and the mode has what it needs."""
        words = [
            *unknown("type", self.type, [each.value for each in ProfileType]),
            *unknown("platform", self.platform, [each.value for each in Platform]),
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
        if not words:
            try:
                self.request(False)
            except InputError as error:
                yield from error.problems
        yield from devices.problems(self.devices or ())

    def request(self, in_house: bool) -> SigningRequest:
        """What is wanted. Raises InputError for a combination that Apple lacks, ValueError for unknown words."""
        kinds_ = tuple(ProfileType(each) for each in self.type)
        platforms = tuple(Platform(each) for each in self.platform)
        extra = tuple(
            EXTRA_CERTIFICATE_TYPES[each]
            for each in self.additional_certificates or ()
            if each in EXTRA_CERTIFICATE_TYPES
        )
        return SigningRequest(
            specs=profile_specs(kinds_, self.bundle_ids or (), platforms),
            certificates=tuple(dict.fromkeys((*(kind.certificate_type for kind in kinds_), *extra))),
            platforms=platforms,
            renew_before=timedelta(seconds=self.renew_before),
            in_house=in_house,
            register_bundle_ids=self.register_bundle_ids,
            capabilities=self.capabilities or (),
            devices=tuple({comparable_udid(wanted.udid): wanted for wanted in self.devices or ()}.values()),
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
    "Use enterprise, ad-hoc or development; or, if it is no such team, take in_house out of the JSON of the key.",
)


def check_program(types: Collection[str], in_house: bool) -> None:
    """Which program a team belongs to only its key says. Raises InputError for types of the other one."""
    if in_house and {"app-store", "developer-id"} & set(types):
        raise InputError([IN_HOUSE])
    if not in_house and "enterprise" in types:
        raise InputError([NOT_IN_HOUSE])


def unknown(name: str, words: tuple[str, ...], known: Collection[str]) -> Iterator[Problem]:
    """Words of a list that are none of the known ones."""
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
    """What sync-signing hands to later steps."""

    certificate_id: str = output("The id of the certificate (of the first type, where there are several).")
    certificate_name: str = output(
        "Its name, for CODE_SIGN_IDENTITY: `Apple Distribution: Example (A1B2C3D4E5)`."
    )
    certificate_sha1: str = output("Its SHA-1 fingerprint, which names it without doubt.")
    team_id: str = output("The id of the team.")
    profiles: str = output("JSON: bundle id → name, uuid, path, expires, type and platform of its profile.")
    profile_mapping: str = output("JSON: bundle id → name of its profile, as ExportOptions.plist wants it.")
    export_options_plist: str = output("The path of an ExportOptions.plist for the first type.")
    keychain_path: str = output("The keychain that holds the identities; empty where none was made.")
    p12_path: str = output("The path of the first identity as a p12.")
    p12_password: str = output("Its password (masked in logs).")
    changed: str = output("`true` when something was made, revoked or stored.")
    unsaved_key_path: str = output(
        "An encrypted copy of a private key that could not be stored; mostly empty."
    )
