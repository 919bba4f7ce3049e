"""How help looks: names and words in two columns, no frames."""

from cyclopts.help import HelpEntry, HelpPanel
from rich.console import Console, ConsoleOptions, RenderableType
from rich.table import Table
from rich.text import Text


class TwoColumns:
    """A help formatter of cyclopts that draws nothing but words."""

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:
        """One group of commands or options."""
        del options  # the protocol's; the console knows its width itself
        if not panel.entries:
            return
        grid = Table.grid(padding=(0, 3, 0, 0))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        for entry in panel.entries:
            grid.add_row(Text(f"  {_label(entry)}", "bold"), _description(entry))
        console.print()
        console.print(Text(str(panel.title), "dim"))
        console.print(grid)

    def render_usage(self, console: Console, options: ConsoleOptions, usage: RenderableType | None) -> None:
        """The first line."""
        del options
        if usage:
            console.print(usage)

    def render_description(self, console: Console, options: ConsoleOptions, description: RenderableType) -> None:
        """What the command does."""
        del options
        if description:
            console.print(description, end="")


def _label(entry: HelpEntry) -> str:
    shorts = sorted(entry.shorts)
    names = [*shorts, *entry.names]
    if entry.positional_label:
        return entry.positional_label
    return f"{', '.join(names)}{f' {entry.metavar}' if entry.metavar else ''}"


def _description(entry: HelpEntry) -> RenderableType:
    text = entry.description
    return text if text is not None else Text()
