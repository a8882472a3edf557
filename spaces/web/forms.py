"""How a page's form meets a service: values in, refusals back onto the form."""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, TypeVar, cast

from django import forms
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from spaces.errors import Conflict, Invalid, TooLarge, Unprocessable

Result = TypeVar("Result")
Row = TypeVar("Row", bound=Model)


class PageForm(forms.Form):
    """A form whose service may refuse. `status` is what the page answers with: an invalid form comes
    back as 422, one that lost against somebody else's change as 409, with everything still typed in.

    sometimes_required: fields that are not marked as optional although they may stay empty.
    """

    conflict = False
    sometimes_required: ClassVar[frozenset[str]] = frozenset()

    def offer(self, field: str, rows: "QuerySet[Any]") -> None:
        """Lets the field choose among these rows."""
        cast(forms.ModelChoiceField, self.fields[field]).queryset = rows

    def choices(self, field: str, choices: Iterable[tuple[Any, str]]) -> None:
        """Lets the field choose among these (value, label) pairs."""
        cast(forms.ChoiceField, self.fields[field]).choices = list(choices)

    @property
    def status(self) -> int:
        if not self.is_bound or self.is_valid():
            return 200
        return 409 if self.conflict else 422

    def call(self, service: Callable[..., Result], **given: Any) -> Result | None:
        """The service's result, called with `given` and the cleaned values; None when something is
        wrong, and then the form tells what."""
        if not self.is_valid():
            return None
        return self.refusable(lambda: service(**given, **self.cleaned_data))

    def refusable(self, act: Callable[[], Result]) -> Result | None:
        """The result of `act`, or None with its reasons on the form."""
        try:
            return act()
        except (Invalid, Conflict, TooLarge, Unprocessable) as refusal:
            self.conflict = isinstance(refusal, Conflict)
            self.add_error(None, refusal.reasons)
            return None


class Rows(forms.ModelMultipleChoiceField):
    """Several rows, as check boxes, given back as a list."""

    widget = forms.CheckboxSelectMultiple

    def clean(self, value: Any) -> Any:
        return list(super().clean(value))


def posted_row(request: HttpRequest, rows: QuerySet[Row]) -> Row | None:
    """The one of these rows that the form's field `id` names, if it is still there."""
    number = request.POST.get("id", "")
    return rows.filter(pk=number).first() if number.isascii() and number.isdigit() else None


class CodeArea(forms.Textarea):
    """Text that is code: fixed width, no wrapping."""

    def __init__(self, rows: int = 12) -> None:
        super().__init__({"rows": rows, "class": "code", "spellcheck": "false"})


class SecretInput(forms.PasswordInput):
    """Write-only: never shows what is stored, and browsers do not offer to fill it in."""

    def __init__(self, *, is_set: bool = False) -> None:
        hint = "Set - type to replace" if is_set else ""
        super().__init__({"autocomplete": "new-password", "placeholder": hint})
