"""Process an upload whose file has arrived; `plans.Processing` sets how long it takes and how it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from asc_sandbox.context import Context
from asc_sandbox.plans import Processing
from asc_sandbox.rules.symbols import add_bundles
from asc_sandbox.uploading.archive import Contents
from asc_sandbox.world import Record, World

Reasons = Iterable[tuple[str, str]]

# Apple lists a build some time before it has processed it.
_APPEARS_AFTER = 1 / 3
_LAGGING = {"internalBuildState": "PROCESSING", "externalBuildState": "PROCESSING"}


def fail(world: World, upload: Record, reasons: Reasons) -> None:
    """Set the state of an upload to FAILED, with (code, description) of each reason."""
    errors = [{"code": code, "description": description} for code, description in reasons]
    world.change(upload, state={"state": "FAILED", "errors": errors})


@dataclass(frozen=True)
class Run:
    """The processing of one upload. `contents` are the facts in its file."""

    world: World
    context: Context
    upload_id: str
    contents: Contents
    plan: Processing

    def begin(self, problems: Reasons) -> None:
        """Begin processing. With `problems` the upload fails at the end."""
        problems = list(problems)
        uploaded: dict[str, Any] = {"uploadedDate": self.context.now()}
        if problems or self.plan.outcome != "stuck-upload":
            uploaded["state"] = "PROCESSING"
        self._change(**uploaded)
        if problems or self.plan.outcome == "upload-failed":
            self._later(1, lambda upload: fail(self.world, upload, problems or self.plan.reasons))
        else:
            self._later(_APPEARS_AFTER, self._appear)

    def _appear(self, upload: Record) -> None:
        """Create the build, which is being processed."""
        (app,) = self.world.related(upload, "app")
        encryption = self.contents.uses_non_exempt_encryption
        build = self.world.add(
            "builds",
            {
                "version": upload.attributes["cfBundleVersion"],
                "processingState": "PROCESSING",
                "uploadedDate": self.context.now(),
                "minOsVersion": self.contents.minimum_os,
                "families": list(self.contents.families),
                "usesNonExemptEncryption": encryption,
            },
            {"app": app.id, "preReleaseVersion": self._train(upload, app).id, **self._declaration(app)},
        )
        self.world.relate(upload, "build", build.id)
        # With stored states the detail does not follow from the facts until they are cleared.
        if self.plan.detail_lag:
            self.world.add("buildBetaDetails", _LAGGING, {"build": build.id})
        if self.plan.outcome != "never":
            self._later(1 - _APPEARS_AFTER, self._settle)

    def _settle(self, upload: Record) -> None:
        """Set the final states of the build and the upload."""
        outcome = self.plan.outcome
        state = {"invalid": "INVALID", "failed": "FAILED"}.get(outcome, "VALID")
        for build in self.world.related(upload, "build"):
            self.world.change(build, processingState=state)
            if state == "VALID":
                add_bundles(self.world, self.context, build, self.contents)
        if state != "VALID":
            fail(self.world, upload, self.plan.reasons)
        elif outcome != "stuck-upload":
            self._change(state="COMPLETE")
        if self.plan.detail_lag:
            self.context.agenda.after(self.plan.detail_lag, partial(self._catch_up, upload))

    def _catch_up(self, upload: Record) -> None:
        """Clear the stored states of the beta detail, so that they follow from the facts again."""
        for build in self.world.related(upload, "build"):
            for detail in self.world.related(build, "buildBetaDetail"):
                self.world.change(detail, **dict.fromkeys(_LAGGING))

    def _declaration(self, app: Record) -> dict[str, str]:
        """Return the reference to the declaration that the code in Info.plist names."""
        code = self.contents.compliance_code
        declared = self.world.related(app, "appEncryptionDeclarations") if code else []
        named = [declaration for declaration in declared if declaration.attributes.get("codeValue") == code]
        return {"appEncryptionDeclaration": named[0].id} if named else {}

    def _train(self, upload: Record, app: Record) -> Record:
        version, platform = upload.attributes["cfBundleShortVersionString"], upload.attributes["platform"]
        for train in self.world.related(app, "preReleaseVersions"):
            if (train.attributes["version"], train.attributes["platform"]) == (version, platform):
                return train
        return self.world.add(
            "preReleaseVersions", {"version": version, "platform": platform}, {"app": app.id}
        )

    def _later(self, share: float, change: Callable[[Record], None]) -> None:
        """Plan a step after this share of the whole time."""

        def step() -> None:
            # The upload may have been deleted since.
            if upload := self.world.find("buildUploads", self.upload_id):
                change(upload)

        self.context.agenda.after(self.plan.seconds * share, step)

    def _change(self, **attributes: Any) -> None:
        if upload := self.world.find("buildUploads", self.upload_id):
            self.world.change(upload, **attributes)
