"""backup: list, show, run, drill, restore, preview, coverage."""

from cyclopts import App

app = App("backup", help="Backups, and the restores that prove them.")

VIEW, ACT = "desk.cli.backup_view", "desk.cli.backup_run"
app.command(f"{VIEW}:list_plans", name="list", sort_key=1, help="Every plan: what it is worth, and why.")
app.command(f"{VIEW}:show", name="show", sort_key=2, help="One plan: its restore points and drills.")
app.command(f"{ACT}:run", name="run", sort_key=3, help="Take a restore point now, and follow it.")
app.command(f"{ACT}:drill", name="drill", sort_key=4, help="Prove a point: restore it in a sandbox and compare.")
app.command(f"{ACT}:restore", name="restore", sort_key=5, help="Restore a point into an empty folder.")
app.command(f"{VIEW}:preview", name="preview", sort_key=6, help="What retention would keep and remove now.")
app.command(f"{VIEW}:coverage", name="coverage", sort_key=7, help="What needs a backup and has none.")
