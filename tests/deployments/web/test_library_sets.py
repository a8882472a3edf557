"""Library variable sets by hand, and what projects show of them."""

import pytest

from deployments.models import LibraryVariableSet, Variable
from deployments.services.projects import update_project
from deployments.services.variables import VariableRow, create_library_set, save_variables
from spaces.permissions import Permission
from tests.factories.deployments import SYSTEM
from tests.factories.spaces import actor_for, grant, make_user

P = Permission
EDITOR = [P.VARIABLE_VIEW, P.VARIABLE_EDIT, P.VARIABLE_EDIT_UNSCOPED, P.LIBRARY_VARIABLE_SET_VIEW]


@pytest.fixture
def shared(space):
    library_set = create_library_set(actor=SYSTEM, space=space, name="Shared")
    rows = [VariableRow("Greeting", "Hello"), VariableRow("Token", "canary-71", is_sensitive=True)]
    save_variables(actor=SYSTEM, variable_set=library_set.variable_set, rows=rows)
    return library_set


@pytest.fixture
def url(home):
    return f"{home}/library/variable-sets"


def values(library_set):
    return {(row.name, row.value) for row in library_set.variable_set.variables.all()}


def test_a_set_is_made_filled_renamed_and_deleted(browse, manager, space, url):
    page = browse(manager)

    page.post(f"{url}/new", {"name": "Colours", "description": "of all shops"})
    page.post(f"{url}/colours/", {"new-name-0": "Primary", "new-value-0": "blue"})
    page.post(f"{url}/colours/values/new", {"name": "Second", "value": "red", "roles": "Web"})
    page.post(f"{url}/colours/settings", {"name": "Paints"})

    row = LibraryVariableSet.objects.get(name="Paints")
    assert values(row) == {("Primary", "blue"), ("Second", "red")}
    assert Variable.objects.get(name="Second").scope == {"roles": ["web"]}
    page.post(f"{url}/{row.slug}/delete", {"typed": "Paints"})
    assert not LibraryVariableSet.objects.exists()


def test_a_value_has_a_page_without_steps_and_channels(browse, manager, shared, url):
    greeting = shared.variable_set.variables.get(name="Greeting")
    address = f"{url}/shared/values/{greeting.pk}"
    page = browse(manager)

    fields = page.get(address).context["form"].fields
    page.post(address, {"name": "Greeting", "value": "Hi"})
    page.post(f"{address}/remove")

    assert not {"actions", "channels"} & set(fields)
    assert values(shared) == {("Token", "")}


def test_a_set_that_a_project_includes_is_not_deleted(browse, manager, shared, project, url):
    update_project(actor=SYSTEM, project=project, library_sets=[shared.pk])
    page = browse(manager)

    answer = page.post(f"{url}/shared/delete", {"typed": "Shared"})

    assert answer.status_code == 409
    assert "Shop" in page.get(f"{url}/shared/").text
    assert LibraryVariableSet.objects.exists()


@pytest.mark.promise("S2")
def test_projects_include_sets_and_show_them_read_only(browse, manager, shared, project, home):
    page = browse(manager)
    settings = f"{home}/projects/shop/settings"
    form = page.get(settings).context["form"]
    given = {name: form[name].value() for name in form.fields if form[name].value()}
    given |= {"group": project.group_id, "lifecycle": project.lifecycle_id}

    page.post(settings, given | {"library_sets": [shared.pk]})

    project.refresh_from_db()
    assert project.library_sets == [shared.pk]
    answer = page.get(f"{home}/projects/shop/variables")
    assert [part.library_set for part in answer.context["shared"]] == [shared]
    assert "from the library" in answer.text
    assert "canary-71" not in answer.text


def test_editors_of_projects_do_not_change_the_library(browse, space, shared, url):
    user = make_user()
    grant(user, EDITOR, space)
    page = browse(actor_for(user))
    before = values(shared)

    answers = [
        page.post(f"{url}/shared/", {"new-name-0": "Mine", "new-value-0": "1"}),
        page.post(f"{url}/shared/values/new", {"name": "Mine", "value": "1"}),
        page.post(f"{url}/shared/settings", {"name": "Mine"}),
        page.post(f"{url}/shared/delete", {"typed": "Shared"}),
        page.post(f"{url}/new", {"name": "Mine"}),
    ]

    assert {answer.status_code for answer in answers} <= {403, 404}
    assert values(shared) == before
    assert LibraryVariableSet.objects.count() == 1
