"""What time does to alerts: silences, maintenance, silent sources, and jobs that mend."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.database import Database
from models.errors import Refused
from models.queries import alerts, inbox, journal, runs, silences
from models.queries.event_processing import forgetting, settling
from models.queries.inbox import Tally
from models.queries.states import Because, advance
from models.records import AlertGroup, CorrectiveRun, InboxRow, JournalRow, Run, WorkNote
from models.records import Silence as SilenceRow
from models.rules.event_policies import Corrective, IncidentRule, Opens, Start
from models.rules.event_rule import PolicyRule
from models.rules.event_sources import EventSource
from models.rules.incidents import NewIncident
from models.rules.maintenance import Maintenance
from models.rules.matchers import parse_matchers
from models.rules.silences import Silence
from models.vocabulary import IncidentState, Mute, Outcome, ResolutionCode, RunState, Standing
from tests.records.events_lab import AT_ONCE, Lab, event
from tests.sites import apply_site, job, write_site

M = timedelta(minutes=1)


@pytest.fixture
def lab(database: Database) -> Lab:
    return Lab(database)


def silence(lab: Lab, second: float, minutes: int, matchers: str = "host=web1") -> None:
    now = lab.now(second)
    with lab.database.write() as session:
        wanted = Silence(parse_matchers(matchers), now, now + minutes * M, "ann", "disk change")
        silences.add(session, wanted, now)


def test_a_silenced_alert_opens_nothing_and_is_raised_as_new_when_the_silence_ends(lab: Lab) -> None:
    silence(lab, 0, 60)
    lab.told(5, "+DiskFull host=web1", "+DiskFull host=web2")
    first, second = lab.alerts()
    assert (first.muted_by, first.muted_reason) == (Mute.SILENCE, "SIL000001 of ann: disk change")
    assert (first.incident_id, second.incident_id) == (None, 1)
    lab.look(3600)
    assert (lab.alerts()[0].standing, lab.alerts()[0].incident_id) == (Standing.OPEN, 1)
    assert lab.actions() == ["fire", "mute", "fire", "raise"]
    with lab.database.read() as session:
        assert session.scalars(select(SilenceRow.ended_by)).one() == "clock"
        tags = list(session.scalars(select(JournalRow.tag).where(JournalRow.subject == "silence/1")))
        assert tags == ["events:silence:set", "events:silence:end"]


def test_a_silence_set_on_what_fires_already_keeps_its_incident(lab: Lab) -> None:
    lab.told(0, "+DiskFull host=web1")
    silence(lab, 5, 60)
    lab.look(6)
    assert (lab.alert().standing, lab.incident().state) == (Standing.HELD, IncidentState.NEW)
    lab.told(10, "-DiskFull host=web1")
    assert lab.incident().state is IncidentState.RESOLVED, "an end passes through"


def test_the_author_of_a_silence_is_reminded_once_before_its_end(lab: Lab) -> None:
    silence(lab, 0, 120)
    assert lab.look(5399).silences == 0
    assert (lab.look(5400).silences, lab.look(5401).silences) == (1, 0)
    with lab.database.read() as session:
        assert session.scalars(select(SilenceRow.reminded_at)).one() == lab.now(5400)


@pytest.mark.parametrize(
    ("matchers", "ends", "words"),
    [("", 60, "it would silence every alert"), ("a=b", -1, "it ends at"), ("a=b,a=c", 60, "cannot both hold")],
)
def test_a_silence_that_cannot_be_is_refused_and_leaves_nothing(lab: Lab, matchers: str, ends: int, words: str) -> None:
    with pytest.raises(Refused, match=words):
        silence(lab, 0, ends, matchers)
    with lab.database.read() as session:
        assert session.scalars(select(SilenceRow)).all() == []


def test_maintenance_keeps_alerts_of_its_hosts_quiet_until_it_is_over(lab: Lab, tmp_path: Path) -> None:
    window = (
        "calendars:\n  patches:\n    windows:\n"
        "      - {starts: 2026-11-21T13:00:00, ends: 2026-11-21T14:00:00, reason: patches}\n"
    )
    apply_site(lab.database, write_site(tmp_path / "site", job("sales"), calendars=window))
    lab.registered().handled(maintenance={"patching": Maintenance("patches", hosts=("web1",))})
    lab.told(0, "+HostDown host=web1")
    assert (lab.alert().muted_by, lab.incidents()) == (Mute.MAINTENANCE, [])
    assert "patches" in (lab.alert().muted_reason or "")
    lab.look(3599)
    assert lab.alert().standing is Standing.HELD
    lab.look(3600)
    assert (lab.alert().standing, len(lab.incidents())) == (Standing.OPEN, 1)


def test_a_source_that_falls_silent_is_an_incident_until_it_is_heard_again(lab: Lab) -> None:
    source = EventSource("backup-host", token="secret://x", expected_every=10 * M)
    lab.book = replace(lab.book, sources={"backup-host": source}, known_since={"backup-host": lab.now(0)})
    lab.memory = None
    assert lab.look(599).sources == 0
    assert (lab.look(600).sources, lab.look(601).sources) == (1, 1)
    with lab.database.read() as session:
        assert len(session.scalars(select(InboxRow)).all()) == 1, "it is said once"
    lab.work(602)
    lab.look(640)
    assert (lab.alert().name, lab.incident().state) == ("event source backup-host is silent", IncidentState.NEW)
    assert lab.look(650).sources == 0
    with lab.database.write() as session:
        inbox.tally(session, {"backup-host": Tally(requests=1, last_received_at=lab.now(660))})
    lab.look(661)
    lab.work(662)
    assert (lab.alert().state, lab.incident().state) == ("resolved", IncidentState.RESOLVED)


def test_a_candidate_becomes_an_incident_when_a_person_says_so(lab: Lab) -> None:
    lab.handled(defaults=PolicyRule(incident=IncidentRule(opens=Opens.CANDIDATE)))
    lab.told(0, "+HostDown host=web1")
    with lab.database.write() as session:
        (group,) = alerts.candidates(session)
        alerts.accept(session, alerts.find(session, "1"), "ann", lab.now(5))
        assert group.accepted_by == "ann"
    lab.look(6)
    assert (lab.incident().title, lab.alert().incident_id) == ("HostDown", 1)
    with lab.database.read() as session:
        assert alerts.candidates(session) == []


def test_a_group_that_cannot_be_settled_does_not_keep_the_others_waiting(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.handled(route=replace(AT_ONCE, group_wait=timedelta(seconds=30)))
    lab.told(0, "+HostDown host=web1", "+DiskFull host=web1")
    real = settling.new_incident

    def refuse(session: Session, group: AlertGroup, *others: Any) -> NewIncident:
        journal.append(session, journal.Fact("test:group:half", f"alert_group/{group.id}", "test"))
        if group.id == 1:
            raise Refused("there is no such impact")
        return real(session, group, *others)

    with monkeypatch.context() as patched:
        patched.setattr(settling, "new_incident", refuse)
        lab.look(30)
    assert [one.title for one in lab.incidents()] == ["DiskFull"]
    with lab.database.read() as session:
        halves = session.scalars(select(JournalRow.subject).where(JournalRow.tag == "test:group:half")).all()
        assert halves == ["alert_group/2"], "what was taken back is not told"
    lab.look(90)
    assert [one.title for one in lab.incidents()] == ["DiskFull", "HostDown"]


def test_what_is_over_is_forgotten_when_it_is_old_and_its_incident_stays(lab: Lab) -> None:
    lab.told(0, "+HostDown host=web1", "+DiskFull host=web1")
    lab.told(5, "-HostDown host=web1")
    lab.look(400)
    with lab.database.write() as session:
        assert forgetting.forget(session, lab.now(65), M) == 0, "as long as it is kept"
        assert forgetting.forget(session, lab.now(66), M) == 1
        assert forgetting.forget(session, lab.now(66), M) == 0
    assert [alert.name for alert in lab.alerts()] == ["DiskFull"], "what fires is never forgotten"
    assert len(lab.incidents()) == 2
    lab.memory = None
    lab.told(70, "+HostDown host=web1")
    assert [alert.name for alert in lab.alerts()] == ["DiskFull", "HostDown"]


CORRECTIVE = Corrective(job="restart", on="host={host}", attempts=2, wait=2 * M)


@pytest.fixture
def mending(lab: Lab, tmp_path: Path) -> Lab:
    apply_site(lab.database, write_site(tmp_path / "site", job("restart")))
    return lab.registered().handled(defaults=PolicyRule(corrective=(CORRECTIVE,)))


def end_run(lab: Lab, second: float, outcome: Outcome = Outcome.OK) -> None:
    """The newest run has ended, as a worker would say it."""
    with lab.database.write() as session:
        run = session.scalars(select(Run).order_by(Run.id.desc()).limit(1)).one()
        assert run.state is RunState.DISPATCHED
        claimed = runs.claim(session, run.id, 1, "w")
        advance(
            session, session.get_one(Run, claimed.run_id), "end", Because("w"),
            outcome=outcome, ended_at=lab.now(second), lease_until=None,
        )  # fmt: skip


def notes(lab: Lab) -> list[str]:
    with lab.database.read() as session:
        return list(session.scalars(select(WorkNote.text).order_by(WorkNote.id)))


def attempts(lab: Lab) -> list[tuple[int, bool | None]]:
    with lab.database.read() as session:
        found = session.scalars(select(CorrectiveRun).order_by(CorrectiveRun.id))
        return [(one.attempt, one.has_worked) for one in found]


def test_a_job_mends_what_an_alert_says_and_the_incident_says_so(mending: Lab) -> None:
    lab = mending
    lab.told(0, "+HttpDown host=web2")
    with lab.database.read() as session:
        run = runs.get(session, 1)
        assert (run.job, run.requested_by, [host for wave in run.plan["waves"] for host in wave]) == (
            "restart",
            "events",
            ["web2"],
        )
    end_run(lab, 20)
    lab.told(30, "-HttpDown host=web2")
    incident = lab.incident()
    assert (incident.state, incident.resolution_code) == (IncidentState.RESOLVED, ResolutionCode.FIXED)
    assert incident.resolution == "all its alerts are resolved; the job restart mended it"
    first = "attempt 1 of 2 to mend HttpDown by the job restart: RUN000001"
    assert notes(lab) == [first, f"{first}: the alert has cleared"]
    assert attempts(lab) == [(1, True)]


def test_it_is_tried_again_and_after_the_last_attempt_the_incident_says_that_a_person_is_needed(mending: Lab) -> None:
    lab = mending
    lab.told(0, "+HttpDown host=web2")
    lab.look(121)
    assert attempts(lab) == [(1, None)], "its run has not ended"
    end_run(lab, 125)
    lab.look(130)
    lab.look(244)
    assert attempts(lab) == [(1, None)], "the alert has two minutes to clear"
    lab.look(246)
    assert attempts(lab) == [(1, False), (2, None)]
    end_run(lab, 250, Outcome.FAILED)
    lab.look(366)
    lab.look(372)
    assert attempts(lab) == [(1, False), (2, False)]
    assert notes(lab)[-1].endswith("that was the last of 2: a person is needed")
    lab.told(380, "+HttpDown host=web2")
    lab.look(900)
    assert attempts(lab) == [(1, False), (2, False)], "and nothing more is tried"
    lab.told(910, "-HttpDown host=web2")
    assert lab.incident().resolution_code is ResolutionCode.CLEARED_BY_ITSELF


def test_what_cannot_be_started_is_said_and_tried_again(lab: Lab, tmp_path: Path) -> None:
    apply_site(lab.database, write_site(tmp_path / "site", job("restart")))
    gone = replace(CORRECTIVE, job="restart-all", on=None)
    lab.registered().handled(defaults=PolicyRule(corrective=(gone,)))
    lab.told(0, "+HttpDown host=web2")
    lab.look(121)
    assert attempts(lab) == [(1, False), (2, None)]
    assert "it could not be started: there is no job 'restart-all' in force" in notes(lab)[0]


def test_a_label_that_says_more_than_a_name_chooses_no_hosts(mending: Lab) -> None:
    wide = event("+HttpDown")._replace(labels={"host": "web1 or tag=web"})
    mending.told(0, wide)
    assert "is no name that a host filter takes: 'web1 or tag=web'" in notes(mending)[0]
    with mending.database.read() as session:
        assert session.scalars(select(Run)).all() == []


def test_what_waits_for_approval_is_not_started_by_itself(lab: Lab, tmp_path: Path) -> None:
    apply_site(lab.database, write_site(tmp_path / "site", job("restart")))
    asked = replace(CORRECTIVE, start=Start.AFTER_APPROVAL)
    lab.registered().handled(defaults=PolicyRule(corrective=(asked,)))
    lab.told(0, "+HttpDown host=web2")
    assert attempts(lab) == []


def test_nothing_more_is_tried_for_an_alert_that_somebody_owns(mending: Lab) -> None:
    lab = mending
    lab.told(0, "+HttpDown host=web2")
    end_run(lab, 5)
    with lab.database.write() as session:
        alerts.acknowledge(session, alerts.find(session, "1"), "ann", None, lab.now(10))
    lab.look(130)
    assert attempts(lab) == [(1, False)]
    assert notes(lab)[-1].endswith("no more is tried: somebody owns the alert")
