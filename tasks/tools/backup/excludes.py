"""Which paths a backup leaves out: patterns as restic's `--exclude` reads them.

A pattern that begins with `/` is anchored at the root; any other may match at every depth. `*`, `?` and `[...]`
stay inside one part of a path, `**` spans parts, a backslash takes the next character as it is. What lies below a
matching folder is left out with it. `!pattern` takes paths back in, but not below a folder that was left out.
Source: restic's manual, "Excluding Files", and its internal/filter. Not read: `$VARIABLES` and pattern files.
"""

import re
from collections.abc import Callable, Sequence


def left_out(patterns: Sequence[str]) -> Callable[[str], bool]:
    """A test that says of an absolute path whether the patterns leave it out; a later `!pattern` wins."""
    rules = [(pattern.startswith("!"), _expression(pattern.removeprefix("!"))) for pattern in patterns if pattern]
    if not rules:
        return lambda _path: False
    if not any(negated for negated, _ in rules):
        matches = re.compile("|".join(expression for _, expression in rules), re.DOTALL).fullmatch
        return lambda path: matches(path) is not None
    compiled = [(negated, re.compile(expression, re.DOTALL)) for negated, expression in rules]

    def is_left_out(path: str) -> bool:
        out = False
        for negated, expression in compiled:
            if out == negated and expression.fullmatch(path):
                out = not negated
        return out

    return is_left_out


def _expression(pattern: str) -> str:
    parts = [part for part in pattern.split("/") if part not in ("", ".")]
    body = "".join("(?:/[^/]+)*" if part == "**" else "/" + _part(part) for part in parts)
    start = "" if pattern.startswith("/") else "(?:/[^/]+)*"
    return f"(?:{start}{body}(?:/.*)?)"


def _part(part: str) -> str:
    found, at = "", 0
    while at < len(part):
        character = part[at]
        at += 1
        if character == "*":
            found += "[^/]*"
        elif character == "?":
            found += "[^/]"
        elif character == "\\" and at < len(part):
            found += re.escape(part[at])
            at += 1
        elif character == "[" and (end := part.find("]", at + 1)) > 0:
            inside = part[at:end]
            negation = "^/" if inside.startswith("^") else ""
            found += f"[{negation}{_inside(inside.removeprefix('^'))}]"
            at = end + 1
        else:
            found += re.escape(character)
    return found


def _inside(characters: str) -> str:
    return re.sub(r"([\[\]&~|^])", r"\\\1", characters)
