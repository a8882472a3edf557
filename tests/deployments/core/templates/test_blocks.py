"""Conditions, loops and calculations (variables-and-versions 1.7 to 1.9)."""

import pytest

from deployments.core.templates import Evaluation, evaluate

VARIABLES = {
    "Yes": "true",
    "No": "False",
    "Zero": "0",
    "Name": "Octopus",
    "Same": "Octopus",
    "Empty": "",
    "Quote": 'say "x"',
    "Roles": "web,db",
    "A": "5",
    "B": "7",
    "B-2": "minus",
    "Text": "abc",
    "Point[x].Y": "0.25",
}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("Yes", True),
        ("No", False),
        ("Zero", False),
        ("Empty", False),
        ("Gone", False),
        ("Name", True),
        ("Name == Same", True),
        ("Name==Same", True),
        ('Name == "Octopus"', True),
        ('Name == "octopus"', False),
        ('"Octopus" == Name', True),
        ('Name != "x"', True),
        ("Gone == Missing", True),
        ('Gone == ""', True),
        (r"Name == \"Octopus\"", True),
        ('Name | ToLower == "octopus"', True),
        ("Name | ToLower == Same | ToLower", True),
        ("Name | Contains #{Same}", True),
        ('Gone | Append "x" == "x"', True),
    ],
)
def test_if_and_unless_are_opposites(condition, holds):
    template = f"#{{if {condition}}}if#{{/if}}#{{unless {condition}}}unless#{{/unless}}"

    assert evaluate(template, VARIABLES) == Evaluation("if" if holds else "unless")


@pytest.mark.parametrize("text", ["", "0", "no", "NO ", " false", "False"])
def test_falsy_texts(text):
    assert evaluate("#{if x}y#{else}n#{/if}", {"x": text}).value == "n"


@pytest.mark.parametrize("text", ["1", "00", " ", "yes", "nope", "[]", "true"])
def test_truthy_texts(text):
    assert evaluate("#{if x}y#{else}n#{/if}", {"x": text}).value == "y"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("#{ IF Yes}y#{/if}", "y"),
        ("#{if Gone}y#{else}n#{/if}", "n"),
        ("#{unless Yes}y#{else}n#{/unless}", "n"),
        ("#{if No}1#{elseif Yes}2#{elseif Yes}3#{else}4#{/if}", "2"),
        ('#{if No}1#{elseif  "x" == Name }2#{else}4#{/if}', "4"),
        ("#{if No}1#{else}#{if Yes}2#{/if}#{/if}", "2"),
        ("#{if Yes}#{unless No}#{Name}#{/unless}#{/if}", "Octopus"),
        ("#{if No}#{Gone}#{/if}", ""),
        ("#{if Gone | ToUpper}x#{/if}", "#{if Gone | ToUpper}x#{/if}"),
        ("#{ifYes}", "#{ifYes}"),
    ],
)
def test_branches(template, expected):
    assert evaluate(template, VARIABLES).value == expected


@pytest.mark.parametrize(
    ("template", "variables", "expected"),
    [
        ("#{each r in Roles}<#{r}>#{/each}", {"Roles": "web,db"}, "<web><db>"),
        ("#{EACH r IN Roles}<#{R}>#{/each}", {"Roles": "web"}, "<web>"),
        ("#{each r in Roles}<#{r}>#{/each}", {"Roles": ""}, ""),
        ("#{each r in Gone}<#{r}>#{/each}", {}, ""),
        ("#{each r in Roles}<#{r}>#{/each}", {"Roles": "#{X},b", "X": "a"}, "<a><b>"),
        ("#{each s in S}#{s}=#{s.N};#{/each}", {"S[b].N": "1", "S[a].N": "2"}, "b=1;a=2;"),
        ("#{each s in S}#{s}#{/each}", {"S[b]": "1", "S": "x,y"}, "1"),
        ("#{each s in S}#{s.N}#{/each}", {"S[b].N": "#{s}#{Own}", "Own": "!"}, "b!"),
        (
            "#{each s in S}#{s.N}|#{/each}",
            {"S[b].N": "1", "S[c].M": "2", "s.N": "outer"},
            "1|outer|",
        ),
        (
            "#{each a in S}#{each r in a.R}#{a}#{r} #{/each}#{/each}",
            {"S[x].R": "1,2", "S[y].R": "3"},
            "x1 x2 y3 ",
        ),
        (
            "#{each a in S}#{each b in a.T}#{b.N}#{/each}#{/each}",
            {"S[x].T[1].N": "p", "S[x].T[2].N": "q"},
            "pq",
        ),
        ("#{each a in L}#{each a in M}#{a}#{/each}#{a}#{/each}", {"L": "1,2", "M": "x"}, "x1x2"),
        ('#{each a in L}#{if a == "2"}#{a}#{/if}#{/each}', {"L": "1,2,3"}, "2"),
        ("#{each a in S}#{T[#{a}].N}#{/each}", {"S": "x,y", "T[x].N": "1", "T[y].N": "2"}, "12"),
        ("#{each a in S[#{i}].R}#{a}#{/each}", {"i": "x", "S[x].R": "1,2"}, "12"),
    ],
)
def test_loops(template, variables, expected):
    assert evaluate(template, variables) == Evaluation(expected)


def test_filters_follow_the_items_and_not_the_first_one():
    template = "#{each o in Outer}#{each i in Inner}#{o | ToUpper}#{i | ToUpper}#{Name | ToUpper};#{/each}#{/each}"
    variables = {"Outer": "a,b", "Inner": "x,y", "Name": "n"}
    assert evaluate(template, variables).value == "AXN;AYN;BXN;BYN;"


def test_a_loop_knows_its_position():
    template = (
        "#{each a in L}#{Octopus.Template.Each.Index}#{Octopus.Template.Each.First}"
        "#{Octopus.Template.Each.Last} #{/each}"
    )

    assert evaluate(template, {"L": "a,b"}).value == "0TrueFalse 1FalseTrue "
    assert evaluate("#{Octopus.Template.Each.Index}", {"L": "a"}).missing


def test_loop_variables_end_with_the_loop():
    assert evaluate("#{each a in L}#{a}#{/each}#{a}", {"L": "1", "a": "outer"}).value == "1outer"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("3+2", "5"),
        ("3-2", "1"),
        ("3 * ( 2 + 2 ) * 4", "48"),
        ("2+3*4", "14"),
        ("10-4-3", "3"),
        ("8/2/2", "2"),
        ("1.5+1", "2.5"),
        ("0.2*B", "1.4000000000000001"),
        ("A+B", "12"),
        ("{B}-2", "5"),
        ("{B}/{A}", "1.4"),
        ("-3+A", "2"),
        ("-(A+1)", "-6"),
        ("Point[x].Y*4", "1"),
        ("{Point[x].Y}-1", "-0.75"),
        ("1/0", "Infinity"),
        ("100000000*100000000", "1E+16"),
    ],
)
def test_calculations(expression, expected):
    assert evaluate(f"#{{calc {expression}}}", VARIABLES) == Evaluation(expected)


@pytest.mark.parametrize(
    ("expression", "echo"), [("B-2", "B-2"), ("Text+1", "Text+1"), ("3*({Gone}+2)", "3*(Gone+2)")]
)
def test_a_calculation_with_something_that_is_no_number_is_echoed(expression, echo):
    assert evaluate(f"#{{calc {expression}}}", VARIABLES).missing == [f"#{{{echo}}}"]
