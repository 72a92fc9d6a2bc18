"""`mlspace doctor`: whether the Gateway still is as these commands take it to be; reads only, unless it may submit a small job."""

from __future__ import annotations

from mlspace.commands.arguments import Parser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.context import Context

NAME_WIDTH = 36


def run(context: Context, argv: Sequence[str]) -> int:
    parser = Parser("mlspace doctor", "Ask the Gateway for all that these commands lean on (docs/gateway.md), and say what differs.")
    parser.add_argument("-s", "--submit", action="store_true", help="submit a CPU job of a minute, too, and show what it finds on its node")
    parser.add_argument("-r", "--region", metavar="REGION", help="where that job is to run")
    told = parser.read(context, argv)
    if told is None:
        return 0
    from mlspace.doctor import examination, trial
    from mlspace.doctor.check import Service
    from mlspace.session import Session

    session = Session(context)
    service = Service(session.gateway(), session.workspace_id)
    differing = 0

    def say(name: str, facts: str, verdict: str, lines: Sequence[str]) -> None:
        context.print(f"{name:{NAME_WIDTH}s} {facts:7s} {verdict}")
        for line in lines:
            context.print(f"    {line}")
        context.flush()

    for check, verdict, lines in examination.examine(service):
        say(check.name, check.facts, verdict, lines)
        differing += verdict == examination.DIFFERS
    if told.submit:
        found = trial.run(session, service, told.region)
        say(trial.NAME, trial.FACTS, examination.DIFFERS if found.differences else examination.AS_RECORDED, found.differences)
        differing += bool(found.differences)
        for name, text in found.told:
            context.print(f"    {name}: {text}")
    context.print(f"{differing or 'nothing'} differ{'s' if differing < 2 else ''} from what is recorded")
    return 1 if differing else 0
