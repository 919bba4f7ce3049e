"""Any form: what its own schema gives is taken and stays as it is; what is against it is refused at its field."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from models.rules.catalogue.fields import FormField
from models.rules.catalogue.form_faults import form_faults
from models.rules.catalogue.forms import Answers, FormRefused, answered, is_asked
from models.rules.catalogue.uploads import Upload
from tests.rules.catalogue.form_strategies import FILE, KNOWN, answer_to, forms, wrong_for

Form = tuple[FormField, ...]
quick = settings(max_examples=60, deadline=None)


def filled(data: st.DataObject, form: Form) -> tuple[dict[str, Any], Answers]:
    """A form filled in field by field, as a person does who sees what is asked next."""
    given_: dict[str, Any] = {}
    answers = Answers()
    for place, one in enumerate(form):
        if is_asked(one, answers.values):
            chosen = answers.values.get(one.choices_by.field) if one.choices_by else None
            given_[one.name] = data.draw(answer_to(one, chosen))
        answers = answered(form[: place + 1], given_, KNOWN)
    return given_, answers


@given(form=forms(), data=st.data())
@quick
def test_what_the_schema_gives_is_taken_and_given_again_it_is_the_same(form: Form, data: st.DataObject) -> None:
    assert list(form_faults(form)) == []
    _, answers = filled(data, form)
    again = answered(form, {**answers.values, **answers.secrets}, KNOWN)
    assert (again.values, again.secrets) == (answers.values, answers.secrets)
    assert not answers.values.keys() & answers.secrets.keys()
    assert all(one.secret for one in form if one.name in answers.secrets)
    assert all(
        isinstance(answer, tuple) is one.several for one in form for answer in [answers.values.get(one.name)] if answer
    )


@given(form=forms(), data=st.data())
@quick
def test_what_is_against_the_schema_is_refused_at_its_field(form: Form, data: st.DataObject) -> None:
    given_, answers = filled(data, form)
    one = data.draw(st.sampled_from([one for one in form if is_asked(one, answers.values)]))
    wrong = data.draw(wrong_for(one))
    try:
        answered(form, {**given_, one.name: wrong}, KNOWN)
    except FormRefused as refused:
        assert one.name in [problem.field for problem in refused.problems]
    else:
        raise AssertionError(f"{wrong!r} was taken for {one}")


any_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=5,
)


@given(form=forms(), data=st.data())
@quick
def test_whatever_is_given_the_answer_is_answers_or_refusals_that_name_fields(form: Form, data: st.DataObject) -> None:
    whole = (*form, FILE)
    name = st.sampled_from([one.name for one in whole]) | st.text(max_size=8)
    value = any_value | st.builds(Upload, st.text(max_size=9).map(lambda text: f"{text}.pdf"), st.binary(max_size=9))
    given_ = data.draw(st.dictionaries(name, value, max_size=6))
    try:
        answers = answered(whole, given_, KNOWN)
    except FormRefused as refused:
        assert all(problem.field and problem.message for problem in refused.problems)
        assert str(refused).isprintable()
    else:
        assert {*answers.values, *answers.secrets} <= {one.name for one in whole}
