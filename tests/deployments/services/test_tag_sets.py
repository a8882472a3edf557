"""Tag sets. domain.md 23.2."""

import pytest

from deployments.core.variables import VariableScope
from deployments.models import TagSet
from deployments.services.tag_sets import (
    TagRow,
    create_tag_set,
    delete_tag_set,
    sort_tag_sets,
    update_tag_set,
)
from deployments.services.variables import VariableRow, save_variables
from spaces.errors import Conflict, Invalid, NotFound, PermissionRefused
from spaces.models import Event
from tests.factories.deployments import (
    SYSTEM,
    make_channel,
    make_project,
    make_release,
    script_step,
)
from tests.factories.tenants import make_tag_set, make_tenant


@pytest.fixture
def rings(space):
    return make_tag_set(space, "Alpha", "Beta", name="Ring")


def tags_of(tag_set):
    return [tag.canonical_name for tag in tag_set.tags.select_related("tag_set")]


def test_a_new_set_is_for_tenants_and_keeps_the_order_of_its_tags(manager, space):
    created = create_tag_set(
        actor=manager, space=space, name="Ring", tags=[TagRow("Beta"), TagRow("Alpha")]
    )

    assert (created.scopes, created.type, created.slug) == (["Tenant"], "MultiSelect", "ring")
    assert tags_of(created) == ["Ring/Beta", "Ring/Alpha"]
    assert Event.objects.get(category="Created", subject_type="TagSet", user=manager.user)


@pytest.mark.promise("P8")
def test_without_permission_nothing_changes(viewer, rings):
    with pytest.raises(PermissionRefused, match="TagSetEdit"):
        update_tag_set(actor=viewer, tag_set=rings, name="Mine")
    with pytest.raises(PermissionRefused, match="TagSetDelete"):
        delete_tag_set(actor=viewer, tag_set=rings)

    assert TagSet.objects.get().name == "Ring"


@pytest.mark.promise("P3")
def test_the_set_of_another_space_does_not_exist(outsider, rings):
    with pytest.raises(NotFound):
        update_tag_set(actor=outsider, tag_set=rings, name="Mine")


@pytest.mark.parametrize(
    ("name", "tags", "problem"),
    [
        ("A/B", [], "slash"),
        ("Ring", [TagRow("a/b")], "slash"),
        ("Ring", [TagRow("x"), TagRow("X ")], "more than once"),
        ("Ring", [TagRow("x", color="red")], "colour"),
        ("Ring", [TagRow(" ")], "empty"),
    ],
)
def test_what_cannot_be_read_later_is_refused(manager, space, name, tags, problem):
    with pytest.raises(Invalid, match=problem):
        create_tag_set(actor=manager, space=space, name=name, tags=tags)


def test_tags_are_renamed_ordered_added_and_removed(manager, rings):
    alpha = rings.tags.first()

    update_tag_set(
        actor=manager, tag_set=rings, tags=[TagRow("Gamma"), TagRow("First", id=alpha.pk)]
    )

    assert tags_of(rings) == ["Ring/Gamma", "Ring/First"]
    assert rings.tags.last() == alpha


def test_a_tag_that_a_tenant_carries_stays_but_may_be_renamed(manager, space, rings):
    alpha = rings.tags.first()
    make_tenant(space, "Acme", tags=[alpha])

    with pytest.raises(Conflict, match="still used by the tenant Acme"):
        update_tag_set(actor=manager, tag_set=rings, tags=[TagRow("Beta")])
    update_tag_set(actor=manager, tag_set=rings, tags=[TagRow("First", id=alpha.pk)])

    assert tags_of(rings) == ["Ring/First"]


def test_a_tag_that_something_names_keeps_its_name(manager, space, rings):
    make_channel(make_project(space, name="Shop"), name="Early", tenant_tags=["Ring/Alpha"])

    with pytest.raises(Conflict, match="the channel Early"):
        update_tag_set(actor=manager, tag_set=rings, name="Wave")


def test_every_place_that_names_a_tag_keeps_its_set(manager, space, rings):
    project = make_project(space, script_step(tenant_tags=("Ring/Alpha",)), name="Shop")
    scope = VariableScope(tenant_tags=frozenset({"ring/beta"}))
    rows = [VariableRow("Colour", "blue", scope=scope)]
    save_variables(actor=SYSTEM, variable_set=project.variable_set, rows=rows)
    make_release(project, version="1.0.0")

    with pytest.raises(Conflict) as refused:
        delete_tag_set(actor=manager, tag_set=rings)

    told = " ".join(refused.value.reasons)
    assert all(word in told for word in ("the step", "the variable Colour", "the release Shop"))


def test_an_unused_set_goes_with_its_tags(manager, rings):
    delete_tag_set(actor=manager, tag_set=rings)

    assert not TagSet.objects.exists()


def test_a_set_of_several_becomes_one_of_single_tags_only_where_nobody_has_two(
    manager, space, rings
):
    make_tenant(space, "Acme", tags=rings.tags.all())

    with pytest.raises(Invalid, match="Acme carries 2 tags of Ring"):
        update_tag_set(actor=manager, tag_set=rings, type="SingleSelect")


def test_sets_are_put_in_order(manager, space, rings):
    other = make_tag_set(space, name="Type", sort_order=1)

    rows = sort_tag_sets(actor=manager, space=space, order=[other.pk])

    assert [row.name for row in rows] == ["Type", "Ring"]
