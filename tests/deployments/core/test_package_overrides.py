"""Package overrides of a new release: api-dialect.md 7.5.1."""

import pytest

from deployments.core.package_overrides import BadOverride, parse_overrides, version_for


def chosen(*texts, step="Deploy web", action="Deploy web", package_id="Acme.Web", reference=""):
    return version_for(
        parse_overrides(texts), step=step, action=action, package_id=package_id, reference=reference
    )


@pytest.mark.parametrize(
    ("texts", "version"),
    [
        (["Deploy Web:1.0.0"], "1.0.0"),
        (["acme.web=1.0.0"], "1.0.0"),
        (["Acme.Web/1.0.0"], "1.0.0"),
        (["*:2.0.0"], "2.0.0"),
        (["*:2.0.0", "Acme.Web:3.0.0"], "3.0.0"),
        (["Acme.Web:3.0.0", "Deploy web:4.0.0", "*:9"], "4.0.0"),
        (["", "  ", "*:2.0.0"], "2.0.0"),
        (["Other:1.0.0"], None),
    ],
)
def test_the_more_specific_override_wins(texts, version):
    assert chosen(*texts) == version


def test_a_reference_is_more_specific_than_none():
    assert chosen("Deploy web:1.0.0", "Deploy web:tools:2.0.0", reference="tools") == "2.0.0"
    assert chosen("Deploy web:tools:2.0.0") is None
    assert chosen("*:tools:2.0.0", reference="Tools") == "2.0.0"


@pytest.mark.parametrize("text", ["1.0.0", "a:b:c:d", ":1.0", "a:"])
def test_what_cannot_be_read_is_refused_with_the_expected_form(text):
    with pytest.raises(BadOverride, match="Step:Version"):
        parse_overrides([text])
