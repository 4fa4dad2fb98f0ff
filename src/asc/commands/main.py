"""Run one command from beginning to end: inputs, masks, work, outputs, summary, exit code."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from asc import __version__, words
from asc.api.clock import SYSTEM_CLOCK, Clock
from asc.api.key.model import KeyRefused
from asc.api.key.sources import SECRET_VARIABLES, find_key
from asc.commands.context import Context
from asc.commands.declaration import CommonInputs, inputs_of, name_of
from asc.commands.errors_report import for_summary, report, unexpected
from asc.commands.invocation import Invocation, read_call
from asc.commands.reading import read_inputs, secret_texts, with_variables
from asc.errors import Error, InputError
from asc.job import log, summary, workflow
from asc.job.environment import Job
from asc.job.secrets import Secrets
from asc.on_signal import ended_by

if TYPE_CHECKING:
    from asc.api.clock import Traffic

logger = logging.getLogger(__name__)


def main(arguments: Sequence[str], clock: Clock = SYSTEM_CLOCK) -> int:
    """Run the command in the arguments or in the runner's variables, and return the exit code."""
    log.open_streams()
    try:
        with ended_by(signal.SIGTERM, signal.SIGINT):
            return _main(arguments, clock)
    except BrokenPipeError:
        # Nobody reads our log any more; the interpreter would flush into it once again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _main(arguments: Sequence[str], clock: Clock) -> int:
    job = Job.read()
    secrets = Secrets(mask=job.in_job)
    # Masks come first, before anything can fail and print.
    for name in SECRET_VARIABLES:
        secrets.add(job.environment.get(name))
    log.start(secrets, job.in_job, job.debug, "")
    try:
        if arguments and arguments[0] in ("--help", "-h", "help"):
            from asc.commands.cli import overview

            log.print_result(overview())
            return 0
        if arguments and arguments[0] in ("--version", "-V"):
            log.print_result(f"App Store Connect Actions {__version__}")
            return 0
        call = read_call(arguments)
        # Before the masks of the inputs, because a variable may hold a secret as well.
        call = replace(call, raw=with_variables(call.command, call.raw, job.environment))
        for secret in secret_texts(call.command, call.raw):
            secrets.add(secret)
        log.start(secrets, job.in_job, job.debug, call.command.name)
        # Before the work, because later steps would miss the outputs of an upload that is done.
        workflow.check_files()
        return _run(call, Context(call.command, job, secrets.add, clock), secrets)
    except Error as error:
        report(error, job.in_job, secrets)
        return error.exit_code
    except BrokenPipeError:
        # `main` ends the run without a word, because nobody can read an error any more.
        raise
    except Exception as error:  # noqa: BLE001 (the last resort: one line, and the traceback only on request)
        report(unexpected(error), job.in_job, secrets)
        return 1


def _run(call: Invocation, context: Context, secrets: Secrets) -> int:
    job, clock = context.job, context.clock
    started = clock.monotonic()
    try:
        outputs = call.command.run(_inputs(call, context), context)
        _hand_over(outputs, call, job)
        return 0
    except Error as error:
        # The error stands above the tables, because readers look for it first.
        context.summary.insert(0, for_summary(call.command.name, error, secrets))
        if context.outputs is not None:
            try:
                _hand_over(context.outputs, call, job)
            except Error as unwritten:
                # It must not take the place of the error of the work, because it says that the work is done.
                logger.warning("%s", unwritten.message)
        raise
    finally:
        _finish(context, clock.monotonic() - started, secrets)


def _inputs(call: Invocation, context: Context) -> CommonInputs:
    """Return the checked inputs. Raises InputError with all problems, those of the key included."""
    try:
        return read_inputs(call.command, _filled_up(call), context.now())
    except InputError as error:
        problems = list(error.problems)
    job = context.job
    # A user who corrects the inputs should not learn of a broken key one run later.
    try:
        find_key(call.raw.get("api-key"), call.raw.get("api-key-path"), job.environment, job.why_no_secrets)
    except KeyRefused as error:
        problems += error.problems
    raise InputError(problems)


def _filled_up(call: Invocation) -> Mapping[str, str]:
    if not call.raw.get("deliverfile", "").strip():
        return call.raw
    # Imported only if a step names a Deliverfile: the reader of Ruby costs every short step 2 ms.
    from asc.commands.deliverfile import with_deliverfile

    return with_deliverfile(call.raw, inputs_of(call.command))


def _hand_over(outputs: Any, call: Invocation, job: Job) -> None:
    values = {name_of(entry): getattr(outputs, entry.name) for entry in fields(outputs)}
    if job.in_job:
        _set_outputs(values)
    elif call.as_json:
        log.print_result(json.dumps(values, ensure_ascii=False))
    else:
        for name, value in values.items():
            # A script reads this line by line: a value of several lines is JSON.
            plain = words.printable(value) == value and "\n" not in value
            log.print_result(f"{name}={value if plain else json.dumps(value)}")


def _set_outputs(values: Mapping[str, str]) -> None:
    try:
        for name, value in values.items():
            workflow.set_output(name, value)
    except OSError as error:
        raise Error(
            f"The outputs could not be written: {error.strerror}.",
            "The work itself is done. Make room on the runner's disk, then run the step again.",
        ) from None


def _finish(context: Context, seconds: float, secrets: Secrets) -> None:
    """Close the client, and log the requests and the time of the run."""
    if context.client:
        context.client.close()
        took = _what_it_took(context.client.traffic, seconds)
        logger.info("%s", took)
        context.summary.append(summary.paragraph(f"<sub>{context.command.name}: {took}</sub>"))
    try:
        workflow.append_summary(secrets.hide("".join(context.summary)))
    except OSError as error:
        # The work is done, and no later step reads the summary: a full disk must not fail the step here.
        logger.warning("The job summary could not be written: %s", error.strerror)


def _what_it_took(traffic: Traffic, seconds: float) -> str:
    budget = f"; {traffic.budget.left} of {traffic.budget.limit} left this hour" if traffic.budget else ""
    return f"{words.counted(traffic.requests, 'request')} in {seconds:.1f} s{budget}"
