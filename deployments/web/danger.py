"""Deleting: a page of its own that says what is lost, and asks for the name. ui.md 4.4."""

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse

from spaces.web.forms import PageForm


class DangerForm(PageForm):
    """Asks for the name of what is to be deleted."""

    typed = forms.CharField(label="Name", strip=True)

    def __init__(self, name: str, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.name = name
        self.fields["typed"].label = f"Type {name} to confirm"
        self.fields["typed"].widget.attrs["autocomplete"] = "off"

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"]
        if typed != self.name:
            raise forms.ValidationError("This is not its name.")
        return typed

    def carry_out(self, service: Callable[..., Any], **given: Any) -> bool:
        """Whether the name was typed and the service did it."""
        if not self.is_valid():
            return False
        self.refusable(lambda: service(**given))
        return self.is_valid()

    def page(
        self,
        request: HttpRequest,
        *,
        title: str,
        lost: str,
        in_the_way: Sequence[str],
        back: tuple[str, ...],
    ) -> HttpResponse:
        """in_the_way: what forbids deleting; listed instead of the field. back: a route, its names."""
        route, *names = back
        context = {
            "form": self,
            "title": title,
            "lost": lost,
            "in_the_way": in_the_way,
            "back": reverse(route, args=names),
        }
        return render(request, "deployments/danger.html", context, status=self.status)
