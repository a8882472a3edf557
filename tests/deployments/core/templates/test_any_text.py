"""No text, however hostile, makes the engine crash, hang, or depend on what it remembers (S16)."""

import re
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployments.core.templates import (
    Evaluation,
    SelfReference,
    TemplateLimit,
    Variables,
    evaluate,
    get,
    template_names,
)
from deployments.core.templates.filters import FILTERS, TIMELY
from deployments.core.templates.limits import MAX_NESTING

pytestmark = pytest.mark.promise("S16")

NAMES = (
    "a",
    "b",
    "A.B",
    "a[x].n",
    "a[y].n",
    "a[*].n",
    "j.k",
    "j[0]",
    "item",
    "item.n",
    "a[#{b}].n",
    "##",
    "",
)
TOOLS = [*(name for name in FILTERS if name not in TIMELY), "null", "nonsense"]
OPTIONS = ("x", "1", "-1", '"a b"', '"(x*)*$"', "#{b}", '\\"#\\"', "utf8", "start", "a/b", "")

names = st.sampled_from(NAMES)
filters = st.builds(
    lambda tool, option: f" | {tool} {option}", st.sampled_from(TOOLS), st.sampled_from(OPTIONS)
)
expressions = st.builds(
    lambda name, calls: name + "".join(calls), names, st.lists(filters, max_size=2)
)
pieces = st.recursive(
    st.one_of(
        st.sampled_from(
            ["text", "#", "##", "##{a}", "#{", "}", "#{else}", "#{/if}", "[1,2]", "{k: 1}", ","]
        ),
        st.text(alphabet="#{}[]|\"'\\ab.0/ \n", max_size=8),
        expressions.map(lambda inside: f"#{{{inside}}}"),
        st.builds(lambda one, two: f"#{{calc {one}+({two}*2)/3}}", names, names),
    ),
    lambda inner: st.one_of(
        st.builds(lambda *parts: "".join(parts), inner, inner),
        st.builds(
            lambda test, yes, no: f"#{{if {test}}}{yes}#{{else}}{no}#{{/if}}",
            expressions,
            inner,
            inner,
        ),
        st.builds(
            lambda test, yes: f'#{{unless {test} == "x"}}{yes}#{{/unless}}', expressions, inner
        ),
        st.builds(lambda name, body: f"#{{each item in {name}}}{body}#{{/each}}", names, inner),
    ),
    max_leaves=8,
)
tables = st.dictionaries(
    st.sampled_from(["a", "b", "j", "A.B", "a[x].n", "a[y].n", "a[x]", "item"]),
    st.none() | pieces,
    max_size=6,
)


def outcome(
    template: str, variables: Variables | dict[str, str | None], halt: bool
) -> Evaluation | str:
    try:
        return evaluate(template, variables, halt)
    except (SelfReference, TemplateLimit) as refusal:
        return f"{type(refusal).__name__}: {refusal}"


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(template=pieces, variables=tables, halt=st.booleans())
def test_every_template_gives_a_result_or_a_named_refusal(template, variables, halt):
    found = outcome(template, variables, halt)

    if isinstance(found, Evaluation):
        assert (found.error is None) or found.missing or found.value == template
        assert found.value is None or found.error is None or isinstance(found.value, str)
    template_names(template)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(templates=st.lists(pieces, min_size=1, max_size=4), variables=tables)
def test_what_was_evaluated_before_does_not_change_a_result(templates, variables):
    used = Variables(variables)
    for template in templates:
        outcome(template, used, True)
        outcome(template, used, False)
    for name in variables:
        outcome(f"#{{{name}}}", used, True)

    for template in templates:
        assert outcome(template, used, True) == outcome(template, Variables(variables), True)


@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=60))
def test_text_without_tokens_comes_back_as_it_is(text):
    text = text.replace("#{", "")

    assert evaluate(text, {}) == Evaluation(text)


@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=60), halt=st.booleans())
def test_a_value_with_any_text_is_inserted_unharmed_when_it_holds_no_token(text, halt):
    value = text.replace("#{", "")

    assert evaluate("<#{x}>#{x | Append z}", {"x": value}, halt).value == f"<{value}>{value}z"


HOSTILE = {
    "unclosed blocks": "#{if a}" * 100_000,
    "closed blocks": "#{if a}" * 5_000 + "#{/if}" * 5_000,
    "unclosed tokens": "#{a | b " * 50_000,
    "tokens in tokens": "#{a[" * 50_000,
    "options that open blocks": "#{a | b #{if x}" * 20_000,
    "options far from their end": ("#{a | b #{if x}" + "#{z}" * 50) * 500,
    "parentheses": "#{calc " + "(" * 50_000,
    "long sum": "#{calc " + "+".join("1" * 50_000) + "}",
    "white space": "#{" + " " * 500_000 + "x",
    "spaces in a name": "#{a" + " " * 200_000 + "b}",
    "hashes": "#" * 500_000 + "{a}",
    "quotes": '#{a | b "' * 50_000,
    "brackets": "#{a" + "[" * 100_000 + "]" * 100_000 + "}",
}


@pytest.mark.parametrize("halt", [True, False])
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_refused_or_kept_in_time(text, halt):
    started = time.perf_counter()

    outcome(text, {"a": "1"}, halt)

    assert time.perf_counter() - started < 5


def test_blocks_may_nest_as_deep_as_the_limit_and_no_deeper():
    def nested(depth: int) -> str:
        return "#{if a}" * depth + "x" + "#{/if}" * depth

    assert evaluate(nested(MAX_NESTING), {"a": "1"}).value == "x"
    assert re.search(str(MAX_NESTING), evaluate(nested(MAX_NESTING + 1), {"a": "1"}).error or "")


def test_values_that_multiply_each_other_stop_at_the_output_limit():
    variables = {f"v{i}": f"#{{v{i + 1}}}" * 10 for i in range(12)} | {"v12": "x" * 100}

    with pytest.raises(TemplateLimit, match="characters"):
        evaluate("#{v0}", variables)


def test_loops_that_multiply_each_other_stop_at_the_work_limit():
    template = "#{each a in l}#{each b in l}#{each c in l}#{a}#{/each}#{/each}#{/each}"

    with pytest.raises(TemplateLimit, match="steps"):
        evaluate(template, {"l": ",".join("x" * 500)})


def test_a_backtracking_regular_expression_is_stopped():
    started = time.perf_counter()

    with pytest.raises(TemplateLimit, match="regular expression"):
        evaluate('#{x | Match "(?!z)(a|aa)+$"}', {"x": "a" * 40 + "!"})

    assert time.perf_counter() - started < 3


def test_a_regular_expression_without_look_around_takes_linear_time():
    started = time.perf_counter()

    assert evaluate('#{x | Match "^(a+)+$"}', {"x": "a" * 100_000 + "!"}).value == "false"
    assert time.perf_counter() - started < 1


def test_chains_of_variables_have_no_depth_limit():
    length = 3_000
    variables = {f"v{i}": f"#{{v{i + 1}}}" for i in range(length)} | {f"v{length}": "end"}

    assert evaluate("#{v0}", variables).value == "end"


def test_a_missing_token_at_the_end_of_a_long_chain_is_found():
    variables = {f"v{i}": f"#{{v{i + 1}}}" for i in range(200)}

    assert get(variables, "v0").missing == ["#{v200}"]


def test_a_long_circle_is_named_in_full():
    variables = {f"v{i}": f"#{{v{(i + 1) % 200}}}" for i in range(200)}

    with pytest.raises(SelfReference) as refusal:
        evaluate("#{v0}", variables)

    assert refusal.value.chain == [f"v{i}" for i in range(200)] + ["v0"]


@pytest.mark.parametrize(
    "value",
    ["#{if secret}", "##{secret}", "###{secret}", "I3tzZWNyZXR9"],
)
def test_the_result_of_a_filter_is_never_read_as_a_token(value):
    variables = {
        "j": '{"k": "#{raw | FromBase64}"}',
        "raw": "I3tzZWNyZXR9",
        "secret": "hidden",
        "v": value,
    }

    assert "hidden" not in (evaluate("#{raw | FromBase64}#{j.k}", variables).value or "")


@pytest.mark.parametrize("index", ["x].y[z", "[", "]", "x][y"])
def test_an_index_from_a_variable_cannot_leave_its_brackets(index):
    variables = {"a[x].y[z]": "hidden", "a[x][y]": "hidden", "i": index}

    assert evaluate("#{a[#{i}]}", variables).value == "#{a[#{i}]}"
