"""Prompted variables are asked with the control that was chosen for them. domain.md 14.4."""

import pytest
from django import forms

from deployments.web.prompts import options_of, prompt_field
from spaces.web.forms import SecretInput


def entry(control: str = "SingleLineText", **given):
    prompt = {"label": "Ticket", "description": "Which one", "control": control}
    asked = {"name": "Ticket", "prompt": prompt, "scope": {}, "value": "", "is_sensitive": False}
    return asked | given


@pytest.mark.parametrize(
    ("control", "widget"),
    [
        ("SingleLineText", forms.TextInput),
        ("MultiLineText", forms.Textarea),
        ("Select", forms.Select),
        ("Checkbox", forms.Select),
        ("", forms.TextInput),
    ],
)
def test_each_control_has_its_widget(control, widget):
    assert type(prompt_field(entry(control)).widget) is widget


def test_a_sensitive_answer_is_typed_unseen_whatever_the_control():
    field = prompt_field(entry("MultiLineText", is_sensitive=True))

    assert isinstance(field.widget, SecretInput)


def test_a_list_offers_its_lines():
    assert options_of("eu|Europe\n\n us ") == [("eu", "Europe"), ("us", "us")]


def test_an_answer_outside_the_list_is_refused():
    asked = entry("Select")
    asked["prompt"]["options"] = "eu|Europe"

    with pytest.raises(forms.ValidationError):
        prompt_field(asked).clean("asia")


def test_yes_or_no_answers_as_scripts_expect():
    assert prompt_field(entry("Checkbox")).clean("True") == "True"


def test_a_required_answer_is_required_unless_an_environment_decides():
    asked = entry()
    asked["prompt"]["required"] = True

    assert prompt_field(asked).required
    assert not prompt_field(asked | {"scope": {"environments": [1]}}).required
