"""Export the testers of an app into a CSV file that only its owner can read."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from asc import words
from asc.api.client import Client
from asc.commands.context import Context
from asc.commands.manage_testers.inputs import Inputs
from asc.errors import Error, writing_remedy
from asc.job import summary
from asc.private_files import write_private
from asc.testflight import choosing
from asc.testflight.state import Group
from asc.testflight.testers.files import groups_cell, write_csv
from asc.testflight.testers.roster import KnownTester, places_left, read_testers
from asc.testflight.testers.usage import Usage, read_usages

log = logging.getLogger(__name__)

HEADER = ("First", "Last", "Email", "Groups", "State", "Sessions", "Crashes")


def export(
    inputs: Inputs, context: Context, client: Client, app_id: str, groups: Sequence[Group]
) -> tuple[str, str]:
    """Write all testers of an app, or those of the groups that the inputs name, sorted by address.

    Return the path of the file, and the number of places left for external testers.
    """
    chosen, _ = choosing.groups(inputs.groups or (), groups, None)
    group_ids = {group.id for group in chosen}
    by_id = {group.id: group for group in groups}
    # The default period of mode: prune, so that the file shows whom it would remove.
    usages = read_usages(client, app_id, "P90D")
    testers = list(read_testers(client, app_id))
    exported = [tester for tester in testers if not group_ids or group_ids & set(tester.group_ids)]

    def rows() -> Iterator[Sequence[object]]:
        for tester in sorted(exported, key=lambda tester: (tester.address, tester.id)):
            names = groups_cell(sorted(group.name for group in tester.groups_among(by_id)))
            yield (*_person(tester), names, tester.state, *_use(usages.get(tester.id, Usage())))

    path = Path(inputs.file).absolute()
    try:
        write_private(path, write_csv(HEADER, rows()))
    except OSError as error:
        remedy = writing_remedy(error, "Name a file in a folder that exists and that the step can write to.")
        raise Error(f"file: {inputs.file}: {error.strerror}.", remedy) from None
    log.info("Wrote %s into %s", words.counted(len(exported), "tester"), path)
    text = summary.paragraph(f"Exported {words.counted(len(exported), 'tester')}.")
    context.summary.append(summary.heading("Testers") + text)
    return str(path), str(places_left(testers, by_id))


def _person(tester: KnownTester) -> tuple[str, str, str]:
    return tester.first_name, tester.last_name, tester.email


def _use(usage: Usage) -> tuple[int, int]:
    return usage.sessions, usage.crashes
