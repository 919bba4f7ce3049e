"""Every command, by its import path: what is not called is not loaded, so that the first word comes at once."""

from cyclopts import App, Group, Parameter

from desk.cli.help_layout import TwoColumns

START = Group("Start", sort_key=1)
DAILY = Group("Every day", sort_key=2)
CARE = Group("Care", sort_key=3)
PARTS = Group("The parts one by one, for several machines", sort_key=4)


def version() -> str:
    """The installed version, in the words of `--version`."""
    from importlib.metadata import version as installed  # noqa: PLC0415 - slow, and rarely asked

    return f"watchbill {installed('watchbill')}"


app = App(
    "watchbill",
    help="IT service operation as code: routine jobs on many hosts, run on time, proven and told.",
    version=version,
    default_parameter=Parameter(negative=(), show_default=False, show_env_var=False),
    help_formatter=TwoColumns(),
    help_format="plaintext",
    help_epilogue="`watchbill COMMAND --help` tells more; `watchbill help exit-codes` lists the exit codes.",
    suppress_keyboard_interrupt=False,
    result_action="return_value",
)

SITES, ENGINE = "desk.cli.sites", "desk.cli.engine"

app.command(f"{ENGINE}:demo", name="demo", group=START, help="One night on this machine, with real parts.")
app.command(f"{SITES}:init", name="init", group=START, help="Write a new site folder, commented.")
app.command(f"{SITES}:check", name="check", group=START, help="Validate a site: every fault with file, line, column.")
app.command(f"{SITES}:plan", name="plan", group=START, help="Show what `up` would change.")
app.command(f"{ENGINE}:up", name="up", group=START, help="Start everything on this machine; Ctrl-C ends it.")

app.command("desk.cli.jobs:app", name="job", group=DAILY, help="Routine jobs and their runs.")
app.command("desk.cli.hosts:app", name="host", group=DAILY, help="The hosts that jobs run on.")
app.command("desk.cli.events:app", name="event", group=DAILY, help="What happens, and the alerts that it makes.")
app.command("desk.cli.silences:app", name="silence", group=DAILY, help="Keep alerts quiet for a time that ends.")
app.command("desk.cli.catalogue:app", name="catalogue", group=DAILY, help="What people may ask for.")
app.command("desk.cli.requests:app", name="request", group=DAILY, help="What somebody asks for, until it is there.")
app.command("desk.cli.incidents:app", name="incident", group=DAILY, help="What is broken for people, and how it ends.")
app.command("desk.cli.known_errors:app", name="known-error", group=DAILY, help="Known trouble, and what helps.")
app.command("desk.cli.problems:app", name="problem", group=DAILY, help="What causes incidents, and its end.")
app.command("desk.cli.approvals:app", name="approval", group=DAILY, help="What has to be decided, by whom.")
app.command("desk.cli.probes:app", name="probe", group=DAILY, help="What is looked at all the time, how it stands.")
app.command("desk.cli.backups:app", name="backup", group=DAILY, help="Backups, and the restores that prove them.")
app.command("desk.cli.reports:app", name="report", group=DAILY, help="Reports, rendered from the shared database.")
app.command("desk.cli.alarms:app", name="alarm", group=DAILY, help="What is wrong now.")
app.command("desk.cli.notices:app", name="notice", group=DAILY, help="What was told to whom; a trial of a receiver.")
app.command("desk.cli.clocks:app", name="clock", group=DAILY, help="Incidents' clocks, and business time.")

app.command("desk.cli.doctor:doctor", name="doctor", group=CARE, help="Look at everything, with the mend.")
app.command("desk.cli.journals:app", name="journal", group=CARE, help="The memory: verify it, export it.")
app.command("desk.cli.imports:app", name="import", group=CARE, help="History from other tools.")
app.command("desk.cli.databases:app", name="database", group=CARE, help="The shared database's schema.")
app.command(f"{SITES}:schema", name="schema", group=CARE, help="JSON Schemas of the site files, for editors.")
app.command("desk.cli.completions:app", name="completion", group=CARE, help="Completion for your shell.")
app.command("desk.cli.helping:show_help", name="help", group=CARE, help="Help on a command, or on exit codes.")

app.command(f"{ENGINE}:worker", name="worker", group=PARTS, help="Carry out runs.")
app.command(f"{ENGINE}:relay", name="relay", group=PARTS, help="Hand wanted runs over to Prefect.")
app.command(f"{ENGINE}:planner", name="planner", group=PARTS, help="Write and start the expected runs.")
app.command(f"{ENGINE}:desk", name="desk", group=PARTS, help="Take events over HTTP.")
app.command(f"{ENGINE}:events", name="events", group=PARTS, help="Make alerts and incidents of events.")
