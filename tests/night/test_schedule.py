"""One night on real hosts: from the schedule in a file to the line in the report."""

from datetime import datetime, timedelta

import pytest

from models import clock
from models.queries import journal
from models.queries.daily_operations import Period
from models.records import Slot
from models.vocabulary import Outcome, RunState, SlotState, Trigger
from tasks.tools.rendering import Wanted, make_report
from tests.desk.conftest import real_watchbill
from tests.stack import Stack, job_of, once_at, until

pytestmark = [pytest.mark.drill, pytest.mark.timeout(600)]


def test_a_scheduled_job_goes_from_its_slot_over_every_host_into_the_report(stack: Stack) -> None:
    began = clock.now()
    due = began + timedelta(seconds=3)
    script = 'echo x >> ~/nightly; echo "hello from $WATCHBILL_RUN"'
    stack.reapply(job_of("nightly", script, once_at(due), on="tag=lab"))
    run = stack.wait(stack.wait_for_run_of("nightly"))
    assert (run.outcome, run.trigger, run.summary) == (Outcome.OK, Trigger.SCHEDULE, "ok on 3 of 3 hosts")

    (slot,) = stack.slots("nightly")
    assert (slot.state, slot.due_at, run.slot_id) == (SlotState.DONE, due.replace(microsecond=0), slot.id)
    (row,) = stack.outbox(run.number)
    assert (row.result, row.key) == (run.flow_run_id, f"run/{run.id}/1/0")
    hosts = [row for row in stack.task_log(run.number) if row.host]
    assert sorted((row.host, row.outcome, row.exit_code) for row in hosts) == [
        (host, Outcome.OK, 0) for host in ("web1", "web2", "web3")
    ]
    assert {row.task for row in stack.task_log(run.number)} == {"claim-run", "run-on-hosts", "close-run"}
    assert {row.flow_run_id for row in hosts} == {run.flow_run_id}
    assert [stack.effects("nightly", host) for host in ("web1", "web2", "web3")] == [["x"]] * 3
    # Prefect's own word comes a moment after ours.
    with stack.prefect() as prefect:
        until(lambda: prefect.state_of(run.flow_run_id or "") == "COMPLETED", why=stack.explain)
    assert stack.moves(run.number) == ["queue", "dispatch", "claim", "end"]
    with stack.database.read() as session:
        assert journal.verify(session, stack.settings.anchors).rows > 0
        period = Period(began - timedelta(hours=1), clock.now())
        made = make_report(session, Wanted("daily-operations", period), stack.settings.templates)
    assert "nightly" in made.files["txt"].decode()


def test_a_run_by_hand_waits_while_the_relay_is_down_and_then_drains_once(stack: Stack) -> None:
    stack.reapply(job_of("by-hand", "echo x >> ~/by-hand"))
    with stack.stopped("relay"):
        number = stack.run("by-hand")
        (row,) = stack.outbox(number)
        assert (stack.record(number).state, row.sent_at) == (RunState.DISPATCHED, None)
    assert stack.wait(number).outcome is Outcome.OK
    assert len(stack.outbox(number)) == 1
    assert stack.effects("by-hand") == ["x"]


def test_a_job_waits_for_its_event_every_night_anew_and_is_missed_without_it(stack: Stack) -> None:
    first = (clock.now() + timedelta(seconds=5)).replace(microsecond=0)
    second = first + timedelta(seconds=40)
    nights = f"schedule: {{every: 40s, anchor: '{first.isoformat()}'}}\n"
    stack.reapply(job_of("sales", "echo x >> ~/sales", nights + "wait_for_event: {name: load-done, up_to: 25s}\n"))

    def slot_of(due: datetime) -> Slot:
        return next(slot for slot in stack.slots("sales") if slot.due_at == due)

    def until_it_waits(due: datetime) -> None:
        until(lambda: (slot_of(due).reason or "").startswith("waits for the event load-done until"), why=stack.explain)
        assert slot_of(due).state is SlotState.EXPECTED

    until(lambda: [slot for slot in stack.slots("sales") if slot.due_at == second], why=stack.explain)
    until_it_waits(first)
    assert stack.effects("sales") == []
    home = {"WATCHBILL_HOME": str(stack.settings.home), "WATCHBILL_SITE": str(stack.settings.site)}
    sent = real_watchbill("event", "send", "load-done", "--source", "dwh", "--json", environment=home)
    assert sent.code == 0, sent.err
    assert [job["due_at"] for job in sent.json["jobs"]] == [first.isoformat()]
    run = stack.wait(stack.wait_for_run_of("sales"))
    assert (run.outcome, run.trigger, run.slot_id) == (Outcome.OK, Trigger.SCHEDULE, slot_of(first).id)
    assert (slot_of(first).event_id, slot_of(first).was_late) == (sent.json["event"]["event"], False)
    assert stack.effects("sales") == ["x"]

    until_it_waits(second)
    until(lambda: slot_of(second).state is SlotState.MISSED, why=stack.explain)
    assert clock.now() > second + timedelta(seconds=25)
    reason = slot_of(second).reason or ""
    assert reason.startswith("the event load-done did not come between ")
    assert stack.effects("sales") == ["x"], "the first night's event released the first night only"
    found = real_watchbill("job", "show", "sales", "--json", environment=home).json
    assert [alarm["kind"] for alarm in found["alarms"]] == ["missed"]
    with stack.database.read() as session:
        wanted = Wanted("daily-operations", Period(first - timedelta(hours=1), clock.now()))
        made = make_report(session, wanted, stack.settings.templates)
    assert "the event load-done did not come between" in " ".join(made.files["txt"].decode().split())
