"""incident: list, show, new, and every move that people make."""

from cyclopts import App

app = App("incident", help="What is broken for people: who works on it, what is promised, how it ends.")

WORK, ENDS = "desk.cli.incident_work", "desk.cli.incident_ends"
NOTES = "desk.cli.incident_notes"

app.command("desk.cli.incident_list:list_incidents", name="list", sort_key=1, help="Those first that breach first.")
app.command("desk.cli.incident_view:show", name="show", sort_key=2, help="Everything about one, with its timeline.")
app.command("desk.cli.incident_new:new", name="new", sort_key=3, help="Open one.")
app.command("desk.cli.incident_edit:edit", name="edit", sort_key=4, help="Correct what it says.")
app.command(f"{WORK}:take", name="take", sort_key=5, help="Begin the work on it: it is yours.")
app.command(f"{WORK}:assign", name="assign", sort_key=6, help="Give it to a team or a person.")
app.command(f"{WORK}:priority", name="priority", sort_key=7, help="Judge its impact or urgency anew.")
app.command(f"{WORK}:escalate", name="escalate", sort_key=8, help="Ask whoever answers for its team for help.")
app.command(f"{WORK}:hold", name="hold", sort_key=9, help="Let it wait for somebody else.")
app.command(f"{WORK}:resume", name="resume", sort_key=10, help="Go on with it.")
app.command(f"{NOTES}:note", name="note", sort_key=11, help="Write on it.")
app.command(f"{NOTES}:link", name="link", sort_key=12, help="Link it with an incident, a run, a host ...")
app.command(f"{NOTES}:unlink", name="unlink", sort_key=13, help="Undo a link.")
app.command(f"{ENDS}:merge", name="merge", sort_key=14, help="Close it as a duplicate of another.")
app.command(f"{ENDS}:resolve", name="resolve", sort_key=15, help="Write down what solved it.")
app.command(f"{ENDS}:reopen", name="reopen", sort_key=16, help="The solution was none.")
app.command(f"{ENDS}:close", name="close", sort_key=17, help="The solution is accepted.")
app.command(f"{ENDS}:cancel", name="cancel", sort_key=18, help="It was none.")
app.command("desk.cli.incident_major:major", name="major", sort_key=19, help="Major incidents: decide, lead, tell.")
app.command("desk.cli.incident_survey:survey", name="survey", sort_key=20, help="Say how content its caller is.")
