"""The readings of one host by one command, on this machine: each kind as it is, and what does not answer."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from models import clock
from models.site.probes import Probe
from models.vocabulary import HostFault, Outcome, ProbeVerdict
from tasks.tools.capture import kept
from tasks.tools.probes import on_host
from tasks.tools.probes.on_host import HostReading
from tasks.tools.ssh import CommandResult, HostPool, Target
from tests.drills.ssh_lab import command
from tests.tasks.probes.made import probe

OK, WARNING, CRITICAL, UNKNOWN = ProbeVerdict


def read(pool: HostPool, here: Target, *probes: Probe, memory: dict[str, int] | None = None):
    """What each of the probes found."""
    readings = [HostReading(one, memory or {}) for one in probes]
    tag = on_host.new_tag()
    result = pool.run(here, command(*on_host.command_for(readings, tag)))
    return on_host.readings_of(readings, result, tag)


def value(found, name: str) -> float:
    return next(measure.value for measure in found.measures if measure.name == name)


def plugin(script: str, **keys) -> Probe:
    return probe(command={"argv": ["sh", "-c", script]}, **keys)


def test_one_command_reads_every_kind(pool, here, tmp_path):
    (tmp_path / "log").write_text("done\n")
    disk, load, process, log, command = read(
        pool,
        here,
        probe(disk={"mount": "/"}),
        probe(load={}),
        probe(process={"pattern": "."}),
        probe(log={"file": str(tmp_path / "log"), "age": {"critical": "1h"}}),
        plugin("echo 'HM | a=1'; exit 1"),
    )
    assert 0 <= value(disk, "free") <= 100
    room = os.statvfs("/")
    assert value(disk, "free bytes") == pytest.approx(room.f_bavail * room.f_frsize, rel=0.05)
    assert value(load, "load per core") == pytest.approx(os.getloadavg()[1] / (os.cpu_count() or 1), abs=2)
    assert value(process, "processes") > 0
    assert value(log, "age") < 60
    assert (command.verdict, command.text, value(command, "a")) == (WARNING, "HM", 1)


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_the_readings_are_the_same_by_every_shell(shell, tmp_path):
    """What a host calls sh is not ours to choose."""
    (tmp_path / "log").write_text("a\ndone\nun")
    probes = [
        probe(disk={"mount": "/"}),
        probe(load={}),
        probe(process={"pattern": "^no such process$", "at_least": 0}),
        probe(log={"file": str(tmp_path / "log"), "pattern": "^done$", "age": {"critical": "1h"}}),
        plugin("printf 'one\\ntwo\\000\\n'; exit 2"),
    ]
    tag = on_host.new_tag()
    argv = on_host.command_for([HostReading(one) for one in probes], tag)
    done = subprocess.run([shell, *argv[1:]], capture_output=True, timeout=20, check=True)
    now = clock.now()
    result = CommandResult("it", Outcome.OK, None, 0, now, now, kept(done.stdout), kept(b""), "")
    found = on_host.readings_of([HostReading(one) for one in probes], result, tag)
    assert [one.verdict for one in found] == [OK, OK, OK, OK, CRITICAL]
    assert found[3].memory["position"] == len("a\ndone\n"), "half a line is left for the next time"
    assert done.stderr == b""


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process with a name of its own, as long as the test."""
    code = "import time; time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", code, "watched daemon", "--flag"])
    yield process
    process.kill()
    process.wait()


def test_a_process_is_found_until_it_is_gone(pool, here, sleeper):
    watched = probe(process={"pattern": r"watched daemon --flag$"})
    (found,) = read(pool, here, watched)
    assert value(found, "processes") == 1, "and not our own command that looks for it"
    sleeper.kill()
    while Path(f"/proc/{sleeper.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z":
        time.sleep(0.01)
    (found,) = read(pool, here, watched)
    assert value(found, "processes") == 0, "a zombie is none"


def test_a_process_is_found_by_the_name_that_the_kernel_keeps(pool, here, tmp_path):
    program = tmp_path / "a.very[long]name-indeed"
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([str(program), "30"]) as process:
        whole, other = read(
            pool, here, probe(process={"name": program.name}), probe(process={"name": "aXvery[long]nam", "at_least": 0})
        )
        process.kill()
    assert value(whole, "processes") == 1
    assert value(other, "processes") == 0, "a name is no pattern"


def log_probe(file: Path, pattern: str = "done") -> Probe:
    return probe(log={"file": str(file), "pattern": pattern, "age": {"critical": "1h"}})


def test_a_log_is_searched_only_where_it_is_new(pool, here, tmp_path):
    file = tmp_path / "app.log"
    file.write_text("done 1\n")
    (first,) = read(pool, here, log_probe(file))
    seen = first.memory["seen"]
    assert first.memory["position"] == 7
    with file.open("a") as log:
        log.write("other\nhalf of a line that says do")
    (second,) = read(pool, here, log_probe(file), memory=dict(first.memory, seen=seen - 100))
    assert (second.memory["seen"], second.memory["position"]) == (seen - 100, 13), "nothing new matches"
    with file.open("a") as log:
        log.write("ne\n")
    (third,) = read(pool, here, log_probe(file), memory=dict(second.memory))
    assert third.memory["seen"] >= seen, "a line that was written in two halves is found"


def test_a_log_that_was_rotated_is_read_from_its_beginning(pool, here, tmp_path):
    file = tmp_path / "app.log"
    file.write_text("x" * 100 + "\n")
    (first,) = read(pool, here, log_probe(file))
    file.rename(tmp_path / "app.log.1")
    file.write_text("done\n" + "y" * 200 + "\n")
    (second,) = read(pool, here, log_probe(file), memory=dict(first.memory))
    assert "seen" in second.memory
    file.write_text("done\n")
    (third,) = read(pool, here, log_probe(file), memory={**second.memory, "seen": 1})
    assert third.memory["seen"] > 1, "cut back in place it is new, too"


def test_only_the_end_of_a_long_log_is_searched(pool, here, tmp_path):
    file = tmp_path / "app.log"
    with file.open("w") as log:
        log.write("done at first\n")
        log.write(("z" * 99 + "\n") * 50_000)
    (found,) = read(pool, here, log_probe(file))
    assert "seen" not in found.memory
    assert found.memory["position"] == file.stat().st_size


def test_what_hangs_keeps_nobody_else_from_answering(pool, here):
    began = time.monotonic()
    slow, stubborn, quick = read(
        pool,
        here,
        plugin("sleep 30", timeout="1s"),
        plugin("trap '' TERM; sleep 30; sleep 30", timeout="1s"),
        plugin("echo fine"),
    )
    assert (slow.verdict, stubborn.verdict, quick.verdict) == (UNKNOWN, UNKNOWN, OK)
    assert slow.text == "gave no answer within 1 s"
    assert time.monotonic() - began < 8


def test_words_of_a_plugin_can_be_anything(pool, here):
    long, steering, forging, shown = read(
        pool,
        here,
        plugin("yes | head -c 1000000; exit 2"),
        plugin("printf '\\033[31mred\\377'; exit 1"),
        plugin("echo '0123456789abcdef 3 exit 2'; echo; exit 0"),
        plugin('echo "it\'s $HOME; `id -u` *"'),
    )
    assert (long.verdict, long.text) == (CRITICAL, "y"), "more than is kept does not end it"
    assert (steering.verdict, steering.text) == (WARNING, "\\x1b[31mred\\xff")
    assert (forging.verdict, shown.verdict) == (OK, OK), "nobody speaks for another probe"


def test_a_host_that_cannot_be_reached_says_nothing_about_its_disk(pool):
    away = Target("away", address="127.0.0.1", port=1, host_keys=("ssh-ed25519 AAAA",))
    disk, load = read(pool, away, probe(disk={"mount": "/"}), probe(load={}))
    assert disk.verdict is load.verdict is UNKNOWN
    assert disk.text.startswith("away: ")


def test_what_the_host_did_not_say_is_unknown():
    tag, now = on_host.new_tag(), clock.now()
    readings = [HostReading(plugin("x")), HostReading(plugin("y")), HostReading(plugin("z"))]
    said = f"{tag} 0 text fine\n{tag} 0 exit 0\n{tag} 1 text half\n".encode()
    result = CommandResult(
        "web1", Outcome.TIMED_OUT, HostFault.TIMEOUT, None, now, now, kept(said), kept(b""), "ended at its deadline"
    )
    found = on_host.readings_of(readings, result, tag)
    assert [one.verdict for one in found] == [OK, UNKNOWN, UNKNOWN]
    assert found[2].text == "web1 did not say: ended at its deadline"


def test_what_many_probes_say_fits_into_what_is_kept_of_an_output(pool, here):
    readings = [plugin("yes | head -c 9000") for _ in range(on_host.MOST_AT_ONCE)]
    assert {found.verdict for found in read(pool, here, *readings)} == {OK}
