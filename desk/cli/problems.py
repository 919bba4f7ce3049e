"""problem: list, show, new, and every move that people make."""

from cyclopts import App

app = App("problem", help="What causes incidents: how it is found, lived with, fixed, and proven to be gone.")

WORK, KNOWN = "desk.cli.problem_work", "desk.cli.problem_known"
ENDS, NOTES = "desk.cli.problem_ends", "desk.cli.problem_notes"
CANDIDATES = "desk.cli.problem_candidates"

app.command("desk.cli.problem_list:list_problems", name="list", sort_key=1, help="What is to be decided next, first.")
app.command("desk.cli.problem_view:show", name="show", sort_key=2, help="Everything about one, with its timeline.")
app.command("desk.cli.problem_new:new", name="new", sort_key=3, help="Open one, out of incidents or your own words.")
app.command(f"{WORK}:assess", name="assess", sort_key=4, help="Say how grave it is.")
app.command(f"{WORK}:investigate", name="investigate", sort_key=5, help="Begin to look for its cause.")
app.command(f"{KNOWN}:find_cause", name="find-cause", sort_key=6, help="Write its root cause down.")
app.command(f"{KNOWN}:known_error", name="known-error", sort_key=7, help="Live with it until it is fixed.")
app.command(f"{KNOWN}:begin_fix", name="begin-fix", sort_key=8, help="Work on the fix.")
app.command(f"{KNOWN}:publish_workaround", name="publish-workaround", sort_key=9, help="Tell its open incidents.")
app.command(f"{KNOWN}:publish_fix", name="publish-fix", sort_key=10, help="Resolve its incidents, and watch.")
app.command(f"{WORK}:assign", name="assign", sort_key=11, help="Give it to a team or a person.")
app.command(f"{WORK}:priority", name="priority", sort_key=12, help="Judge its impact or urgency anew.")
app.command(f"{WORK}:plan", name="plan", sort_key=13, help="Say what comes next until when, and by which change.")
app.command(f"{NOTES}:link", name="link", sort_key=14, help="Say which incidents it causes.")
app.command(f"{NOTES}:unlink", name="unlink", sort_key=15, help="It does not cause these.")
app.command(f"{NOTES}:note", name="note", sort_key=16, help="Write on it: a symptom, a cause, an impact, or anything.")
app.command(f"{NOTES}:why", name="why", sort_key=17, help="Answer the next of the five whys.")
app.command(f"{NOTES}:task", name="task", sort_key=18, help="What is to be done, by whom, until when; what is done.")
app.command(f"{ENDS}:resolve", name="resolve", sort_key=19, help="End the watch before its time: nothing came back.")
app.command(f"{ENDS}:reopen", name="reopen", sort_key=20, help="The fix was none, or a risk is not accepted any more.")
app.command(f"{ENDS}:reanalyse", name="re-analyse", sort_key=21, help="The cause was none: look for it anew.")
app.command(f"{ENDS}:accept_risk", name="accept-risk", sort_key=22, help="Live with it until a date.")
app.command(f"{ENDS}:close", name="close", sort_key=23, help="It is over.")
app.command(f"{ENDS}:cancel", name="cancel", sort_key=24, help="It was none.")
app.command(f"{ENDS}:merge", name="merge", sort_key=25, help="Close it as a duplicate of another.")
app.command(f"{ENDS}:review", name="review", sort_key=26, help="Write down what the major problem review found.")
app.command(f"{CANDIDATES}:list_candidates", name="candidates", sort_key=27, help="What recurs and may be one.")
app.command(f"{CANDIDATES}:candidate", name="candidate", sort_key=28, help="One candidate with its evidence.")
app.command(f"{CANDIDATES}:accept", name="accept", sort_key=29, help="Make a candidate a problem.")
app.command(f"{CANDIDATES}:dismiss", name="dismiss", sort_key=30, help="A candidate is none, and why.")
