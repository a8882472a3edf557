"""Reports for people who only look: what runs where, what shipped, how often and how safely. ui.md 6, 7(p)."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from deployments.core.metrics import FEWEST, Bar, bars, measure, starts_of_parts
from deployments.models import Deployment, Environment
from deployments.queries.dashboard import dashboard
from deployments.queries.metrics import MOST, Range, finished_deployments, scheduled, shipped
from deployments.web.dashboard import sections
from deployments.web.guards import SpaceRequest, in_space
from spaces.access import visible
from spaces.permissions import Permission

DAYS = (7, 30, 90)
LISTED = 50
CHART = 120  # height of the chart's tallest bar
STEP = 40  # from one bar to the next


@dataclass(frozen=True)
class ShownBar:
    """One part of the chart, in the units of its picture. The failures stand on top of the successes."""

    bar: Bar
    x: int
    good_y: int
    good_height: int
    bad_y: int
    bad_height: int


@in_space(Permission.INSIGHTS_REPORT_VIEW)
@require_GET
def reports(request: SpaceRequest) -> HttpResponse:
    """The range is in the address. `format=csv` gives what shipped as a file."""
    now = timezone.localtime()
    days, environment = _days(request), _environment(request)
    starts = starts_of_parts(now, days)
    about = Range(starts[0], environment)
    went = shipped(request.actor, request.space, about)
    if request.GET.get("format") == "csv":
        return _as_csv(went)
    finished = finished_deployments(request.actor, request.space, about)
    measures, found = measure(finished), dashboard(request.actor, request.space)
    context = {
        "days": days,
        "choices": DAYS,
        "environment": environment,
        "environments": found.environments,
        "sections": sections(found),
        "shipped": went[:LISTED],
        "listed": LISTED,
        "scheduled": scheduled(request.actor, request.space)[:LISTED],
        "measures": measures,
        "failure_rate": "none" if measures.failure_rate is None else f"{measures.failure_rate:.0%}",
        "few": FEWEST,
        "is_cut": len(finished) == MOST,
        "most": MOST,
        "chart": shown_bars(bars(finished, starts)),
        "width": STEP * len(starts),
        "is_weekly": any((end - start).days > 1 for start, end in pairwise(starts)),
        "zone": now.tzname(),
    }
    return render(request, "deployments/reports.html", context)


def shown_bars(parts: Sequence[Bar]) -> list[ShownBar]:
    """The bars in proportion; the tallest is as high as the chart."""
    tallest = max((part.successes + part.failures for part in parts), default=0) or 1
    shown = []
    for number, part in enumerate(parts):
        good = round(part.successes * CHART / tallest)
        bad = round((part.successes + part.failures) * CHART / tallest) - good
        shown.append(ShownBar(part, number * STEP, CHART - good, good, CHART - good - bad, bad))
    return shown


def _days(request: SpaceRequest) -> int:
    text = request.GET.get("days", "")
    return int(text) if text.isdigit() and int(text) in DAYS else DAYS[0]


def _environment(request: SpaceRequest) -> Environment | None:
    rows = visible(
        request.actor, Permission.ENVIRONMENT_VIEW, Environment.objects.in_space(request.space)
    )
    slug = request.GET.get("environment", "")
    return rows.filter(slug=slug).first() if slug else None


def _as_csv(went) -> HttpResponse:
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="shipped.csv"'
    writer = csv.writer(response)
    writer.writerow(["Finished (UTC)", "Project", "Version", "Environment", "By"])
    writer.writerows(_lines(went))
    return response


def _lines(went) -> Iterator[list[str]]:
    row: Deployment
    for row in went[:MOST]:
        texts = (row.project.name, row.release.version, row.environment.name, row.created_by)
        yield [f"{row.task.finished_at:%Y-%m-%d %H:%M:%S}", *map(_plain, texts)]


def _plain(text: str) -> str:
    """A name that a spreadsheet would run as a formula gets an apostrophe in front."""
    return f"'{text}" if text[:1] in "=+-@\t\r" and text else text
