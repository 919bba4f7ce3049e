"""approval: list, show, and everything that people do with one."""

from cyclopts import App

app = App("approval", help="What has to be decided, by whom, and what was.")

DECIDE, CARE, FOR = "desk.cli.approval_decide", "desk.cli.approval_care", "desk.cli.approval_delegate"

app.command("desk.cli.approval_list:list_approvals", name="list", sort_key=1, help="What waits for your decision.")
app.command("desk.cli.approval_view:show", name="show", sort_key=2, help="What would change, and who decides.")
app.command(f"{DECIDE}:approve", name="approve", sort_key=3, help="Approve what you have seen.")
app.command(f"{DECIDE}:deny", name="deny", sort_key=4, help="Deny it, and say why.")
app.command(f"{DECIDE}:send_back", name="send-back", sort_key=5, help="Ask for more before you decide.")
app.command(f"{CARE}:answer", name="answer", sort_key=6, help="Say what was asked for.")
app.command(f"{CARE}:comment", name="comment", sort_key=7, help="Say something for everybody who sees it.")
app.command(f"{CARE}:withdraw", name="withdraw", sort_key=8, help="Want no more what you asked for.")
app.command(f"{CARE}:reassign", name="reassign", sort_key=9, help="Let somebody else decide it.")
app.command(f"{FOR}:delegate", name="delegate", sort_key=10, help="Let somebody decide for you, for a time.")
app.command(f"{FOR}:end_delegation", name="end-delegation", sort_key=11, help="Decide yourself again.")
app.command(f"{FOR}:delegations", name="delegations", sort_key=12, help="Who decides for whom.")
