"""Navigation into JSON (variables-and-versions 1.6)."""

import pytest

from deployments.core.templates import Evaluation, SelfReference, evaluate, get_indexes


def json_token(path: str, value: str, **more: str) -> Evaluation:
    return evaluate(f"#{{V{path}}}", {"V": value, **more})


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (".a", '{"a": "x"}', "x"),
        ("[a]", '{"a": "x"}', "x"),
        (".a.b", '{"a": {"b": 12}}', "12"),
        ("[1]", "[1,2]", "2"),
        (".i[1].n", '{"i": [{"n": 1}, {"n": 2}]}', "2"),
        (".i[*].n", '{"i": [{"n": 1}, {"n": 2}]}', "1"),
        (".a", '{"a": true}', "True"),
        (".a", '{"a": 1.50}', "1.5"),
        (".a", '{"a": null}', ""),
        (".b", '{"a": 1}', ""),
        (".A", '{"a": 1}', ""),
        ("[9]", "[1]", ""),
        (".a", '{"a": {"b": [1, "x", null]}}', '{"b":[1,"x",null]}'),
        (".a", '{"a": "é", }', "é"),
        (".a", "{a: 'x\\'y'}", "x'y"),
        (".a", "{a: [1, 2,], }", "[1,2]"),
        (".a", "// note\n{a: /* 1 */ 2}", "2"),
        (".a", '{"a": "#{Other}"}', "other"),
        (".a", '{"a": #{Number}}', "7"),
        (".a.b", '{"a": "{\\"b\\": 1}"}', "1"),
        (".Name", '{Name: "#{V.Value}", Value: 12}', "12"),
        (".a", '{"a": "##{Other}"}', "#{Other}"),
    ],
)
def test_members_of_json(path, value, expected):
    assert json_token(path, value, Other="other", Number="7") == Evaluation(expected)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (".Name", "{Name: NoComma}"),
        (".Name", "plain text"),
        (".Name", '{"Name": 1} rest'),
        (".Name.Deeper", '{"Name": 1}'),
        (".Name", "[1]"),
        (".Name", '"Name"'),
        (".Name", ""),
        (".Name", "[" * 5000),
        (".Name", '{"Name":' * 70 + "1" + "}" * 70),
    ],
)
def test_what_is_no_json_leaves_the_token_unresolved(path, value):
    assert json_token(path, value).missing == [f"#{{V{path}}}"]


def test_explicit_variables_win_over_members():
    variables = {
        "V": '{"a": "json", "b": {"c": "json", "d": "json"}}',
        "V.a": "own",
        "V.b.c": "own",
    }

    assert evaluate("#{V.a} #{V.b.c} #{V.b.d}", variables).value == "own own json"


def test_members_that_refer_to_each_other_are_a_self_reference():
    with pytest.raises(SelfReference) as refusal:
        evaluate("#{V.a}", {"V": '{"a": "#{V.b}", "b": "#{V.a}"}'})

    assert refusal.value.chain == ["V.a", "V.b", "V.a"]


def test_a_missing_token_elsewhere_in_the_json_does_not_matter():
    assert json_token(".b", '{"a": "#{Gone}", "b": 1}') == Evaluation("1")
    assert json_token(".a", '{"a": "#{Gone}", "b": 1}').missing == ["#{Gone}"]


@pytest.mark.parametrize(
    ("template", "value", "expected"),
    [
        ("#{each i in V}#{i},#{/each}", '[1,"b",true]', "1,b,True,"),
        ("#{each i in V}#{i.n},#{/each}", '[{"n":1},{"n":2}]', "1,2,"),
        ("#{each i in V}#{i}=#{i.Key}=#{i.Value};#{/each}", '{"a":1,"b":2}', "a=a=1;b=b=2;"),
        ("#{each i in V}#{i.Value.n}#{/each}", '{"a":{"n":1}}', "1"),
        ("#{each i in V.list}#{i}#{/each}", '{"list":["x","y"]}', "xy"),
        ("#{each i in V.none}#{i}#{/each}", '{"none":null}', ""),
        ("#{each i in V.gone}#{i}#{/each}", "{}", ""),
        ("#{each i in V.text}#{i}.#{/each}", '{"text":"a,b"}', "a.b."),
        ("#{each i in V}#{each j in i.l}#{j}#{/each};#{/each}", '[{"l":[1,2]},{"l":[3]}]', "12;3;"),
        ("#{each i in V}#{i}#{/each}", '["#{Other}"]', "other"),
        ("#{each i in V}#{i}#{/each}", '["##{Other}"]', "#{Other}"),
        ("#{each i in V}#{i}#{/each}", "[not json", "[not json"),
    ],
)
def test_loops_over_json(template, value, expected):
    assert evaluate(template, {"V": value, "Other": "other"}) == Evaluation(expected)


def test_only_variables_are_listed_as_indexes():
    assert get_indexes({"V": "[1,2]", "V[b].n": "1", "V[a].n": "2", "V[B].m": "3"}, "v") == [
        "b",
        "a",
    ]
