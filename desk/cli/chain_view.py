"""--chain: what led to an incident, a problem or a known error, and what came of it, as two trees."""

from collections.abc import Iterator
from typing import Annotated

from cyclopts import Parameter
from rich.text import Text
from rich.tree import Tree

from desk.cli import words
from desk.cli.common import Common
from desk.cli.screen import Screen, heading
from desk.services import causal_chains
from desk.services.causal_chains import ShownChain
from desk.services.opening import opened
from models import clock
from models.queries.causal_chain import Chain, Direction, Kind, More, Node

AsChain = Annotated[
    bool, Parameter(name="--chain", help="Instead, what led to it and what came of it: runs, alerts, problems, fixes.")
]
GOOD = {"ok", "done", "resolved", "closed", "published", "holds so far", "accepted", "caught up"}
BAD = {"failed", "missed", "did not hold", "killed", "timed out", "unknown", "partial", "kill unconfirmed", "firing"}
LONGEST = 90


def show_chain(subject: str, common: Common) -> int:
    """Write the chain of `incident/12`, as trees or as JSON with its nodes and edges."""
    with opened(common.settings()) as database:
        found = causal_chains.show_chain(database, subject, clock.now())
    screen = common.screen()
    if common.json:
        screen.json(found)
    else:
        tell(screen, found)
    return 0


def tell(screen: Screen, found: ShownChain) -> None:
    """Draw it."""
    chain, times = found.chain, words.Clock(found.timezone, found.at)
    drawn = _Drawn(chain, times)
    screen.show(drawn.line(drawn.nodes[chain.start]))
    for direction, title in ((Direction.BEFORE, "What led to it"), (Direction.AFTER, "What came of it")):
        tree = drawn.tree(direction)
        screen.show(heading(title), tree if tree.children else Text("nothing that is known", "dim"))
    if chain.not_followed:
        number = len(chain.not_followed)
        screen.show("", Text(f"the chain is long: {number} of these things were not looked behind", "yellow"))


class _Drawn:
    """Draws the chain; what was drawn once is named again, without all that hangs on it."""

    def __init__(self, chain: Chain, times: words.Clock) -> None:
        self.chain, self.times = chain, times
        self.nodes = {node.subject: node for node in chain.nodes}

    def tree(self, direction: Direction) -> Tree:
        """Everything in one direction."""
        root = Tree(Text(), hide_root=True, guide_style="dim")
        self._grow(root, self.chain.start, direction, {self.chain.start})
        return root

    def _grow(self, branch: Tree, subject: str, direction: Direction, drawn: set[str]) -> None:
        for node, led_by in self._next(subject, direction):
            verb = led_by if direction is Direction.AFTER else ""
            if node.subject in drawn:
                branch.add(self._name(node, verb).append("  (see above)", "dim"))
                continue
            drawn.add(node.subject)
            self._grow(branch.add(self.line(node, verb)), node.subject, direction, drawn)
        for more in self.chain.more:
            if more.subject == subject and more.direction is direction:
                branch.add(Text(_more(more), "dim"))

    def _next(self, subject: str, direction: Direction) -> Iterator[tuple[Node, str]]:
        """What comes next, in the order of time: the chain keeps it."""
        found: dict[str, str] = {}
        for edge in self.chain.edges:
            mine, other = (edge.later, edge.earlier) if direction is Direction.BEFORE else (edge.earlier, edge.later)
            if mine == subject:
                found.setdefault(other, edge.verb)
        yield from ((node, found[node.subject]) for node in self.chain.nodes if node.subject in found)

    def line(self, node: Node, verb: str = "") -> Text:
        """INC000012 the shop is down  resolved  21 Nov 02:30:15."""
        colour = "green" if node.state in GOOD else "red" if node.state in BAD else "cyan"
        text = self._name(node, verb)
        if node.state:
            text.append(f"  {node.state}", colour)
        if node.at:
            text.append(f"  {self.times.when(node.at)}", "dim")
        return text.append(f"  {words.line(_cut(node.detail)).plain}", "dim") if node.detail else text

    def _name(self, node: Node, verb: str) -> Text:
        """Its number says what most things are; what has none is named by its kind."""
        says_itself = node.number is not None and node.kind is not Kind.FIX
        kind = "" if says_itself or (verb and node.kind is Kind.FIX) else f"{node.kind.value} "
        number = (f"{node.number} ", "bold") if node.number else ""
        text = Text.assemble((f"{verb} ", "dim") if verb else "", kind, number)
        return text.append_text(words.line(_cut(node.title)))


def _more(more: More) -> str:
    nouns = f"{more.kind.value}s" if more.number > 1 else more.kind.value
    return f"{more.number:,} more {nouns}"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3].rstrip()}..."
