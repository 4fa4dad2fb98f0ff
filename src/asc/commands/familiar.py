"""What inputs are called in fastlane and in other actions: for hints. Nothing is read by these names."""

from __future__ import annotations

from collections.abc import Collection

# Where commands differ, the first that the command has counts.
CALLED: dict[str, tuple[str, ...]] = {
    "additional-cert-types": ("additional-certificates",),
    "after-uploaded-date": ("uploaded-after",),
    "api-key-id": ("api-key",),
    "api-private-key": ("api-key",),
    "app-identifier": ("bundle-id", "bundle-ids"),
    "app-path": ("file",),
    "app-platform": ("platform",),
    "app-type": ("platform",),
    "app-version": ("version",),
    "apple-id": ("app-id",),
    "beta-app-description": ("app-info",),
    "beta-app-feedback-email": ("app-info",),
    "changelog": ("whats-new",),
    "demo-account-required": ("beta-review-info",),
    "distribute-external": ("groups",),
    "distribute-only": ("build-number: latest",),
    "email": ("testers",),
    "force-legacy-encryption": ("encryption: v1",),
    "git-basic-authorization": ("storage-token",),
    "git-bearer-authorization": ("storage-token",),
    "git-branch": ("branch",),
    "git-private-key": ("deploy-key",),
    "git-url": ("storage",),
    "gitlab-host": ("endpoint",),
    "gitlab-project": ("storage",),
    "google-cloud-bucket-name": ("storage",),
    "google-cloud-keys-file": ("storage-credentials",),
    "ipa": ("file",),
    "issuer-id": ("api-key",),
    "job-token": ("storage-token",),
    "key-content": ("api-key",),
    "key-filepath": ("api-key-path",),
    "key-id": ("api-key",),
    "live": ("source: app-store", "version: live"),
    "localized-app-info": ("app-info",),
    "localized-build-info": ("whats-new",),
    "match-password": ("passphrase",),
    "notify-external-testers": ("notify-testers",),
    "output-directory": ("directory",),
    "output-path": ("output-directory",),
    "pkg": ("file",),
    "private-token": ("storage-token",),
    "profile-type": ("type",),
    "readonly": ("mode: read-only",),
    "reject-build-waiting-for-review": ("reject-waiting-review",),
    "release-notes": ("whats-new",),
    "renew-expired-certs": ("mode: sync",),
    "s3-bucket": ("storage",),
    "s3-region": ("region",),
    "skip-submission": ("submit-beta-review: false",),
    "skip-waiting-for-build-processing": ("wait: none",),
    "storage-mode": ("storage",),
    "wait-for-dsym-processing": ("wait",),
    "wait-for-processing": ("wait",),
    "wait-processing-timeout-duration": ("timeout",),
    "wait-timeout": ("wait",),
}


def here(name: str, declared: Collection[str]) -> str:
    """What `name` is called here, as `file` or `wait: none`; "" where it is nothing that a command takes."""
    for ours in CALLED.get(name.lower().replace("_", "-"), ()):
        if ours.partition(":")[0] in declared:
            return ours
    return ""
