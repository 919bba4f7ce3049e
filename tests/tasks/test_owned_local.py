"""The owned command on this machine: what the host-side wrapper promises, without a line in between."""

import hashlib
import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from models import clock
from models.vocabulary import HostFault, Outcome
from tasks.tools.ssh import CommandResult, HostPool, OwnedCommand, Target
from tests.drills.ssh_lab import command, new_key, shell, until
from tests.tasks.owned_lab import diary, end_marked, has, in_thread, lose

TEXT = some.text(some.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
NASTY = some.sampled_from(
    ["", "-n", "--", "-", "$(id)", "`id`", "it's", 'say "x"', "a\nb", "\n", "*", "~", "\\", "ü€😀"]
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=some.lists(TEXT | NASTY, min_size=1, max_size=6))
def test_every_argument_arrives_byte_for_byte(here: Target, pool: HostPool, words: list[str]) -> None:
    result = pool.run(here, command("/usr/bin/printf", "%s\\0", *words))
    assert result.stdout.head == b"".join(word.encode() + b"\0" for word in words)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=TEXT | NASTY, name=some.sampled_from(["GREETING", "key", "run", "base", "IFS", "PATH2"]))
def test_environment_and_secrets_arrive_byte_for_byte(here: Target, pool: HostPool, value: str, name: str) -> None:
    show = ("/usr/bin/printenv", "-0", name, "SECRET")
    result = pool.run(here, command(*show, environment={name: value}, secrets={"SECRET": value}))
    assert result.stdout.head == f"{value}\0{value}\0".encode()


@pytest.mark.parametrize(
    ("line", "outcome", "code", "reason"),
    [
        ("exit 0", Outcome.OK, 0, "good"),
        ("exit 3", Outcome.FAILED, 3, "its own code"),
        ("exit 124", Outcome.FAILED, 124, "the code of a deadline, but it ended at once"),
        ("exit 75", Outcome.FAILED, 75, "the code of a busy lock, but it ran"),
        ("kill -9 $$", Outcome.FAILED, 137, "ended by a signal, and the host saw it"),
        ("nonesuch-command", Outcome.FAILED, 127, "not there"),
    ],
)
def test_an_exit_code_is_the_commands_own(
    here: Target, pool: HostPool, line: str, outcome: Outcome, code: int, reason: str
) -> None:
    result = pool.run(here, shell(line))
    assert (result.outcome, result.exit_code) == (outcome, code), reason
    assert b"Killed" not in result.stderr.head


def test_a_command_that_ignores_term_ends_at_its_deadline(here: Target, pool: HostPool) -> None:
    started = time.monotonic()
    result = pool.run(
        here, shell("trap '' HUP TERM; echo on; while :; do sleep 0.1; done", seconds=1, kill_grace_seconds=1)
    )
    assert (result.outcome, result.fault) == (Outcome.TIMED_OUT, HostFault.TIMEOUT)
    assert result.stdout.text() == "on\n"
    assert time.monotonic() - started < 6


def test_a_child_that_left_the_group_is_ended_at_the_deadline_and_named(here: Target, pool: HostPool) -> None:
    result = pool.run(here, shell("setsid sleep 61 & trap '' TERM; sleep 62", seconds=1, kill_grace_seconds=1))
    assert result.outcome is Outcome.TIMED_OUT
    assert ":sleep" in result.message


def test_a_script_is_run_with_its_arguments(here: Target, pool: HostPool) -> None:
    owned = OwnedCommand(new_key(), ("a b", "$x"), 30, script=b'#!/bin/sh\nprintf "%s|" "$@"\nexit 4\n')
    result = pool.run(here, owned)
    assert (result.exit_code, result.stdout.text()) == (4, "a b|$x|")


def test_a_script_and_secrets_come_by_the_same_stream_unmixed(here: Target, pool: HostPool) -> None:
    script = b"#!/bin/sh\necho $TOKEN\n# " + b"x" * 200_000
    result = pool.run(here, OwnedCommand(new_key(), (), 30, script=script, secrets={"TOKEN": "t'1\n"}))
    assert result.stdout.text() == "t'1\n"


def test_a_long_output_is_kept_by_head_and_tail_and_hashed_whole(here: Target, pool: HostPool) -> None:
    result = pool.run(here, shell("seq 1 200000; seq 1 100000 >&2"))
    stdout = b"".join(b"%d\n" % number for number in range(1, 200001))
    stderr = b"".join(b"%d\n" % number for number in range(1, 100001))
    for kept, whole in ((result.stdout, stdout), (result.stderr, stderr)):
        assert (kept.size, kept.sha256) == (len(whole), hashlib.sha256(whole).hexdigest())
        assert (kept.head, kept.tail) == (whole[:65536], whole[-262144:])
        assert kept.cut


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("printf '\\000\\001\\377'", "NULs are no text"),
        ("printf 'no newline'", "the last line has no end"),
        ("printf '\\n\\n'", "only ends of lines"),
        ("printf '\\303\\050'", "no UTF-8"),
        ("head -c 1024 /dev/urandom | tee copy", "the longest that a shell reads by itself"),
        ("head -c 1025 /dev/urandom | tee copy", "one more"),
        ("head -c 65536 /dev/urandom | tee copy", "the head exactly"),
        ("head -c 65537 /dev/urandom | tee copy", "one more"),
        ("for i in $(seq 600); do echo $i; done", "more pieces than the first reader takes"),
    ],
)
def test_output_is_kept_byte_for_byte(tmp_path: Path, here: Target, pool: HostPool, line: str, reason: str) -> None:
    result = pool.run(here, shell(f"cd {tmp_path}; {line}"))
    copy = tmp_path / "copy"
    expected = copy.read_bytes() if copy.exists() else subprocess.check_output(["sh", "-c", line])
    assert result.stdout.head + result.stdout.tail == expected, reason
    assert result.stdout.sha256 == hashlib.sha256(expected).hexdigest(), reason
    again = pool.collect(here, command_key(result, here))
    assert again is not None
    assert again.stdout == result.stdout, reason


def command_key(result: CommandResult, target: Target) -> str:
    """The key of the newest run on a target: results do not repeat it."""
    newest = max(Path(target.run_directory).glob("runs/*/*.state"), key=lambda path: path.stat().st_mtime_ns)
    return f"{newest.parent.name}/{newest.name.removesuffix('.state')}"


def test_a_single_byte_after_a_longer_output_is_measured_as_one(tmp_path: Path, pool: HostPool) -> None:
    target = Target("narrow", connection="local", run_directory=str(tmp_path / "watchbill"), slots=1)
    # What comes in pieces makes dd say more, and what it said stays in the slot behind its next, shorter words.
    longer = pool.run(target, shell("printf eleven-byte; sleep 0.2; printf and-10-more"))
    assert longer.stdout.head == b"eleven-byteand-10-more"
    assert longer.stdout.size == 22
    single = pool.run(target, command("printf", "x"))
    assert (single.stdout.head, single.stdout.size) == (b"x", 1)


def test_a_daemon_that_keeps_standard_output_open_holds_nobody_up(here: Target, pool: HostPool) -> None:
    started = time.monotonic()
    owned = shell("echo ready; setsid sleep 33 & exit 5", lock="daemons")
    result = pool.run(here, owned)
    assert (result.exit_code, result.stdout.text()) == (5, "ready\n")
    assert 1.5 < time.monotonic() - started < 8
    after = pool.run(here, shell("exit 6", lock="daemons"))
    assert after.exit_code == 6, "an escaped daemon must not hold the job's lock"
    assert pool.kill(here, owned.key).message.startswith("had ended before")
    end_marked(owned.key)


def test_a_daemon_after_a_long_output_cuts_nothing_that_came_before(here: Target, pool: HostPool) -> None:
    owned = shell("seq 1 100000; setsid sleep 34 & exit 0")
    result = pool.run(here, owned)
    end_marked(owned.key)
    whole = b"".join(b"%d\n" % number for number in range(1, 100001))
    assert (result.stdout.size, result.stdout.sha256) == (len(whole), hashlib.sha256(whole).hexdigest())
    assert pool.run(here, shell("echo next")).stdout.text() == "next\n", "on pipes of its own"


def test_a_second_run_of_the_same_job_is_busy_and_says_who_holds_it(here: Target, pool: HostPool) -> None:
    first = shell("sleep 30", lock="rotate")
    thread, results = in_thread(pool, here, first)
    until(lambda: has(diary(here, first.key), "started"))
    second = shell("echo ran", lock="rotate")
    result = pool.run(here, second)
    assert (result.outcome, result.fault) == (Outcome.FAILED, HostFault.BUSY)
    assert first.key in result.message
    assert result.stdout.size == 0
    assert pool.run(here, second).fault is HostFault.BUSY, "the same key never runs later"
    assert pool.kill(here, first.key, 1).gone
    thread.join()
    assert results[0].outcome is Outcome.KILLED


def test_a_patient_run_of_the_same_job_waits_for_its_turn(here: Target, pool: HostPool) -> None:
    first = shell("sleep 0.7", lock="patient")
    thread, _ = in_thread(pool, here, first)
    until(lambda: has(diary(here, first.key), "started"))
    result = pool.run(here, shell("echo ran", lock="patient", lock_wait_seconds=10))
    thread.join()
    assert result.stdout.text() == "ran\n"


def test_no_more_commands_run_at_once_than_the_host_has_slots(tmp_path: Path, pool: HostPool) -> None:
    narrow = Target("narrow", connection="local", run_directory=str(tmp_path / "watchbill"), slots=2)
    line = f"cd {tmp_path}; mkdir at-$$; ls -d at-* | wc -l; sleep 0.3; rmdir at-$$"
    pairs = [(narrow, shell(line, lock_wait_seconds=20)) for _ in range(6)]
    counts = [int(result.stdout.text()) for result in pool.run_many(pairs)]
    assert max(counts) == 2
    thread, _ = in_thread(pool, replace(narrow, slots=1), shell("sleep 1"))
    until(
        lambda: any(
            has(path, "started") and not has(path, "exit") for path in tmp_path.glob("watchbill/runs/*/*.state")
        )
    )
    refused = pool.run(replace(narrow, slots=1), shell("echo ran"))
    thread.join()
    assert (refused.fault, refused.message) == (HostFault.BUSY, "all 1 command slots of this host are taken")


def test_the_key_of_a_run_is_started_once_even_by_eight_at_a_time(tmp_path: Path, here: Target, pool: HostPool) -> None:
    owned = shell(f"echo ran >> {tmp_path}/ran; sleep 0.3")
    results = pool.run_many([(here, owned)] * 8)
    assert (tmp_path / "ran").read_text() == "ran\n"
    assert {result.exit_code for result in results} == {0}
    assert sorted(result.attached for result in results) == [False] + [True] * 7


def test_a_command_whose_whole_family_was_killed_from_outside_is_interrupted(
    tmp_path: Path, here: Target, pool: HostPool
) -> None:
    owned = shell(f"echo ran >> {tmp_path}/ran; sleep 30")
    lose(here, owned)
    result = pool.run(here, owned)
    assert (result.outcome, result.fault, result.attached) == (Outcome.UNKNOWN, HostFault.INTERRUPTED, True)
    assert (tmp_path / "ran").read_text() == "ran\n", "never means never"


def test_a_lost_command_that_may_be_repeated_is_started_once_more_and_only_once(
    tmp_path: Path, here: Target, pool: HostPool
) -> None:
    owned = shell(f"echo ran >> {tmp_path}/ran; [ $(wc -l < {tmp_path}/ran) = 2 ] || sleep 30", repeat=True)
    lose(here, owned)
    first, second = pool.run(here, owned), pool.run(here, owned)
    assert (first.outcome, second.outcome) == (Outcome.OK, Outcome.OK)
    assert (tmp_path / "ran").read_text() == "ran\nran\n"
    collected = pool.collect(here, owned.key)
    assert collected is not None
    assert collected.outcome is Outcome.OK


@pytest.mark.parametrize(
    ("lines", "repeat", "outcome", "reason"),
    [
        ("claimed 1 1 {boot} 1.00 99\nstarted 1.00\n", False, Outcome.UNKNOWN, "it ran, and the host went down"),
        ("claimed 1 1 {boot} 1.00 99\nstarted 1.00\n", True, Outcome.OK, "and may be repeated"),
        ("claimed 1 1 {boot} 1.00 99\n", False, Outcome.OK, "it never began, so this is the first time"),
        ("claimed 1 1 {boot} 1.00 99\nstarted 1.00\nexit 5 exit 2.00 \n", False, Outcome.FAILED, "it had ended"),
    ],
)
def test_after_a_reboot_the_diary_says_what_is_known(
    here: Target, pool: HostPool, lines: str, repeat: bool, outcome: Outcome, reason: str
) -> None:
    owned = shell("true", repeat=repeat)
    diary(here, owned.key).parent.mkdir(parents=True, exist_ok=True)
    diary(here, owned.key).write_text(lines.format(boot="00000000-0000-0000-0000-000000000000"))
    result = pool.run(here, owned)
    assert result.outcome is outcome, reason
    if outcome is Outcome.UNKNOWN:
        assert result.fault is HostFault.INTERRUPTED


def test_a_number_that_another_process_got_since_is_not_taken_for_the_runner(here: Target, pool: HostPool) -> None:
    owned = shell("true")
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    diary(here, owned.key).parent.mkdir(parents=True, exist_ok=True)
    diary(here, owned.key).write_text(f"claimed {os.getpid()} 1 {boot} 1.00 99999999\nstarted 1.00\n")
    assert pool.run(here, owned).fault is HostFault.INTERRUPTED


def test_a_lock_and_a_slot_of_a_dead_runner_are_free_again(tmp_path: Path, pool: HostPool) -> None:
    target = Target("narrow", connection="local", run_directory=str(tmp_path / "watchbill"), slots=1)
    owned = shell("sleep 30", lock="job")
    lose(target, owned)
    assert pool.run(target, shell("echo ran", lock="job")).stdout.text() == "ran\n"


def test_a_command_that_outlived_its_runner_still_holds_lock_and_slot(tmp_path: Path, pool: HostPool) -> None:
    target = Target("narrow", connection="local", run_directory=str(tmp_path / "watchbill"), slots=1)
    owned = shell("sleep 30", lock="job")
    with HostPool() as other:
        thread, results = in_thread(other, target, owned)
        until(lambda: has(diary(target, owned.key), "started"))
        time.sleep(0.2)
        os.kill(int(diary(target, owned.key).read_text().split()[1]), signal.SIGKILL)
        assert pool.run(target, shell("true", lock="job")).message == f"the lock job is held by {owned.key}"
        assert pool.run(target, shell("true")).message == "all 1 command slots of this host are taken"
        assert pool.kill(target, owned.key, 1).gone
        thread.join()
    assert results[0].outcome is Outcome.UNKNOWN
    assert pool.run(target, shell("echo ran", lock="job")).stdout.text() == "ran\n"


def test_a_lent_slot_is_taken_from_an_idle_shell_and_left_to_one_that_uses_it(tmp_path: Path, pool: HostPool) -> None:
    target = Target("narrow", connection="local", run_directory=str(tmp_path / "watchbill"), slots=1)
    slot, use = tmp_path / "watchbill/slots/1", tmp_path / "watchbill/slots/1.own.99999"
    owned = shell("sleep 30")
    with HostPool() as other:
        thread, _ = in_thread(other, target, owned)
        until(lambda: has(diary(target, owned.key), "started"))
        use.write_text(f"used {owned.key}\n")
        for line in ("lent 1 99999", f"used {new_key()} 99999"):  # the second: who took it died before he looked
            slot.write_text(f"{line}\n")
            assert pool.run(target, shell("true")).message == "all 1 command slots of this host are taken"
            assert slot.read_text().split("\n")[0].rstrip() == line
        use.write_text("rest\n")
        assert pool.run(target, shell("echo ran")).stdout.text() == "ran\n"
        other.kill(target, owned.key, 1)
        thread.join()


def test_a_look_at_a_running_command_does_not_wait_for_it(here: Target, pool: HostPool) -> None:
    owned = shell("sleep 30")
    thread, _ = in_thread(pool, here, owned)
    until(lambda: has(diary(here, owned.key), "started"))
    result = pool.collect(here, owned.key, wait=False)
    assert result is not None
    assert (result.outcome, result.message) == (Outcome.UNKNOWN, "still running")
    pool.kill(here, owned.key, 1)
    thread.join()


def test_nothing_is_collected_of_what_the_host_never_saw(here: Target, pool: HostPool) -> None:
    assert pool.collect(here, new_key()) is None


def test_times_are_ours_whatever_the_hosts_clock_says(here: Target, pool: HostPool) -> None:
    before = clock.now()
    result = pool.run(here, shell("sleep 0.3"))
    assert before <= result.ended_at <= clock.now()
    assert 0.25 < (result.ended_at - result.started_at).total_seconds() < 2


def test_runs_older_than_a_week_are_cleared_away_and_younger_ones_are_not(tmp_path: Path, pool: HostPool) -> None:
    target = Target("old", connection="local", run_directory=str(tmp_path / "watchbill"))
    for day in ("20261101", "20261114"):
        (tmp_path / "watchbill/runs" / day).mkdir(parents=True)
    result = pool.run(target, command("true", key="20261121/RUN1"))
    assert result.outcome is Outcome.OK
    until(lambda: not (tmp_path / "watchbill/runs/20261101").exists())
    assert (tmp_path / "watchbill/runs/20261114").exists()


@pytest.mark.parametrize(
    ("kept", "reason"),
    [((), "only the day's folder"), (("locks",), "no slots"), (("slots",), "no locks"), (("locks", "slots"), "all")],
)
def test_a_run_directory_of_which_something_was_lost_is_completed(
    tmp_path: Path, pool: HostPool, kept: tuple[str, ...], reason: str
) -> None:
    owned = shell("echo ran", lock="job")
    target = Target("healed", connection="local", run_directory=str(tmp_path / "watchbill"))
    for folder in (f"runs/{owned.key.partition('/')[0]}", *kept):
        (tmp_path / "watchbill" / folder).mkdir(parents=True)
    assert pool.run(target, owned).stdout.text() == "ran\n", reason


def test_a_run_directory_that_cannot_be_made_starts_nothing(tmp_path: Path, pool: HostPool) -> None:
    (tmp_path / "file").write_text("")
    target = Target("full", connection="local", run_directory=str(tmp_path / "file/watchbill"))
    result = pool.run(target, shell(f"touch {tmp_path}/ran"))
    assert (result.outcome, result.fault) == (Outcome.FAILED, HostFault.UNUSABLE)
    assert "Not a directory" in result.message
    assert not (tmp_path / "ran").exists()
    assert pool.probe(target) is HostFault.UNUSABLE


def test_our_own_environment_stays_ours(here: Target, pool: HostPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHBILL_DATABASE_URL", "postgresql://x:canary@y/z")
    assert "canary" not in pool.run(here, command("env")).stdout.text()


def test_a_refused_command_is_a_result_like_every_other(here: Target, pool: HostPool) -> None:
    result = pool.run(here, command("a\0b"))
    assert (result.outcome, result.fault) == (Outcome.FAILED, HostFault.REFUSED_BY_US)


def test_a_fan_out_asks_at_each_turn_and_tells_each_end(here: Target, pool: HostPool) -> None:
    ended: list[CommandResult] = []
    pairs = [(replace(here, name=f"h{number}"), command("echo", str(number))) for number in range(12)]
    other = replace(pool.run(*pairs[0]), host="h7", exit_code=99)
    results = pool.run_many(
        pairs, threads=4, on_turn=lambda target, _: other if target.name == "h7" else None, on_result=ended.append
    )
    said = [result.stdout.text().strip() for result in results if result.host != "h7"]
    assert said == [str(number) for number in range(12) if number != 7]
    assert [result.exit_code for result in results if result.host == "h7"] == [99], "its turn gave another answer"
    assert pool.collect(*pairs_key(pairs[7])) is None, "so the host never saw it"
    assert sorted(result.host for result in ended) == sorted(target.name for target, _ in pairs)
    assert pool.run_many([]) == []


def pairs_key(pair: tuple[Target, OwnedCommand]) -> tuple[Target, str]:
    return pair[0], pair[1].key
