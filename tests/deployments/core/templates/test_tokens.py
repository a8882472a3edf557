"""Tokens, names, lookup, and what is missing (variables-and-versions 1.1 to 1.4)."""

import pytest

from deployments.core.templates import (
    Evaluation,
    SelfReference,
    Variables,
    check_template,
    evaluate,
)

VARIABLES = {
    "Foo": "Bar",
    "Octopus.Action[Web].Name": "web",
    "Octopus.Action[].Name": "blank",
    "Octopus.Action[Db server].Name": "db",
    "Package[container[0]].Name": "nested",
    "A-b_c:d/e~f(g)@h 1": "odd",
    "Which": "Web",
    "Where": "Wh#{Suffix}",
    "Suffix": "ich",
    "A[Which].B": "through",
    "Empty": "",
    "Null": None,
    "Escaped": "##{Foo}",
    "Half": "x#{Gone}y",
    "Unparsable": "pass#{word",
}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("", ""),
        ("plain", "plain"),
        ("#{Foo}", "Bar"),
        ("#{fOO}", "Bar"),
        ("a#{Foo}b#{Foo}", "aBarbBar"),
        ("#{ Foo }", "Bar"),
        ("#{\n Foo\t}", "Bar"),
        ("#{A-b_c:d/e~f(g)@h 1}", "odd"),
        ("# ## ###", "# ## ###"),
        ("#Foo}", "#Foo}"),
        ("##{Foo}", "#{Foo}"),
        ("###{Foo}", "#Bar"),
        ("####{Foo}", "###{Foo}"),
        ("#####{Foo}", "###Bar"),
        ("##{", "#{"),
        ("#{Foo}##{Foo}", "Bar#{Foo}"),
        ("#{Escaped}", "#{Foo}"),
        ("#{Octopus.Action[Web].Name}", "web"),
        ("#{octopus . action [ web ] . name}", "web"),
        ("#{Octopus.Action[].Name}", "blank"),
        ("#{Octopus.Action[Db server].Name}", "db"),
        ("#{Package[container[0]].Name}", "nested"),
        ("#{Octopus.Action[*].Name}", "web"),
        ("#{Octopus.Action[#{Which}].Name}", "web"),
        ("#{Octopus.Action[#{Which | ToUpper}].Name}", "web"),
        ("#{A[#{Where}].B}", "through"),
        ("#{Octopus.Action[Web]}", "Web"),
        ("#{Empty}", ""),
        ("#{Null}", ""),
        ("#{Unparsable}", "pass#{word"),
    ],
)
def test_tokens_are_replaced(template, expected):
    assert evaluate(template, VARIABLES) == Evaluation(expected)


@pytest.mark.parametrize(
    ("template", "value", "missing"),
    [
        ("#{Gone}", "#{Gone}", ["#{Gone}"]),
        ("#{ Gone }", "#{Gone}", ["#{Gone}"]),
        ("#{Gone} #{Foo} #{Gone}", "#{Gone} Bar #{Gone}", ["#{Gone}"]),
        ("#{}", "#{}", ["#{}"]),
        ("#{ }", "#{ }", ["#{ }"]),
        ("#{Half}", "x#{Gone}y", ["#{Gone}"]),
        ("#{Gone | ToUpper}", "#{Gone | ToUpper}", ["#{Gone | ToUpper}"]),
        ("#{Foo|Match a b}", '#{Foo | Match "a" "b"}', ['#{Foo | Match "a" "b"}']),
        ("#{Foo | Nonsense #{Foo}}", "#{Foo | Nonsense #{Foo}}", ["#{Foo | Nonsense #{Foo}}"]),
        ("#{calc Gone + 2}", "#{Gone+2}", ["#{Gone+2}"]),
        ("#{A[#{Gone}].B}", "#{A[#{Gone}].B}", ["#{A[#{Gone}].B}"]),
        ("#{A.Which.B}", "#{A.Which.B}", ["#{A.Which.B}"]),
        ("#{if Foo | Nonsense}x#{/if}", "#{if Foo | Nonsense}x#{/if}", ["#{if Foo | Nonsense}"]),
        (
            "#{if Foo|Match a b}x#{/if}",
            '#{if Foo | Match "a" "b"}x#{/if}',
            ['#{if Foo | Match "a" "b"}'],
        ),
    ],
)
def test_what_has_no_value_is_echoed_and_listed_once(template, value, missing):
    found = evaluate(template, VARIABLES)

    assert (found.value, found.missing) == (value, missing)
    listed = ", ".join(f"'{token}'" for token in missing)
    assert found.error == f"The following tokens were unable to be evaluated: {listed}"


def test_every_missing_token_is_named_in_order():
    assert evaluate("#{x} #{y}", {}).error == (
        "The following tokens were unable to be evaluated: '#{x}', '#{y}'"
    )


@pytest.mark.parametrize(
    "template",
    [
        "#{",
        "#{Foo",
        "#{Fo!o}",
        "#{Fo[o}",
        "#{.Foo}",
        "#{Foo.}",
        "#{Foo[a]b}",
        "#{if Foo}",
        "#{/if}",
        "#{else}",
        "#{elseif Foo}",
        "#{if Foo}#{/unless}",
        "#{if Foo}#{else}#{else}#{/if}",
        "#{if Foo}#{else}#{elseif Foo}#{/if}",
        "#{unless Foo}#{elseif Foo}#{/unless}",
        "#{each a in Foo}#{else}#{/each}",
        "#{each a Foo}#{/each}",
        "#{if Foo = Foo}#{/if}",
        '#{if "text"}#{/if}',
        "#{if #{Foo}}#{/if}",
        '#{Foo | Append "#"}',
        "#{Foo | Append #{Foo} | ToUpper}",
        "#{Foo | Format yyyy.MM}",
        "#{Foo | }",
        "#{calc 1+}",
        "#{calc (1}",
        "##{if Foo}#{/if}",
    ],
)
def test_a_template_that_cannot_be_parsed_comes_back_whole_with_an_error(template):
    text = f"#{{Foo}} {template}"

    found = evaluate(text, VARIABLES)

    assert (found.value, found.missing) == (text, [])
    assert found.error == check_template(text) is not None


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("#{Foo} #{", "Bar #{"),
        ("#{Foo} #{Fo!o} #{Foo}", "Bar #{Fo!o} Bar"),
        ("#{if Foo} #{Foo}", "#{if Foo} Bar"),
        ("#{if Foo}#{else}#{Foo}", "#{if Foo}#{else}Bar"),
        ("#{/if}#{Foo}", "#{/if}Bar"),
        ("#{if Foo}#{/unless}#{Foo}#{/if}", "#{/unless}Bar"),
        ("#{if Foo}#{each x in Foo}#{Foo}#{/if}", "#{if Foo}#{each x in Foo}Bar#{/if}"),
        ("#{Foo | Append #{x}", "#{Foo | Append #{x}"),
    ],
)
def test_without_halting_only_what_cannot_be_parsed_stays(template, expected):
    assert evaluate(template, VARIABLES, halt_on_error=False).value == expected
    assert check_template(template, halt_on_error=False) is None


def test_an_error_tells_where_the_template_goes_wrong():
    assert (check_template("one\ntwo #{Fo!o}") or "").startswith("Parsing failed at line 2, column")


def test_a_self_reference_names_the_chain():
    with pytest.raises(SelfReference) as refusal:
        evaluate("#{X}", {"X": "#{Foo}", "Foo": "#{Fox}", "Fox": "#{foo}"})

    assert refusal.value.chain == ["X", "Foo", "Fox", "foo"]
    assert "(X -> Foo -> Fox -> foo)" in str(refusal.value)


def test_a_name_used_twice_side_by_side_is_no_self_reference():
    assert evaluate("#{A}#{B}#{A}", {"A": "#{B}", "B": "1"}).value == "111"


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("#{ | null}", None),
        ("x#{Foo | null}y", None),
        ("#{Nothing}", None),
        ("#{if Foo | null}y#{/if}n", "n"),
    ],
)
def test_the_null_filter_makes_the_whole_result_no_value(template, value):
    assert evaluate(template, {"Foo": "1", "Nothing": "#{ | null}"}) == Evaluation(value)


def test_more_variables_are_laid_over_a_table_without_changing_it():
    base = Variables({"Url": "http://#{Host}", "Host": "none"})
    evaluate("#{Url}", base)

    assert evaluate("#{Url}", base.extended({"host": "web"})).value == "http://web"
    assert evaluate("#{Url}", base).value == "http://none"


def test_further_filters_run_behind_the_built_in_ones():
    filters = {"Shout": lambda text, _options, _clock: f"{text}!", "ToUpper": lambda *_: "never"}
    variables = Variables({"a": "x"}, filters=filters)

    assert evaluate("#{a | shout} #{a | ToUpper}", variables).value == "x! X"
