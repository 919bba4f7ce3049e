"""Whether something is asked or done, by the answers so far: matchers as everywhere else, such as `kind="laptop"`.

An answer that was not given is an empty one. A field may have several answers: `=` and `=~` hold when one of them
fits, `!=` and `!~` when all do.
"""

from collections.abc import Iterable, Mapping, Sequence

from models.rules.matchers import Matcher, Operator

Answer = str | tuple[str, ...]
"""The text of one answer, or of several to a field that takes several."""

_POSITIVE = (Operator.EQUAL, Operator.LIKE)
_NONE = ("",)


def holds(conditions: Iterable[Matcher], answers: Mapping[str, Answer]) -> bool:
    """Whether all of the conditions hold for these answers; without a condition they do."""
    return all(_holds(condition, texts_of(answers.get(condition.name, ()))) for condition in conditions)


def texts_of(answer: Answer) -> tuple[str, ...]:
    """An answer as the texts that it is made of."""
    return (answer,) if isinstance(answer, str) else answer


def _holds(condition: Matcher, texts: Sequence[str]) -> bool:
    how = any if condition.operator in _POSITIVE else all
    return how(condition.test(text) for text in texts or _NONE)
