"""`mlspace controller`: the process that leads this registry's jobs, seen, stopped, or run in this terminal or as a service."""

from __future__ import annotations

from mlspace.commands.arguments import Parser
from mlspace.commands.tables import print_table
from mlspace.errors import MlspaceError, StateError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlspace.context import Context
    from mlspace.session import Session
    from mlspace.state.leadership import Term

PROGRAM = "mlspace controller"

STOP_SECONDS = 90.0
"""So long `stop` waits: a leader ends between two calls, and the longest is one that the Gateway does not answer."""

LOOK_SECONDS = 0.1

NOBODY = "no controller leads the jobs of this registry"


def run(context: Context, argv: Sequence[str]) -> int:
    parser = Parser(
        PROGRAM,
        "The controller starts what waits here and learns what has ended. Commands start it when there is something to wait for.",
    )
    parser.add_argument("act", metavar="status|stop|run", help="show it; end it, the jobs go on; be it")
    parser.add_argument("-f", "--foreground", action="store_true", help="run: in this terminal, until it is told to stop")
    told = parser.read(context, argv)
    if told is None:
        return 0
    if told.act not in ACTS:
        parser.error(f"{told.act}: {', '.join(ACTS)} are all that there is")
    if told.foreground != (told.act == "run"):
        parser.error("run needs --foreground: in the background commands start it themselves" if told.act == "run" else "--foreground: run")
    from mlspace.session import Session

    return ACTS[told.act](Session(context))


def status(session: Session) -> int:
    """Exit code 0 where one leads, as far as can be seen; 1 where none does."""
    from mlspace.controller import lease, log

    context, term = session.context, session.leadership.term()
    leads = lease.is_sure(term, context.now())
    rows = {"controller": ("leads" if leads else "does not answer, or has been killed") if term.owner else "none leads"}
    if term.owner:
        rows |= whereabouts(term, context.now())
    rows |= {
        "waits for": waiting(session),
        "last error": log.last_line(session.state_dir) or "none",
        "log": log.path_in(session.state_dir),
        "registry": session.registry.path,
    }
    print_table(context, (), list(rows.items()))
    return 0 if leads else 1


def name_of(term: Term) -> str:
    from mlspace.process_identity import host_of, pid_of

    return f"process {pid_of(term.owner)} on {host_of(term.owner)}" if term.owner else "nobody"


def whereabouts(term: Term, now: float) -> Mapping[str, str]:
    from mlspace.slurm.timestamp import format_timestamp

    return {
        "who": name_of(term),
        "since": f"{format_timestamp(term.since or 0)}, term {term.epoch}",
        "last heard of": f"{max(0, now - (term.seen or 0)):.0f} s ago",
    }


def waiting(session: Session) -> str:
    """What is not at its end: jobs that the platform has, or is to have, and those that wait here, by reason."""
    from collections import Counter

    sent = len(session.registry.submissions())
    here = Counter(job.reason for job in session.queue.line({}))
    reasons = ", ".join(f"{count} {reason}" for reason, count in here.most_common())
    parts = [f"{sent} on the platform"] if sent else []
    parts += [f"{here.total()} here ({reasons})"] if here else []
    return f"jobs: {', '.join(parts)}" if parts else "nothing"


def stop(session: Session) -> int:
    """Exit code 0 also where none led."""
    import os
    import signal

    from mlspace.process_identity import is_seen_alive, pid_of
    from mlspace.state.leadership import STOP

    context, leadership = session.context, session.leadership
    term = leadership.term()
    if not term.owner or is_seen_alive(term.owner) is False:
        context.print(NOBODY)
        return 0
    who = f"the controller, {name_of(term)},"
    try:
        leadership.wish(term, STOP)
    except StateError as error:  # it may be full; a signal reaches who is here all the same
        context.warn(f"{context.program}: {error.lines[0]}")
    if is_seen_alive(term.owner):
        os.kill(pid_of(term.owner), signal.SIGTERM)
    deadline = context.monotonic() + STOP_SECONDS
    while (now := leadership.term()).epoch == term.epoch and now.owner and is_seen_alive(term.owner) is not False:
        if context.monotonic() > deadline:
            raise MlspaceError(f"{who} has not ended within {STOP_SECONDS:.0f} s", "  it has been told, and ends when it can")
        context.sleep(LOOK_SECONDS)
    context.print(f"{who} has ended")
    if session.queue.is_unfinished(context.now()):
        context.print("jobs that run go on; what waits here starts when the next command that changes something has started another one")
    return 0


def run_here(session: Session) -> int:
    """Leads until it is told to stop; exit code 0 then. 1 where another one leads, or the registry is gone."""
    from mlspace.controller import leader, lease, log
    from mlspace.process_identity import is_seen_alive

    context = session.context
    made = leader.Leader(session, log.Log(session.state_dir, context, is_shown=True), stays=True)
    context.when_terminated(made.lease.leave_word)
    term = session.leadership.term()
    if is_seen_alive(term.owner) is None:
        context.warn(f"{PROGRAM}: {name_of(term)} leads, or did so: it is watched for {lease.LEASE_SECONDS:.0f} s")
    if not made.win():
        if made.lease.is_unwanted:
            return 0
        raise MlspaceError(f"{name_of(session.leadership.term())} leads the jobs of this registry", f"  `{PROGRAM} stop` ends it")
    context.warn(f"{PROGRAM}: leads the jobs of {session.registry.path}")
    why = made.lead()
    context.warn(f"{PROGRAM}: ends: {why}")
    return 0 if why == leader.TOLD else 1


ACTS = {"status": status, "stop": stop, "run": run_here}
