"""incident: list, show, new, and every move that people make."""

from cyclopts import App

app = App("incident", help="What is broken for people: who works on it, what is promised, how it ends.")

WORK, ENDS = "desk.cli.incident_work", "desk.cli.incident_ends"
NOTES = "desk.cli.incident_notes"

app.command(
    "desk.cli.incident_list:list_incidents",
    name="list",
    sort_key=1,
    help="The incidents: those first that breach first.",
)
app.command(
    "desk.cli.incident_view:show", name="show", sort_key=2, help="Everything about an incident, with its timeline."
)
app.command("desk.cli.incident_new:new", name="new", sort_key=3, help="Open an incident.")
app.command("desk.cli.incident_edit:edit", name="edit", sort_key=4, help="Correct what an incident says.")
app.command(f"{WORK}:take", name="take", sort_key=5, help="Begin the work on an incident: it is yours.")
app.command(f"{WORK}:assign", name="assign", sort_key=6, help="Give an incident to a team or a person.")
app.command(f"{WORK}:priority", name="priority", sort_key=7, help="Judge the impact or urgency of an incident anew.")
app.command(f"{WORK}:escalate", name="escalate", sort_key=8, help="Ask whoever answers for the team for help.")
app.command(f"{WORK}:hold", name="hold", sort_key=9, help="Let an incident wait for somebody else.")
app.command(f"{WORK}:resume", name="resume", sort_key=10, help="Go on with an incident that waited.")
app.command(f"{NOTES}:note", name="note", sort_key=11, help="Write on an incident.")
app.command(f"{NOTES}:link", name="link", sort_key=12, help="Link an incident with another, a run, a host ...")
app.command(f"{NOTES}:unlink", name="unlink", sort_key=13, help="Undo a link of an incident.")
app.command(f"{ENDS}:merge", name="merge", sort_key=14, help="Close an incident as a duplicate of another.")
app.command(f"{ENDS}:resolve", name="resolve", sort_key=15, help="Write down what solved an incident.")
app.command(f"{ENDS}:reopen", name="reopen", sort_key=16, help="Refuse a solution: it was none.")
app.command(f"{ENDS}:close", name="close", sort_key=17, help="Accept a solution.")
app.command(f"{ENDS}:cancel", name="cancel", sort_key=18, help="Say that an incident was none.")
app.command(
    "desk.cli.incident_major:major", name="major", sort_key=19, help="Major incidents: decide, lead, tell, review."
)
app.command(
    "desk.cli.incident_survey:survey", name="survey", sort_key=20, help="Say how content the caller of an incident is."
)
