"""What is wrong between the fields of a form: names, conditions and choices that can never be."""

from collections.abc import Iterator, Mapping, Sequence

from models.rules.catalogue.fields import FormField
from models.rules.catalogue.reading import read_answer
from models.rules.matchers import Matcher, Operator
from models.vocabulary import FieldType

Place = tuple[str | int, ...]
Said = Iterator[tuple[Place, str]]


def form_faults(form: Sequence[FormField]) -> Said:
    """Each fault of a form whose fields are well formed: where, and what is allowed."""
    before: dict[str, FormField] = {}
    for number, one in enumerate(form):
        if one.name in before:
            yield (number, "name"), f'a field named "{one.name}" stands before it already'
        for words in condition_faults(one.conditions, before, "before it"):
            yield (number, "when"), words
        if one.choices_by is not None:
            yield from (((number, "choices_by", *path), words) for path, words in _choices_by(one, before))
        yield from (((number, "default"), words) for words in _default(one))
        before[one.name] = one


def condition_faults(conditions: Sequence[Matcher], fields: Mapping[str, FormField], where: str) -> Iterator[str]:
    """What conditions ask that no answer to these fields can say."""
    for condition in conditions:
        one = fields.get(condition.name)
        if one is None:
            yield f'there is no field "{condition.name}" {where}; known: {", ".join(fields) or "none"}'
        elif not one.is_stored:
            yield f'"{one.name}" is {_kind(one)}: no condition may ask for it'
        elif condition.operator in (Operator.EQUAL, Operator.NOT_EQUAL) and condition.value:
            possible = _possible(one)
            if possible and condition.value not in possible:
                yield f'"{condition.value}" is no answer to {one.name}; there are: {", ".join(possible[:10])}'


def _choices_by(one: FormField, before: Mapping[str, FormField]) -> Said:
    by = one.choices_by
    decides = before.get(by.field) if by else None
    if by is None:
        return
    if decides is None:
        yield ("field",), f'there is no field "{by.field}" before it; known: {", ".join(before) or "none"}'
        return
    possible = _possible(decides)
    if not possible or decides.several:
        yield ("field",), f'"{by.field}" must be a choice of one'
        return
    for answer in by.choices:
        if answer not in possible:
            yield ("choices", answer), f"is no answer to {by.field}; there are: {', '.join(possible[:10])}"
    missing = [answer for answer in possible if answer not in by.choices]
    if missing:
        yield ("choices",), f"says nothing for {', '.join(missing[:10])}"


def _default(one: FormField) -> Iterator[str]:
    if one.default is not None:
        try:
            read_answer(one, one.choices, one.default)
        except ValueError as error:
            yield str(error)


def _possible(one: FormField) -> tuple[str, ...]:
    """All answers that a field can have, where they are known from its form."""
    if one.type is FieldType.BOOLEAN:
        return "true", "false"
    if one.choices_by is not None:
        return tuple(dict.fromkeys(choice for choices in one.choices_by.choices.values() for choice in choices))
    return one.choices


def _kind(one: FormField) -> str:
    return "secret" if one.secret else "a file"
