"""Forms: what is asked for in which order, and what a person answered, checked and typed.

A field is asked when its conditions hold for the answers before it, and the field that its choices hang on was
answered. An answer to a field that is not there, or is not
asked, is refused: what nobody judges must not be in a request. Every refusal names its field.
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from models.errors import Refused
from models.rules.catalogue.conditions import Answer, holds, texts_of
from models.rules.catalogue.fields import FormField
from models.rules.catalogue.reading import Given, Known, choices_for, read_answer
from models.rules.catalogue.uploads import Upload, checked
from models.vocabulary import FieldType

LARGEST_TEXT = 65_536
"""The characters of all answers of a request together."""
MOST_UNKNOWN = 10
LONGEST_SHOWN = 60

Form = Sequence[FormField]


@dataclass(frozen=True)
class Problem:
    """Why an answer is refused."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class FormRefused(Refused):
    """Some answers cannot be used; each has its field and its sentence."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(map(str, problems)))


@dataclass(frozen=True)
class Answers:
    """A form that was filled in. Only `values` may be stored with the request."""

    values: Mapping[str, Answer] = field(default_factory=dict)
    """The texts of what was answered, in the form's order; a file stands here as its name, size and fingerprint."""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    files: Mapping[str, Upload] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """One field as it is asked now, with what there is to choose from."""

    field: FormField
    choices: tuple[str, ...]


def asked(form: Form, values: Mapping[str, Answer], known: Known) -> Iterator[Asked]:
    """The fields that are asked after these answers, in order."""
    for one in form:
        if is_asked(one, values):
            yield Asked(one, choices_for(one, _chosen(one, values), known))


def is_asked(one: FormField, values: Mapping[str, Answer]) -> bool:
    """Whether a field is asked after these answers."""
    return holds(one.conditions, values) and (one.choices_by is None or _chosen(one, values) is not None)


def answered(form: Form, given: Mapping[str, Given | Upload | None], known: Known) -> Answers:
    """The answers, checked. Raises FormRefused with every problem; what hangs on a refused answer is not judged."""
    problems = list(_unknown(form, given))
    values: dict[str, Answer] = {}
    secrets: dict[str, str] = {}
    files: dict[str, Upload] = {}
    refused: set[str] = set()
    for one in form:
        if refused & _asked_for(one):
            refused.add(one.name)
            continue
        value = given.get(one.name)
        try:
            answer = _answer(one, value, values, known)
        except ValueError as error:
            problems.append(Problem(one.name, str(error)))
            refused.add(one.name)
            continue
        if isinstance(answer, Upload):
            files[one.name], values[one.name] = answer, answer.words
        elif answer and one.secret:
            secrets[one.name] = str(answer)
        elif answer:
            values[one.name] = answer
    problems += _too_much({**values, **secrets})
    if problems:
        raise FormRefused(problems)
    return Answers(values, secrets, files)


def _answer(
    one: FormField, value: Given | Upload | None, values: Mapping[str, Answer], known: Known
) -> Answer | Upload:
    """One answer; an empty one when nothing was answered. Raises ValueError."""
    if not is_asked(one, values):
        if value in (None, "", (), []):
            return ""
        by = [f"an answer to {one.choices_by.field}"] if one.choices_by else []
        raise ValueError(f"is not asked here; it goes with {', '.join([*map(str, one.conditions), *by])}")
    if isinstance(value, Upload) is not (one.type is FieldType.FILE) and value not in (None, ""):
        raise ValueError("takes a file" if one.type is FieldType.FILE else "takes no file")
    if isinstance(value, Upload):
        return checked(one, value)
    choices = choices_for(one, _chosen(one, values), known)
    value = one.default if value is None else value
    answer: Answer = "" if value is None else read_answer(one, choices, value)
    if one.required and not answer:
        raise ValueError("an answer is required")
    return answer


def _chosen(one: FormField, values: Mapping[str, Answer]) -> str | None:
    """The answer that decides what there is to choose from."""
    answer = values.get(one.choices_by.field) if one.choices_by else None
    return answer if isinstance(answer, str) else None


def _too_much(texts: Mapping[str, Answer]) -> Iterator[Problem]:
    sizes = {name: sum(map(len, texts_of(answer))) for name, answer in texts.items()}
    if sum(sizes.values()) > LARGEST_TEXT:
        words = f"all answers together have {sum(sizes.values())} characters; at most {LARGEST_TEXT} are taken"
        yield Problem(max(sizes, key=lambda name: sizes[name]), words)


def _asked_for(one: FormField) -> set[str]:
    """The fields on whose answers this one hangs."""
    return {condition.name for condition in one.conditions} | ({one.choices_by.field} if one.choices_by else set())


def _unknown(form: Form, given: Mapping[str, object]) -> Iterator[Problem]:
    names = [one.name for one in form]
    unknown = [name for name in given if name not in names]
    for name in unknown[:MOST_UNKNOWN]:
        near = difflib.get_close_matches(name[:LONGEST_SHOWN], names, 1, 0.6)
        known = f'; did you mean "{near[0]}"?' if near else f"; there are: {', '.join(names) or 'none'}"
        yield Problem(ascii(name[:LONGEST_SHOWN])[1:-1] or '""', f"there is no such field{known}")
    if len(unknown) > MOST_UNKNOWN:
        yield Problem(f"{len(unknown) - MOST_UNKNOWN} more", "there are no such fields")
