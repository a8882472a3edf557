"""The style guide: every component in every state, for developers and for the accessibility tests."""

from datetime import timedelta
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from deployments.web import statuses

REASONS = ["Your teams allow Development only.", "1.4.2 has not succeeded in Test."]
LEVELS = ("verbose", "info", "highlight", "wait", "warning", "error")
TEXT = "Check **the orders page** first:\n\n1. open it\n2. buy something\n\nThen `proceed`."


class SampleForm(forms.Form):
    name = forms.CharField(help_text="People read this everywhere.")
    notes = forms.CharField(widget=forms.Textarea({"rows": 2}), required=False)
    group = forms.ChoiceField(choices=[("a", "Default project group"), ("b", "Shop")])
    places = forms.MultipleChoiceField(
        label="Environments",
        choices=[("d", "Development"), ("t", "Test"), ("p", "Production")],
        widget=forms.CheckboxSelectMultiple,
    )
    guided = forms.BooleanField(
        label="Guided failure", required=False, help_text="A failing step asks a person."
    )


@require_GET
def styleguide(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    context = {
        "now": now,
        "earlier": now - timedelta(minutes=12),
        "long_ago": now - timedelta(days=40),
        "later": now + timedelta(hours=6),
        "statuses": statuses.EVERY,
        "reasons": REASONS,
        "text": TEXT,
        "form": SampleForm({"name": "", "places": ["d"]}),
        "page": Paginator(range(250), 100).page(2),
        "lines": [{"level": level, "text": f"A line that is {level}"} for level in LEVELS],
        **_samples(),
    }
    return render(request, "octoplat/styleguide.html", context)


def _samples() -> dict[str, Any]:
    columns = ["Development", "Test", "Production"]
    shown: list[statuses.Status | None] = [statuses.SUCCEEDED, statuses.RUNNING, statuses.WAITING]
    others: list[statuses.Status | None] = [statuses.WITH_WARNINGS, statuses.FAILED, None]
    phases = zip(columns, [statuses.SUCCEEDED, statuses.RUNNING, statuses.PENDING], strict=True)
    return {
        "columns": columns,
        "tabs": [
            {"label": "Overview", "url": "#", "is_current": True, "count": None},
            {"label": "Deployments", "url": "#", "is_current": False, "count": 12},
        ],
        "rows": [
            {"name": name, "cells": _cells(columns, row)}
            for name, row in (("Web shop", shown), ("Billing", others))
        ],
        "phases": [
            {
                "name": name,
                "current": name == "Test",
                "members": [{"name": name, "status": status, "automatic": name == "Test"}],
            }
            for name, status in phases
        ],
    }


def _cells(columns: list[str], row: list[statuses.Status | None]) -> list[dict[str, Any]]:
    return [
        {"column": column, "status": status, "version": f"1.4.{index}"}
        for index, (column, status) in enumerate(zip(columns, row, strict=True))
    ]
