"""request: new, list, show, cancel."""

from cyclopts import App

app = App("request", help="What somebody asks for, from the order until it is there.")

VIEW, WORK = "desk.cli.request_view", "desk.cli.request_work"

app.command(f"{VIEW}:list_requests", name="list", sort_key=1, help="Your requests that are not over, newest first.")
app.command(f"{VIEW}:show", name="show", sort_key=2, help="Everything about one.")
app.command(f"{WORK}:new", name="new", sort_key=3, help="Order an item of the catalogue.")
app.command(f"{WORK}:file", name="file", sort_key=5, help="Write a file of one to this machine.")
app.command(f"{WORK}:cancel", name="cancel", sort_key=4, help="It is wanted no more.")
