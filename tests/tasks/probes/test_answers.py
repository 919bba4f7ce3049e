"""What hosts say, as readings: every kind, and what cannot be understood."""

import pytest

from models.vocabulary import ProbeVerdict
from tasks.tools.probes.answers import Answer, observed
from tasks.tools.probes.perfdata import figures
from tests.tasks.probes.made import probe

OK, WARNING, CRITICAL, UNKNOWN = ProbeVerdict
DF = """Filesystem     1024-blocks     Used Available Capacity Mounted on
/dev/vda1          1000000   600000    200000      75% {mount}
Filesystem        Inodes  IUsed   IFree IUse% Mounted on
/dev/vda1        {inodes} {mount}
"""
ROOT = DF.format(mount="/", inodes="1000 900 100 90%")
VAR = probe(disk={"mount": "/var"})


def measures(found):
    return {measure.name: (round(measure.value, 3), measure.unit) for measure in found.measures}


def test_a_disk_counts_what_others_than_root_may_fill():
    found = observed(probe(disk={"mount": "/"}), Answer(0, ROOT), {})
    assert measures(found) == {"free": (25.0, "%"), "free bytes": (204_800_000, "B"), "free inodes": (10.0, "%")}
    assert (found.verdict, found.text) == (OK, "/: 25 % free, 195.3 MiB")


@pytest.mark.parametrize("inodes", ["0 0 0 -", "- - - -"], ids=["zero", "none"])
def test_a_file_system_that_makes_inodes_as_it_needs_them_has_no_lack_of_them(inodes):
    found = observed(VAR, Answer(0, DF.format(mount="/var", inodes=inodes)), {})
    assert "free inodes" not in measures(found)


def test_a_mount_with_blanks_is_read():
    found = observed(probe(disk={"mount": "/a b"}), Answer(0, DF.format(mount="/a b", inodes="10 5 5 50%")), {})
    assert measures(found)["free"] == (25.0, "%")


LOG = {"file": "/var/log/app", "age": {"critical": "1h"}}
PATTERN = probe(log=LOG | {"pattern": "done"})


@pytest.mark.parametrize(
    ("asked", "answer", "verdict", "text", "reason"),
    [
        (VAR, Answer(0, ROOT), CRITICAL, "/var is not mounted: it is a folder of /", "what fills is another disk"),
        (VAR, Answer(1, "df: /var: No such file or directory\n"), CRITICAL, "df: /var: No such file or directory", ""),
        (VAR, Answer(1, "df: /var: Permission denied"), UNKNOWN, "df: /var: Permission denied", "we may not look"),
        (VAR, Answer(124, ""), UNKNOWN, "gave no answer within 10 s", "a mount that hangs is not full"),
        (VAR, Answer(137, ""), UNKNOWN, "gave no answer within 10 s", "nor one that TERM does not end"),
        (VAR, Answer(0, "nonsense"), UNKNOWN, "cannot be understood: nonsense", "words of another program"),
        (VAR, Answer(0, ""), UNKNOWN, "cannot be understood: nothing was said", "or none"),
        (probe(load={}), Answer(0, "0.5 3 9 4"), OK, "load 3 over 5 min, 4 cores", "the middle one"),
        (probe(load={}), Answer(0, "0.5 3"), UNKNOWN, "cannot be understood: 0.5 3", "half an answer"),
        (probe(process={"name": "x"}), Answer(0, "1"), OK, "1 process", ""),
        (probe(process={"name": "x"}), Answer(0, "grep: bad"), UNKNOWN, "cannot be understood: grep: bad", ""),
        (probe(log=LOG), Answer(1, "stat: /var/log/app: No such file or directory"), CRITICAL, "stat:", "it is gone"),
        (PATTERN, Answer(1, "100 200\ngrep: Invalid"), UNKNOWN, "grep: Invalid", "a pattern that grep cannot read"),
        (probe(command={"argv": ["x"]}), Answer(0, "FINE | a=1"), OK, "FINE", "the bar ends the words"),
        (probe(command={"argv": ["x"]}), Answer(1, "\n HM \nmore"), WARNING, "HM", "the first line that says anything"),
        (probe(command={"argv": ["x"]}), Answer(2, ""), CRITICAL, "exit code 2", "a plugin without words"),
        (probe(command={"argv": ["x"]}), Answer(3, "?"), UNKNOWN, "?", "it says itself that it does not know"),
        (probe(command={"argv": ["x"]}), Answer(127, "sh: x"), UNKNOWN, "there is no such command: sh: x", ""),
        (probe(command={"argv": ["x"]}), Answer(255, ""), UNKNOWN, "exit code 255 is none of a plugin", ""),
    ],
)
def test_an_answer_is_a_reading(asked, answer, verdict, text, reason):
    found = observed(asked, answer, {})
    assert found.verdict is verdict, reason
    assert found.text.startswith(text), reason


@pytest.mark.parametrize(("minutes", "load"), [(1, 0.5), (5, 3.0), (15, 9.0)])
def test_a_load_is_of_one_average_for_each_core(minutes, load):
    found = observed(probe(load={"minutes": minutes}), Answer(0, "0.5 3 9 4"), {})
    assert measures(found) == {"load per core": (load / 4, ""), "load": (load, "")}


def test_a_file_is_as_old_as_by_the_hosts_own_clock():
    found = observed(probe(log=LOG), Answer(0, "1000 4600"), {})
    assert measures(found) == {"age": (3600, "s")}
    assert measures(observed(probe(log=LOG), Answer(0, "1000 900"), {})) == {"age": (0, "s")}, "written ahead of it"


def test_a_line_counts_from_when_it_was_first_seen():
    first = observed(PATTERN, Answer(0, "1000 1300\n500 7 2"), {})
    assert (measures(first)["age"][0], first.memory) == (300, {"position": 500, "inode": 7, "seen": 1000})
    none = observed(PATTERN, Answer(0, "1400 1600\n600 7 0"), first.memory)
    assert (measures(none)["age"][0], none.memory["seen"]) == (600, 1000), "other lines make it no younger"
    again = observed(PATTERN, Answer(0, "1700 1800\n700 7 1"), none.memory)
    assert (measures(again)["age"][0], again.memory["seen"]) == (0, 1800)


def test_a_line_that_never_came_is_as_old_as_we_have_looked():
    first = observed(PATTERN, Answer(0, "1000 2000\n500 7 0"), {})
    assert (measures(first)["age"][0], first.memory) == (0, {"position": 500, "inode": 7, "since": 2000})
    later = observed(PATTERN, Answer(0, "1000 2600\n500 7 0"), first.memory)
    assert measures(later)["age"][0] == 600
    came = observed(PATTERN, Answer(0, "2700 2700\n500 7 3"), later.memory)
    assert came.memory == {"position": 500, "inode": 7, "seen": 2700}


@pytest.mark.parametrize(
    ("said", "text", "found"),
    [
        ("OK - fine", "OK - fine", []),
        ("OK|a=5;1;2;0;9 b=3", "OK", ["a 5", "b 3"]),
        ("OK | 'free space'=5% '/it''s'=1", "OK", ["free space 5 %", "/it's 1"]),
        ("OK | t=250ms s=2GB n=3,5 c=7c", "OK", ["t 0.25 s", "s 2.0 GiB", "n 3.5", "c 7 c"]),
        ("OK | a=1\nmore words\nlast|b=2\nc=3", "OK", ["a 1", "b 2", "c 3"]),
        ("OK | a=U b=-1.5e2", "OK", ["b -150"]),
        ("OK | nonsense = =5 x=", "OK", []),
    ],
    ids=["no bar", "limits", "quotes", "units", "more lines", "unknown value", "nonsense"],
)
def test_the_figures_of_a_plugin(said, text, found):
    words, measured = figures(said)
    assert (words, [str(measure) for measure in measured]) == (text, found)


def test_no_plugin_fills_the_log_with_figures():
    _, measured = figures("OK |" + " ".join(f"m{number}=1" for number in range(500)))
    assert len(measured) == 40
