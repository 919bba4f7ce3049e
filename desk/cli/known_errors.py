"""known-error: list, show, new, edit, publish, retire, use."""

from cyclopts import App

app = App("known-error", help="Trouble without a fix yet: how it is recognised, and what helps meanwhile.")

VIEW, WRITE = "desk.cli.known_error_view", "desk.cli.known_error_write"

app.command(f"{VIEW}:list_known_errors", name="list", sort_key=1, help="All that are not retired, with their counts.")
app.command(f"{VIEW}:show", name="show", sort_key=2, help="Everything about one, with its newest uses.")
app.command(f"{WRITE}:new", name="new", sort_key=3, help="Write one down, as a draft.")
app.command(f"{WRITE}:edit", name="edit", sort_key=4, help="Say it better.")
app.command(f"{WRITE}:publish", name="publish", sort_key=5, help="Suggest it for incidents that it fits.")
app.command(f"{WRITE}:retire", name="retire", sort_key=6, help="Suggest it no more.")
app.command(f"{WRITE}:use", name="use", sort_key=7, help="Say that it was used on an incident, and whether it worked.")
