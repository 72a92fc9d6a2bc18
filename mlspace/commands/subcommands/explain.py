"""`mlspace explain job.sh`: what sbatch would make of a script, for a person, or as a manifest of the vendor's client. Sends nothing."""

from __future__ import annotations

import os

from mlspace import submission
from mlspace.commands import defaults, exportfile, scripts
from mlspace.errors import ConfigError, GatewayError, RequestRefused, UsageError
from mlspace.slurm import directives, foreign, getopt, merge, together
from mlspace.slurm.columns import SBATCH
from mlspace.slurm.help import render_help
from mlspace.slurm.option import NONE, Option
from mlspace.slurm.options import OPTIONS
from mlspace.slurm.request import JobRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from mlspace.advice.value import Facts
    from mlspace.context import Context
    from mlspace.render.explanation import Given, Outcome
    from mlspace.slurm.directives import Word
    from mlspace.slurm.option import Setting

PROGRAM = "mlspace explain"
USAGE = "[sbatch's OPTIONS...] script [args...]     (script - is standard input)"
SECTION = "Options of mlspace explain:"
ON = {SBATCH: "", PROGRAM: ""}

YAML = Option("yaml", on=ON, own=True, section=SECTION,
              help="write the manifest of the vendor's client for the same job: mls job submit -c FILE")  # fmt: skip
HELP = Option("help", "h", on=ON, own=True, section=SECTION, help="show this help")

STREAMS = {"input": "in", "output": "out", "error": "err"}
MODULES = ("BASH_FUNC_module%%", "BASH_FUNC_module()", "BASH_FUNC_ml%%")
"""Variables by which bash hands the function `module` on to its children."""

DESCRIPTION = "a Slurm script, written by mlspace explain"


def run(context: Context, argv: Sequence[str]) -> int:
    settings, words = getopt.parse(SBATCH, (*OPTIONS, YAML), argv, stop_at_word=True)
    asked = {setting.option.long for setting in settings}
    if asked & {"help", "usage"}:
        context.print(render_help(PROGRAM, USAGE, (YAML, HELP)))
        return 0
    settings = [setting for setting in settings if setting.option is not YAML]
    job = Job(context, settings, words)
    return job.write_manifest() if "yaml" in asked else job.explain()


class Job:
    """A job as sbatch would submit it."""

    def __init__(self, context: Context, settings: Sequence[Setting], words: Sequence[str]) -> None:
        from mlspace.session import Session

        self.context = context
        wrap = next((setting.text for setting in reversed(settings) if setting.option.long == "wrap"), None)
        if wrap is None and not words:
            raise UsageError(f"{PROGRAM}: error: no script given; - is standard input", f"Usage: {PROGRAM} {USAGE}", exit_code=2)
        self.script = scripts.read(context, wrap, [] if words[:1] == ["-"] else words)
        self.name = "standard input" if words[:1] == ["-"] else words[0] if words else "--wrap"
        directive_words = directives.read(self.script.text, self.name) if wrap is None else [[]]
        foreign_lines = directives.read_foreign(self.script.text, self.name, foreign.MARKS) if wrap is None else []
        usual = defaults.settings(context, SBATCH)
        self.given = given(context, directive_words[0], settings, foreign_lines, usual)
        self.components = merge.read(SBATCH, directive_words, context.environ, [settings], foreign_lines, usual)
        self.component = self.components[0]
        self.component.values.setdefault("job-name", scripts.job_name(self.script, wrap))
        self.request = JobRequest(SBATCH, self.components, script=self.script)
        exportfile.resolve(context, self.request)
        self.session = Session(context)

    # The manifest.

    def write_manifest(self) -> int:
        """Prints it. Raises what sbatch would raise."""
        import yaml

        from mlspace.translate.manifest import manifest

        if len(self.components) > 1:
            raise RequestRefused(f"a manifest is one job; {self.name} asks for {len(self.components)} components")
        merge.refuse(SBATCH, self.component)
        geometry = submission.decide(self.session, self.request)
        body = submission.preview(self.session, self.request, geometry, carrier="parts")
        made, left_out = manifest({**body, "job_desc": DESCRIPTION})
        lines = [
            f"# {self.name}, for the vendor's client: mls job submit -R {body['region']} -c FILE",
            "# The flags carry the script and its environment: who can read this file can read them.",
            *(f"# Not in it, since the client has no word for it: {name}" for name in left_out),
        ]
        self.context.print("\n".join(lines))
        self.context.write(yaml.safe_dump(made, sort_keys=False, allow_unicode=True, width=1000))
        return 0

    # The explanation.

    def explain(self) -> int:
        from mlspace.render import explanation

        context = self.context
        refusal: RequestRefused | ConfigError | GatewayError | None = None
        outcome: Outcome | None = None
        try:
            outcome = self.outcome()
            merge.refuse(SBATCH, self.component)
        except (RequestRefused, ConfigError, GatewayError) as error:
            refusal = error
        if len(self.components) > 1:
            context.print(f"{self.name} asks for {len(self.components)} components; this is the first one\n")
        context.print(explanation.options_table(self.given, outcome))
        if outcome is not None:
            image_origin = self.component.origins.get("image") or self.session.config.origins["image"]
            context.print("\n" + explanation.job_table(outcome, image_origin))
        for line in (*self.environment_lines(), *self.advice_lines()):
            context.print(line)
        if refusal is None:
            return 0
        begin = "sbatch refuses this job" if isinstance(refusal, RequestRefused) else "what becomes of it on MLSpace cannot be said"
        context.print("\n" + "\n".join([f"{begin}: {refusal.lines[0]}", *refusal.lines[1:]]))
        return refusal.exit_code

    def outcome(self) -> Outcome:
        """Raises RequestRefused where it does not fit, ConfigError and GatewayError where nobody knows."""
        from mlspace.render.explanation import Outcome

        geometry = submission.decide(self.session, self.request)
        partition = submission.partition_of(self.session, self.request)
        body = submission.preview(self.session, self.request, geometry)
        job_id = self.session.registry.next_job_id()
        minutes: int | None = self.component.values.get("time", partition.max_time)
        return Outcome(
            geometry,
            body,
            partition=partition.name,
            minutes=minutes,
            work_dir=self.work_dir,
            files={stream: self.expand(pattern, job_id) for stream, pattern in self.patterns().items()},
            variables=len(submission.environment_of(self.session, self.request)),
            job_id=job_id,
            defaults=self.defaults(partition.name),
        )

    def defaults(self, partition: str) -> dict[str, tuple[str, str]]:
        """What matters and nobody asked for: option -> value, and where it comes from."""
        all_of_them = {
            "job-name": (self.component["job-name"], "default"),
            "partition": (partition, "default"),
            "time": ("", "the partition"),
            "output": ("slurm-%j.out", "default"),
        }
        named = {one.option.alias_of or one.option.long for one in self.given}
        return {long: row for long, row in all_of_them.items() if long not in named}

    @property
    def nodes_are_here(self) -> bool:
        """Whether jobs see the files of this host."""
        try:
            return not self.session.config.is_remote
        except ConfigError:
            return False  # a Gateway is meant

    @property
    def work_dir(self) -> str:
        return os.path.normpath(os.path.join(self.context.cwd, self.component["chdir"] or ""))

    def patterns(self) -> dict[str, str]:
        """The files of the streams, as patterns with their directories."""
        files: Mapping[str, Mapping[str, Any]] = submission.files_of(self.request, self.work_dir)
        return {stream: file["path"] for stream, file in files.items()}

    def expand(self, pattern: str, job_id: int) -> str:
        """A file's name; %N stays, since nobody knows the node yet, and an array's %a."""
        from mlspace.slurm.filename import batch_values, expand

        values = batch_values(job_id, self.component["job-name"], self.context.user.name, "%N")
        if self.component["array"]:
            values["a"] = "%a"
        return expand(pattern, values)

    def environment_lines(self) -> list[str]:
        """Which variables travel, by name; of those that look secret it is said who can read them."""
        from mlspace.render.explanation import paragraph

        names = sorted(submission.environment_of(self.session, self.request))
        lines = ["", *paragraph(f"environment: {len(names)} variables travel with the job: {', '.join(names)}")]
        if secret := [name for name in names if looks_secret(name)]:
            lines += paragraph(f"  who can read a job's parameters on MLSpace can read these: {', '.join(secret)}")
        return lines

    def advice_lines(self) -> list[str]:
        from mlspace.advice.script import advise
        from mlspace.render.explanation import advice_text

        lines = []
        for one in advise(self.script.text, self.facts()):
            place = f"line {one.line} of {self.name}: " if one.line else ""
            lines.append("\nwarning: " + advice_text(place, one.what, one.better))
        return lines

    def facts(self) -> Facts:
        from mlspace.advice.value import Facts

        missing: dict[str, str] = {}
        for option in STREAMS if self.nodes_are_here else ():
            pattern = self.component[option]
            if not pattern:
                continue
            directory = os.path.dirname(self.expand(os.path.join(self.work_dir, pattern), 1))
            if "%" not in directory and not os.path.isdir(directory):
                missing[option] = os.path.dirname(pattern)
        has_modules = self.nodes_are_here and any(name in self.context.environ for name in MODULES)
        return Facts(list(self.component.values), missing, modules=has_modules)


SECRET_PARTS = ("TOKEN", "SECRET", "PASSWORD", "PASSWD", "APIKEY", "API_KEY", "ACCESS_KEY", "PRIVATE_KEY", "CREDENTIAL")


def looks_secret(name: str) -> bool:
    return any(part in name.upper() for part in SECRET_PARTS)


def given(
    context: Context,
    words: Sequence[Word],
    settings: Sequence[Setting],
    foreign_lines: Sequence[tuple[str, Sequence[Word]]],
    usual: Sequence[Setting],
) -> list[Given]:
    """The options in the order in which they were first given, each with the value that counts."""
    from mlspace.render.explanation import Given

    found: dict[str, Given] = {}
    script, variables = merge.script_settings(SBATCH, words), merge.environment_settings(SBATCH, context.environ)
    of_others = merge.foreign_settings(SBATCH, foreign_lines, [*script, *variables, *settings])
    asked = [*script, *of_others, *variables, *settings]
    places = [together.without_rivals(usual, asked), asked]
    for setting in (setting for place in places for setting in place):
        option = setting.option
        long = option.alias_of or option.long
        text = "yes" if option.argument == NONE or setting.text is None else setting.text
        before = found.get(long)
        if before is None:
            found[long] = Given(option, text, str(setting.origin))
        elif option.add is not None:
            before.text, before.origin = f"{before.text},{text}", f"{before.origin}\n{setting.origin}"
        else:
            found[long] = Given(option, text, str(setting.origin), [*before.overruled, f"{before.text}, {before.origin}"])
    return list(found.values())
