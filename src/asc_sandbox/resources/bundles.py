"""The bundles of builds (the app, its clips and watch apps), and the links to their symbols."""

from __future__ import annotations

from asc_sandbox.kinds import flag, mapping, number, text, texts
from asc_sandbox.rules.symbols import default_bundle_id, symbols_link
from asc_sandbox.schema import Resource, hidden, many, one

BUILD_BUNDLES = Resource(
    "buildBundles",
    area="builds",
    attributes={
        "bundleId": text,
        "bundleType": text,
        "sdkBuild": text,
        "platformBuild": text,
        "fileName": text,
        "hasSirikit": flag,
        "hasOnDemandResources": flag,
        "hasPrerenderedIcon": flag,
        "usesLocationServices": flag,
        "isIosBuildMacAppStoreCompatible": flag,
        "includesSymbols": flag,
        "dSYMUrl": text,
        "supportedArchitectures": texts,
        "requiredCapabilities": texts,
        "deviceProtocols": texts,
        "locales": texts,
        "entitlements": mapping,
        "baDownloadAllowance": number,
        "baMaxInstallSize": number,
        "minimumOsVersion": text,
    },
    relationships=(
        hidden("build", "builds"),
        one("appClipDomainCacheStatus", "appClipDomainStatuses"),
        one("appClipDomainDebugStatus", "appClipDomainStatuses"),
        many("betaAppClipInvocations", "betaAppClipInvocations"),
        many("buildBundleFileSizes", "buildBundleFileSizes"),
    ),
    defaults={"bundleType": "APP", "includesSymbols": True, "supportedArchitectures": ["arm64"]},
    derived={"bundleId": default_bundle_id, "dSYMUrl": symbols_link},
)

RESOURCES = (BUILD_BUNDLES,)
ENDPOINTS = ()
