"""What is sent and what is read, without a host: refusals, quoting, answers in pieces, output for people."""

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from models.errors import HostError
from models.vocabulary import HostFault
from tasks.tools.capture import HEAD_BYTES, TAIL_BYTES, kept, plain
from tasks.tools.ssh import OwnedCommand, Target
from tasks.tools.ssh.results import exit_words
from tasks.tools.ssh.wire import Reading, ask, start, wrapper

HOST = Target("web1")
GOOD = OwnedCommand("20261121/RUN000012-web1-1", ("true",), 30)


@pytest.mark.parametrize(
    ("command", "says", "reason"),
    [
        (replace(GOOD, key="RUN000012"), "DAY/NAME", "the clean-up finds a run by its day"),
        (replace(GOOD, key="20261341/RUN1"), "DAY/NAME", "there is no month 13"),
        (replace(GOOD, key="20261121/../../etc"), "DAY/NAME", "a key stays inside the run directory"),
        (replace(GOOD, key="20261121/.hidden"), "DAY/NAME", "no name starts with a dot"),
        (replace(GOOD, argv=()), "no command", "nothing to run"),
        (replace(GOOD, argv=("a", "b\0c")), "argument 1 has a NUL", "no command line can carry it"),
        (replace(GOOD, argv=("a\ud800",)), "argument 0 has half a surrogate", "it is no character"),
        (replace(GOOD, environment={"A": "\0"}), "variable A has a NUL", "nor can the environment"),
        (replace(GOOD, environment={"A B": "x"}), "'A B' is no name", "a space is no part of a name"),
        (replace(GOOD, environment={"x;id": "x"}), "'x;id' is no name", "a name is evaluated by the shell"),
        (replace(GOOD, environment={"WATCHBILL_STEP": "x"}), "WATCHBILL_STEP", "the kill finds processes by it"),
        (replace(GOOD, secrets={"P": "\0"}), "secret P has a NUL", "the secret itself is not printed"),
        (replace(GOOD, deadline_seconds=0), "deadline of 0 s", "a command without a deadline runs for ever"),
        (replace(GOOD, deadline_seconds=7 * 86400), "6 days", "the clean-up must not meet a running command"),
        (replace(GOOD, lock="../x"), "no name for a lock", "a lock stays in its folder"),
        (replace(GOOD, argv=("x" * 200_000,)), "send it as a script", "Linux takes no longer argument"),
        (replace(GOOD, script=b"x" * 17_000_000), "script is longer", "a script is no way to send a file"),
    ],
)
def test_what_cannot_be_carried_is_refused_before_anything_is_sent(
    command: OwnedCommand, says: str, reason: str
) -> None:
    with pytest.raises(HostError, match="nothing was sent") as refusal:
        start(HOST, command)
    assert refusal.value.fault is HostFault.REFUSED_BY_US, reason
    assert says in str(refusal.value), reason


def test_a_question_about_a_strange_key_is_refused() -> None:
    with pytest.raises(HostError, match="is no key"):
        ask("collect", HOST, "../../etc/passwd")


def test_a_secret_is_neither_in_the_request_line_nor_in_a_printed_command() -> None:
    command = replace(GOOD, secrets={"PASSWORD": "correct horse"})
    request = start(HOST, command)
    assert b"correct horse" not in request.line()
    assert b"correct horse" in request.payload
    assert "correct horse" not in repr(command)


def test_a_request_is_one_line_whatever_its_arguments_hold() -> None:
    request = start(HOST, replace(GOOD, argv=("a\nb", "\n", "it's\n")))
    assert request.line().count(b"\n") == 1


def test_the_wrapper_travels_without_its_comments() -> None:
    assert not [line for line in wrapper().splitlines() if not line.strip() or line.startswith((b"#", b" "))]


HEADER = b"%s v1 verdict=ended mode=started code=0 out=9,5,4,abc err=2,2,0,- note=it was so\n"
BODY = b"head\ntail" + b"no"


@given(noise=some.binary(max_size=40), cuts=some.lists(some.integers(1, 30), max_size=20))
def test_an_answer_may_come_after_noise_and_in_any_pieces(noise: bytes, cuts: list[int]) -> None:
    reading = Reading("00ff")
    stream = noise + HEADER % b"00ff" + BODY
    done = False
    for size in [*cuts, len(stream)]:
        piece, stream = stream[:size], stream[size:]
        assert not done or not piece
        done = reading.feed(piece) or done
    assert done
    answer = reading.answer()
    assert (answer.verdict, answer.note, answer.streams) == ("ended", "it was so", (b"head\n", b"tail", b"no", b""))


def test_what_a_login_shell_says_instead_of_an_answer_is_told() -> None:
    reading = Reading("00ff")
    assert not reading.feed(b"Last login: yesterday\nThis account is currently not available.\n")
    assert reading.noise == "This account is currently not available."


@pytest.mark.parametrize(
    ("size", "cut", "reason"),
    [
        (0, False, "nothing is all of it"),
        (HEAD_BYTES, False, "the head alone"),
        (HEAD_BYTES + TAIL_BYTES, False, "head and tail meet"),
        (HEAD_BYTES + TAIL_BYTES + 1, True, "one byte is missing"),
        (5_000_000, True, "most is missing"),
    ],
)
def test_a_stream_is_kept_by_head_and_tail_and_hashed_whole(size: int, cut: bool, reason: str) -> None:
    stream = bytes(number % 251 for number in range(size))
    kept_stream = kept(stream)
    assert kept_stream.cut is cut, reason
    assert kept_stream.sha256 == hashlib.sha256(stream).hexdigest()
    assert kept_stream.size == size
    assert stream.startswith(kept_stream.head)
    assert stream.endswith(kept_stream.tail)
    assert cut or kept_stream.head + kept_stream.tail == stream


def test_the_text_of_a_cut_stream_says_how_much_is_missing() -> None:
    assert "[... 679680 bytes not kept ...]" in kept(b"x" * 1_007_360).text()


@pytest.mark.parametrize(
    ("raw", "shown", "reason"),
    [
        (b"one\ttwo\nthree", "one\ttwo\nthree", "tabs and newlines are text"),
        ("Größe".encode(), "Größe", "letters stay letters"),
        (b"\x1b[2J\x1b]0;own\x07", "\\x1b[2J\\x1b]0;own\\x07", "no escape reaches a terminal"),
        (b"50%\r100%", "50%\\r100%", "a carriage return overwrites what was said"),
        (b"\xff\xfe", "\\xff\\xfe", "what is no UTF-8 is spelt out"),
        ("\u202egnp.exe".encode(), "\\u202egnp.exe", "no turning of the direction of writing"),
        ("\u009b31m".encode(), "\\x9b31m", "the one-byte escapes too"),
    ],
)
def test_output_for_people_steers_no_terminal(raw: bytes, shown: str, reason: str) -> None:
    assert plain(raw) == shown, reason


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "exit code 0"),
        (3, "exit code 3"),
        (126, "exit code 126: it could not be executed"),
        (127, "exit code 127: no such command"),
        (137, "exit code 137: ended by SIGKILL"),
        (250, "exit code 250"),
    ],
)
def test_an_exit_code_is_told_in_words(code: int, words: str) -> None:
    assert exit_words(code) == words
