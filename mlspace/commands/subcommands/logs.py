"""`mlspace logs JOB`: what a job has printed, from the platform's log, each line to the stream that the program wrote it to."""

from __future__ import annotations

import argparse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.context import Context

PROGRAM = "mlspace logs"


def run(context: Context, argv: Sequence[str]) -> int:
    from mlspace.commands.arguments import Parser

    parser = Parser(PROGRAM, "Show what a job has printed, from MLSpace's log of it.")
    parser.add_argument("-f", "--follow", action="store_true", help="go on until the job has ended")
    parser.add_argument("-n", "--lines", type=line_count, metavar="N", help="begin with the last N lines")
    parser.add_argument("--raw", action="store_true", help="with the platform's own lines, times and ranks")
    parser.add_argument("-r", "--region", metavar="REGION", help="of a job that was not submitted from here")
    parser.add_argument("job", metavar="JOB", help="its id, an element of an array, or its name on MLSpace")
    given = parser.read(context, argv)
    if given is None:
        return 0
    from mlspace.joblog import JobLog
    from mlspace.session import Session

    log = JobLog(Session(context), given.job, given.region)
    shown = False
    for stream, text in log.raw(given.lines, given.follow) if given.raw else log.lines(given.lines, given.follow):
        shown = True
        if stream == 1:
            context.write(text)
            context.flush()
        else:
            context.write_error(text)
    if not shown and (why := log.why_there_is_nothing()):
        context.warn(f"{PROGRAM}: {why}")
    return 0


def line_count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"{text}: a number of lines, at least 1, is expected")
    return int(text)
