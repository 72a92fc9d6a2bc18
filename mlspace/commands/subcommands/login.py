"""`mlspace login`: asks for credentials, checks them against the Gateway, and keeps them where only the user can read them.

Secrets are no options, since everybody can read a process's arguments: they are asked for at the terminal, or come by standard input.
"""

from __future__ import annotations

from mlspace.commands.arguments import Parser
from mlspace.configuration import config, login, sources
from mlspace.configuration.config import Config
from mlspace.errors import MlspaceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from mlspace.context import Context

ASKED = {
    "client_id": "Client ID (of a service account, or of your profile)",
    "client_secret": "Client secret",
    "workspace_id": "Workspace ID",
    "api_key": "API key (empty: ask MLSpace for it)",
}
MAY_BE_EMPTY = ("api_key",)


def parser() -> Parser:
    made = Parser(
        "mlspace login",
        "Ask for the credentials of MLSpace, check them, and keep them in ~/.config/mlspace/credentials.yaml. "
        "What is not given here is asked for at the terminal; secrets cannot be given here, since arguments are public.",
        "Without a terminal the rest comes from MLSPACE_* variables, from what is configured already, or by --stdin.",
    )
    made.add_argument("--profile", metavar="NAME", default="", help="keep them for MLSPACE_PROFILE=NAME (otherwise for all)")
    made.add_argument("--client-id", metavar="ID", help="client id of a service account, or of your profile")
    made.add_argument("--workspace-id", metavar="ID", help="the workspace")
    made.add_argument("--region", metavar="REGION", help="of jobs that name no partition")
    made.add_argument("--endpoint", metavar="URL", help=f"the Gateway ({config.DEFAULT_ENDPOINT})")
    made.add_argument("--stdin", action="store_true", help="read lines client_secret=... and api_key=... from standard input")
    made.add_argument("--jupyter", action="store_true", help="take what the Jupyter server on this host has (API v1)")
    return made


def run(context: Context, argv: Sequence[str]) -> int:
    options = parser()
    told = options.read(context, argv)
    if told is None:
        return 0
    if told.jupyter and (told.stdin or told.client_id or told.workspace_id):
        options.error("--jupyter takes all credentials from the Jupyter server: not with --stdin, --client-id or --workspace-id")
    given = login.configuration(from_jupyter(context) if told.jupyter else collect(context, told))
    for key, value in (("region", told.region), ("endpoint", told.endpoint if told.jupyter else None)):
        if value:
            given.values[key] = value
    state_dir = config.state_directory(context.environ, context.user.home)
    if given["api"] == "v2" and login.is_exposed(given["endpoint"]):
        context.warn("mlspace login: warning: this endpoint is not encrypted: who is on the way can read the secrets")
    account = login.check(given, state_dir)
    choose_region(context, given, account, can_ask=not told.stdin and context.stdin.isatty())
    path = login.keep(given, sources.directory(context.environ, context.home), told.profile)
    context.print(f"Logged in to {given['endpoint']}: {account.workspace}, regions {', '.join(account.regions) or 'none'}")
    context.print(f"Kept in {path}" + (f"; MLSPACE_PROFILE={told.profile} uses it" if told.profile else ""))
    for variable in shadowing(context, given):
        context.warn(f"mlspace login: warning: {variable} is set and goes before what was kept")
    return 0


def collect(context: Context, told: argparse.Namespace) -> dict[str, str]:
    """What the options say, then standard input, then somebody at the terminal or what is configured already."""
    values = {"client_id": told.client_id, "workspace_id": told.workspace_id, "region": told.region, "endpoint": told.endpoint}
    values = {key: value for key, value in values.items() if value}
    if told.stdin:
        values = {**login.read_words(context.stdin.read().decode("utf-8", "replace")), **values}
    known = configured(context)
    can_ask = not told.stdin and context.stdin.isatty()
    for key, what in ASKED.items():
        if key in values:
            continue
        if can_ask:
            usual = known.masked(key)
            said = context.ask(f"{what}{f' [{usual}]' if usual else ''}: ", secret=key in config.SECRETS)
            values[key] = said or known[key]
        elif known[key]:
            values[key] = known[key]
    missing = [key for key in ASKED if not values.get(key) and key not in MAY_BE_EMPTY]
    if missing:
        raise MlspaceError(
            f"{', '.join(missing)} missing, and there is no terminal to ask at",
            f"  set {', '.join('MLSPACE_' + key.upper() for key in missing)}, or write KEY=VALUE lines to --stdin",
        )
    for key in ("endpoint", "region"):
        values.setdefault(key, known[key])
    return values


def configured(context: Context) -> Config:
    """What is configured already, of API v2; nothing of a Gateway that is another kind, or of the embedded one."""
    try:
        known = config.gather(context.environ, context.home)
    except sources.Encrypted:
        return Config()
    return known if known["api"] != "v1" and known["endpoint"] != config.EMBEDDED else Config()


def from_jupyter(context: Context) -> dict[str, str]:
    found = Config()
    sources.offer_jupyter(found, sources.jupyter_environment(context.environ))
    missing = [key for key in ("endpoint", "api_key", "namespace") if not found[key]]
    if missing:
        raise MlspaceError("no process of yours on this host has the variables of a Jupyter server: GWAPI_ADDR, GWAPI_KEY, NAMESPACE")
    return found.values


def choose_region(context: Context, given: Config, account: login.Account, *, can_ask: bool) -> None:
    """One of the account's, the default one where nobody says. Raises MlspaceError for one that is none of them."""
    if not given["region"] and len(account.regions) > 1 and can_ask:
        said = context.ask(f"Region of jobs that name none, of {', '.join(account.regions)} [{account.regions[0]}]: ")
        given.offer("region", said, "the terminal")
    if given["region"] and account.regions and given["region"] not in account.regions:
        raise MlspaceError(f"region {given['region']}: this workspace has nothing there", f"  it has {', '.join(account.regions)}")
    if not given["region"] and account.regions:
        given.offer("region", account.regions[0], "MLSpace")


def shadowing(context: Context, given: Config) -> list[str]:
    """Variables that say something else than what was kept."""
    named = {f"MLSPACE_{key.upper()}": given[key] for key in login.KEPT}
    return [name for name, value in named.items() if context.environ.get(name, value) not in ("", value)]
