"""Reading variables and asking about templates (variables-and-versions 1.10)."""

import json

import pytest

from deployments.core.templates import (
    SelfReference,
    Variables,
    evaluate_truthy,
    get,
    get_flag,
    get_indexes,
    get_int,
    get_list,
    get_paths,
    get_raw,
    require,
    template_names,
    to_json,
)

VARIABLES = Variables(
    {
        "Url": "http://#{Server | ToLower}",
        "Server": "WEB",
        "Odd!Name%": "#{Server}!",
        "On": "TRUE",
        "Count": " 99 ",
        "Empty": "",
        "Null": None,
        "Broken": "#{Gone}",
        "List": " a, ,b,#{Server}",
        "Paths": "/a\r\n\n /b ",
        "Json": '{"k": 1}',
        "S[b].n": "1",
        "S[a b].n": "2",
        "Loop": "#{loop}",
    }
)


def test_values_are_evaluated():
    assert get(VARIABLES, "url").value == "http://web"
    assert get(VARIABLES, "Json.k").value == "1"
    assert get(VARIABLES, "Empty").value == get(VARIABLES, "Null", "default").value == ""


def test_a_name_no_token_can_spell_is_still_read():
    assert get(VARIABLES, "odd!name%").value == "WEB!"


def test_an_undefined_variable_gives_the_default():
    assert get(VARIABLES, "Nope").value is None
    assert get(VARIABLES, "Nope", "x").value == "x"


def test_missing_tokens_are_reported():
    assert get(VARIABLES, "Broken").missing == ["#{Gone}"]


def test_a_variable_that_refers_to_itself_is_refused():
    with pytest.raises(SelfReference):
        get(VARIABLES, "Loop")


def test_the_raw_value_is_not_evaluated():
    assert get_raw(VARIABLES, "URL") == "http://#{Server | ToLower}"
    assert get_raw(VARIABLES, "Nope") is None


@pytest.mark.parametrize(
    ("name", "default", "flag"),
    [("On", False, True), ("Count", True, True), ("Nope", False, False)],
)
def test_flags_are_true_false_or_the_default(name, default, flag):
    assert get_flag(VARIABLES, name, default) is flag


@pytest.mark.parametrize(("name", "number"), [("Count", 99), ("Server", None), ("Nope", None)])
def test_integers(name, number):
    assert get_int(VARIABLES, name) == number


def test_lists_and_paths_are_trimmed_and_lose_empty_items():
    assert get_list(VARIABLES, "List") == ["a", "b", "WEB"]
    assert get_paths(VARIABLES, "Paths") == ["/a", "/b"]


@pytest.mark.parametrize("name", ["Nope", "Empty", "Null"])
def test_a_required_variable_must_have_a_value(name):
    with pytest.raises(ValueError, match=name):
        require(VARIABLES, name)


def test_a_required_variable_is_evaluated():
    assert require(VARIABLES, "Url") == "http://web"


def test_indexes_come_in_the_order_they_were_defined():
    assert get_indexes(VARIABLES, "s") == ["b", "a b"]


@pytest.mark.parametrize(
    ("template", "truthy"),
    [
        ("#{On}", True),
        ("true", True),
        ("", False),
        ("#{Gone}", False),
        ("yes#{Gone}", False),
        ("#{ | null}", False),
        ("#{if", False),
    ],
)
def test_a_run_condition_holds_only_without_missing_tokens(template, truthy):
    assert evaluate_truthy(template, VARIABLES) is truthy


@pytest.mark.parametrize(
    ("template", "names"),
    [
        ("none", []),
        ("#{A}#{a}#{B | Append #{C} x}", ["A", "B", "C"]),
        ("#{S[#{i}].n}", ["S[#{i}].n", "i"]),
        ("#{if A == B}#{C}#{elseif D}#{E}#{else}#{F}#{/if}", ["A", "B", "C", "D", "E", "F"]),
        ("#{each x in L}#{x.n}#{Y}#{Octopus.Template.Each.Index}#{/each}", ["L", "Y"]),
        ("#{each x in L}#{each y in x.m}#{x}#{y}#{/each}#{/each}#{x}", ["L", "x"]),
        ("#{calc A*{B}}", ["A", "B"]),
        ("#{broken", []),
    ],
)
def test_the_names_a_template_refers_to(template, names):
    assert template_names(template) == names


def test_variables_as_json_keep_their_values_as_written():
    text = to_json({"B": "#{A}", "A": None})

    assert json.loads(text) == {"B": "#{A}", "A": None}
    assert text.startswith('{\n  "B"')
