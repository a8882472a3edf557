"""The page that says which addresses of the dialect are served is what the routes make it."""

from tests.octoplat.coverage import PAGE, State, endpoints, page, state


def test_the_page_of_coverage_is_up_to_date():
    assert PAGE.read_text() == page(), "run: python -m tests.octoplat.coverage"


def test_what_every_ci_system_needs_is_served():
    left = [
        f"{method} {path}"
        for tier, method, path in endpoints()
        if tier == "A" and state(method, path) is State.MISSING
    ]

    assert left == []
