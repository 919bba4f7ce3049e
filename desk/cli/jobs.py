"""job: list, show, run, forecast, pause, resume, kill, retry."""

from cyclopts import App

app = App("job", help="Routine jobs and their runs.")

app.command("desk.cli.job_list:list_jobs", name="list", sort_key=1, help="Every job: how it went, what is next.")
app.command("desk.cli.job_show:show", name="show", sort_key=2, help="Everything about one job, or one run.")
app.command("desk.cli.job_run:run", name="run", sort_key=3, help="Run a job now, and follow it; or try it dry.")
app.command("desk.cli.job_run:retry", name="retry", sort_key=4, help="Run again on the hosts that failed.")
app.command("desk.cli.job_kill:kill", name="kill", sort_key=5, help="End a run on its hosts, with proof.")
app.command("desk.cli.job_pause:pause", name="pause", sort_key=6, help="Stop a job, or all of them, for a while.")
app.command("desk.cli.job_pause:resume", name="resume", sort_key=7, help="Let a paused job go on.")
app.command("desk.cli.job_forecast:forecast", name="forecast", sort_key=8, help="What runs next, and where it meets.")
