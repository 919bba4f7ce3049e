"""What every list command has in common: the wanted keys of each thing, or no more than its name."""

from collections.abc import Callable

import pytest

from desk.services.runs import Ask, start_run
from models import clock
from models.database import Database
from tests.desk.conftest import Said
from tests.desk.small_site import BADLY, work

Call = Callable[..., Said]
JOBS = ["check-disks", "restore-file", "rotate-logs", "tell-everyone"]
NAMES: list[tuple[tuple[str, ...], str, list[str]]] = [
    (("job", "list"), "name", JOBS),
    (("host", "list"), "name", ["db1", "web1", "web2", "web3"]),
    (("host", "list", "--on", "tag=db"), "name", ["db1"]),
    (("report", "list"), "name", ["backup-evidence", "daily-operations", "problems"]),
    (("alarm", "list"), "job", ["rotate-logs"]),
]
COMMANDS = [("job", "list"), ("host", "list"), ("report", "list"), ("alarm", "list"), ("event", "list")]


@pytest.fixture
def wrong(harbour: Database) -> None:
    """Something is wrong, so that no list is empty."""
    work(harbour, start_run(harbour, Ask("rotate-logs", "ada"), clock.now()).run, {"web1": BADLY})


@pytest.mark.parametrize(("words", "key", "names"), NAMES, ids=[" ".join(case[0]) for case in NAMES])
@pytest.mark.usefixtures("wrong")
def test_a_list_can_be_names_alone(watchbill: Call, words: tuple[str, ...], key: str, names: list[str]) -> None:
    for option in ("-q", "--quiet"):
        said = watchbill(*words, option)
        assert (said.code, [name for name in names if name not in said.out.split()], said.err) == (0, [], "")
        assert said.out.splitlines() == sorted(said.out.split()), "one a line, nothing else, each once"
    assert [row[key] for row in watchbill(*words, "--json", key).json] == said.out.split()


@pytest.mark.parametrize("keys", [("name,owner",), ("name", "owner"), ("name,owner", "--no-color")])
def test_the_wanted_keys_are_given_in_their_order(watchbill: Call, keys: tuple[str, ...]) -> None:
    rows = watchbill("job", "list", "--json", *keys).json
    assert [list(row) for row in rows] == [["name", "owner"]] * len(JOBS)
    assert rows[0] == {"name": "check-disks", "owner": "deck"}


def test_without_keys_json_is_the_whole_document(watchbill: Call) -> None:
    assert [job["name"] for job in watchbill("job", "list", "--json").json["jobs"]] == JOBS


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_json_and_names_alone_exclude_each_other(watchbill: Call, words: tuple[str, ...]) -> None:
    said = watchbill(*words, "--json", "-q")
    assert (said.code, said.out, "keep one" in said.err) == (2, "", True)


@pytest.mark.usefixtures("wrong")
def test_an_unknown_key_is_refused_with_its_neighbour_and_what_there_is(watchbill: Call) -> None:
    said = watchbill("alarm", "list", "--json", "job,knd")
    assert (said.code, said.out) == (2, "")
    assert (
        '--json knd: there is no such key; did you mean "kind"?; there are: job, kind, since, text, count' in said.err
    )


def test_names_alone_of_an_empty_list_are_nothing(watchbill: Call) -> None:
    for words in (("alarm", "list"), ("event", "list")):
        said = watchbill(*words, "-q")
        assert (said.code, said.out, said.err) == (0, "", "")
