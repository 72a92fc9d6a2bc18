"""`mlspace doctor`: whether the Gateway still is as these commands take it to be; reads only, unless it may submit a small job."""

from __future__ import annotations

from mlspace.commands.arguments import Parser
from mlspace.errors import MlspaceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.context import Context
    from mlspace.doctor.check import Check
    from mlspace.session import Session

NAME_WIDTH = 36


def run(context: Context, argv: Sequence[str]) -> int:
    parser = Parser("mlspace doctor", "Ask the Gateway for all that these commands lean on (docs/gateway.md), and say what differs.")
    parser.add_argument("-s", "--submit", action="store_true", help="submit a CPU job of a minute, too, and show what it finds on its node")
    parser.add_argument("-r", "--region", metavar="REGION", help="where that job is to run")
    told = parser.read(context, argv)
    if told is None:
        return 0
    from mlspace.doctor.examination import OF_ACCOUNT, OF_JOBS
    from mlspace.session import Session

    report = Report(context, Session(context))
    report.examine(OF_ACCOUNT)
    if told.submit:
        report.submit(told.region)
    report.examine(OF_JOBS)
    differing = report.differing
    context.print(f"{differing or 'nothing'} differ{'s' if differing < 2 else ''} from what is recorded")
    return 1 if differing else 0


class Report:
    """Prints each verdict as soon as it is there, and counts those that differ."""

    def __init__(self, context: Context, session: Session) -> None:
        from mlspace.doctor.check import Service

        if session.config["api"] == "v1":
            origin = session.config.origins["api"]
            raise MlspaceError(
                f"API v1 is configured, by {origin}, and v2 is what is known well enough to be examined",
                "  `mlspace login`, or MLSPACE_CLIENT_ID and so on, say how to reach v2; they go before what a Jupyter server has",
            )
        self.context = context
        self.session = session
        self.service = Service(session.gateway(), session.platform.workspace_id)
        self.differing = 0

    def examine(self, checks: Sequence[Check]) -> None:
        from mlspace.doctor.examination import DIFFERS, examine

        for check, verdict, lines in examine(self.service, checks):
            self.say(check.name, check.facts, verdict, lines)
            self.differing += verdict == DIFFERS

    def submit(self, region: str | None) -> None:
        from mlspace.doctor import trial
        from mlspace.doctor.examination import AS_RECORDED, DIFFERS

        try:
            told, differences = trial.run(self.session, self.service, region)
        except MlspaceError as error:
            told, differences = [], list(error.lines)
        self.say(trial.NAME, trial.FACTS, DIFFERS if differences else AS_RECORDED, differences)
        self.differing += bool(differences)
        for name, text in told:
            self.context.print(f"    {name}: {text}")

    def say(self, name: str, facts: str, verdict: str, lines: Sequence[str]) -> None:
        self.context.print(f"{name:{NAME_WIDTH}s} {facts:7s} {verdict}")
        for line in lines:
            self.context.print(f"    {line}")
        self.context.flush()
