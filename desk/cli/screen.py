"""The two streams: data on standard output, talk on standard error; plain where nobody looks, calm elsewhere."""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from desk.services.plain import plain

UNBOUNDED = 10_000
"""Columns where no terminal is: nothing is cut, so that a pipe sees whole lines."""


class Screen:
    """Where one command writes."""

    def __init__(self, *, as_json: bool = False, colour: bool = True) -> None:
        self.as_json = as_json
        self.out = _console(sys.stdout, colour)
        self.talk = _console(sys.stderr, colour)

    @property
    def is_live(self) -> bool:
        """Whether a person watches: progress may be painted over."""
        return self.out.is_terminal and not self.as_json

    def json(self, value: Any) -> None:
        """One JSON document; ASCII, so that no text in it can act on a terminal."""
        sys.stdout.write(json.dumps(plain(value), indent=2, ensure_ascii=True) + "\n")

    def show(self, *parts: RenderableType) -> None:
        """Data, for people."""
        _print(self.out, parts)

    def say(self, *parts: RenderableType) -> None:
        """Talk: what was done, what is next, what to mind."""
        _print(self.talk, parts)

    def next(self, text: str) -> None:
        """The next step."""
        self.say(Text.assemble(("next: ", "dim"), text))

    def warn(self, text: str) -> None:
        """Something to mind that stops nothing."""
        self.say(Text.assemble(("warning: ", "yellow"), text))


def _console(stream: TextIO, colour: bool) -> Console:
    bare = not colour or bool(os.environ.get("NO_COLOR"))
    unbounded = not stream.isatty() and not os.environ.get("COLUMNS")
    return Console(
        file=stream,
        highlight=False,
        markup=False,
        emoji=False,
        color_system=None if bare else "auto",
        width=UNBOUNDED if unbounded else None,
    )


def _print(console: Console, parts: Iterable[RenderableType]) -> None:
    """Without the blanks that fill the last column where nobody would see its end."""
    for part in parts:
        if console.is_terminal:
            console.print(part)
            continue
        with console.capture() as captured:
            console.print(part)
        for text in captured.get().splitlines():
            console.file.write(text.rstrip() + "\n")


def table(*headers: str, wide: Sequence[str] = (), right: Sequence[str] = ()) -> Table:
    """A table without lines: the `wide` columns give way when the terminal is narrow, all others stay whole."""
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for header in headers:
        grid.add_column(
            header,
            no_wrap=header not in wide,
            overflow="fold" if header in wide else "ellipsis",
            justify="right" if header in right else "left",
        )
    return grid


def facts(rows: Iterable[tuple[str, RenderableType]]) -> Table:
    """Names and values, one to a line, the values under each other."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in rows:
        grid.add_row(name, value)
    return grid


def heading(text: str) -> Text:
    """A heading, with an empty line above it."""
    return Text(f"\n{text}", "bold")
