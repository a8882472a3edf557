"""What a space owns is found by the tables' own marks, and goes in bounded transactions. domain.md 2."""

from django.apps import apps
from django.db import models
from django.test.utils import isolate_apps

from deployments.services.space_defaults import furnish_space
from spaces.audit import record
from spaces.models import Event, Space, SpaceOwned
from spaces.services.space_contents import in_order, order_of_removal, remove_contents, rows_of
from tests.factories.deployments import SYSTEM, make_account, make_environment, make_target
from tests.factories.spaces import make_space


def contents(space: Space) -> dict[str, int]:
    """How many rows each table has of the space."""
    counts = {m.__name__: rows_of(m, space).count() for m in order_of_removal().tables}
    return {name: count for name, count in counts.items() if count}


def furnished() -> Space:
    space = make_space()
    furnish_space(SYSTEM, space)
    make_target(space, make_environment(space), account=make_account(space))
    return space


def test_a_table_is_emptied_before_those_it_refers_to():
    order = order_of_removal()

    for at, model in enumerate(order.tables):
        for column in model._meta.local_fields:
            if isinstance(column, models.ForeignKey) and column not in order.loose:
                assert column.related_model not in order.tables[:at], f"{model}.{column.name}"


def test_every_table_of_a_space_is_in_the_order():
    owned = {
        model
        for model in apps.get_models(include_auto_created=True)
        if getattr(model, "owned_through", "")
        or any(f.name == "space" and f.related_model is Space for f in model._meta.local_fields)
    }

    left_for_the_end = owned - set(order_of_removal().tables)
    assert {model.__name__ for model in left_for_the_end} == {"Team", "ScopedUserRole"}


def test_everything_of_one_space_goes_and_nothing_of_another(db):
    doomed, kept = furnished(), furnished()
    before = contents(kept)

    for _ in remove_contents(doomed, forget_blob=lambda sha256: None):
        pass

    assert contents(doomed) == {}
    assert contents(kept) == before


def test_no_transaction_removes_more_than_a_batch(space):
    for _ in range(5):
        record(SYSTEM, "Noted", None, space=space)

    removed = list(remove_contents(space, forget_blob=lambda sha256: None, batch=2))

    assert [r.rows for r in removed if r.table == "events"] == [2, 2, 1]
    assert not Event.objects.filter(space=space).exists()


def test_what_was_begun_is_finished_by_another(space):
    for _ in range(5):
        record(SYSTEM, "Noted", None, space=space)
    crashing = remove_contents(space, forget_blob=lambda sha256: None, batch=2)
    next(crashing)
    crashing.close()

    for _ in remove_contents(space, forget_blob=lambda sha256: None, batch=2):
        pass

    assert contents(space) == {}


@isolate_apps("runbooks")
def test_a_circle_is_opened_where_a_column_may_be_empty():
    class Book(SpaceOwned):
        published = models.ForeignKey("Snapshot", on_delete=models.PROTECT, null=True)

        class Meta:
            app_label = "runbooks"

    class Snapshot(SpaceOwned):
        book = models.ForeignKey(Book, on_delete=models.CASCADE)

        class Meta:
            app_label = "runbooks"

    order = in_order([Book, Snapshot])

    assert order.tables == [Snapshot, Book]
    assert [str(column) for column in order.loose] == ["runbooks.Book.published"]
