"""`mlspace prune --older-than DAYS`: takes jobs that ended before out of the accounting, as slurmdbd's Purge*After do by themselves."""

from __future__ import annotations

from mlspace.commands.arguments import Parser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.context import Context

DAY_SECONDS = 86_400


def run(context: Context, argv: Sequence[str]) -> int:
    parser = Parser("mlspace prune", "Forget jobs that ended long ago; sacct knows them no more, and no job gets their ids.")
    parser.add_argument("--older-than", metavar="DAYS", type=int, help="those that ended more than so many days ago")
    parser.add_argument("-n", "--dry-run", action="store_true", help="only say how many that are")
    told = parser.read(context, argv)
    if told is None:
        return 0
    if told.older_than is None or told.older_than < 1:
        parser.error("--older-than: a number of days is expected, 1 at least, as in --older-than 90")
    from mlspace.session import Session

    session = Session(context)
    old = session.ended_before(int(context.now()) - told.older_than * DAY_SECONDS)
    if not told.dry_run:
        session.forget(old)
    done = "Would forget" if told.dry_run else "Forgot"
    context.print(f"{done} {counted(len(old), 'job')} that ended more than {counted(told.older_than, 'day')} ago")
    return 0


def counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
