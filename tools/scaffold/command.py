"""my-action: one sentence on what it brings."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from asc.commands import kinds
from asc.commands.context import Context
from asc.commands.declaration import Command, given, output
from asc.commands.naming import AppInputs
from asc.job import summary

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Inputs(AppInputs):
    """The inputs of my-action, each with its help and its default."""

    greeting: str = given(
        kinds.TEXT,
        "What is said to the app.",
        group="Greeting",
        default="Hello",
    )


@dataclass(frozen=True)
class Outputs:
    """The outputs of my-action for later steps of the job."""

    app_id: str = output("Apple's id of the app.")
    said: str = output("What was said.")


def run(inputs: Inputs, context: Context) -> Outputs:
    """Finds the app and greets it. The work itself belongs into asc.builds or a package beside it."""
    client = context.connect(inputs)
    app = inputs.app(client)
    said = f"{inputs.greeting}, {app.name or app.id}"
    log.info("%s", said)
    context.summary.append(summary.heading("my-action") + summary.paragraph(summary.escape(said)))
    return Outputs(app_id=app.id, said=said)


COMMAND = Command(
    name="my-action",
    summary="One sentence on what it brings.",
    description="What it does and what not, in two or three sentences.",
    role="Developer",
    icon="box",
    example="""\
- uses: OWNER/REPO/actions/my-action@v1
  with:
    api-key: ${{ secrets.ASC_API_KEY }}
    bundle-id: com.example.app
""",
    inputs=Inputs,
    outputs=Outputs,
    run=run,
)
