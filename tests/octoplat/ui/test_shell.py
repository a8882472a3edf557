"""The frame around pages: only where one may go, and what waits."""

from spaces.permissions import Permission
from tests.factories.deployments import make_furnished_space
from tests.factories.spaces import actor_for, grant, make_user


def test_sections_without_anything_readable_are_absent(client, db):
    space = make_furnished_space(name="Shop", slug="shop")
    user = make_user()
    grant(user, [Permission.PROJECT_VIEW, Permission.ENVIRONMENT_VIEW], space)
    client.force_login(user)

    sidebar = client.get("/app/spaces/shop/projects").text.split("<main")[0]

    assert "Environments" in sidebar
    for absent in ("Targets", "Accounts", "Inbox", "Library"):
        assert absent not in sidebar


def test_the_page_one_is_on_is_marked(client, manager):
    client.force_login(manager.user)

    sidebar = client.get("/app/spaces/main/environments").text.split("<main")[0]

    assert sidebar.count('aria-current="page"') == 2, "in the left bar and in the breadcrumb"


def test_only_spaces_of_mine_are_on_offer(client, db):
    mine, also_mine = (make_furnished_space(name=name) for name in ("Mine", "Also mine"))
    make_furnished_space(name="Theirs")
    user = make_user()
    for space in (mine, also_mine):
        grant(user, "spacemanager", space)
    client.force_login(actor_for(user).user)

    text = client.get(f"/app/spaces/{mine.slug}/projects").text

    assert "Also mine" in text
    assert "Theirs" not in text
