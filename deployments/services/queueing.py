"""Putting a process run on the queue: what deployments and runbook runs have in common. domain.md 17.3."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from deployments.models import ProcessRun, ServerTask
from deployments.queries.blockers import Blocker
from deployments.queries.plan_inputs import RunOptions
from deployments.queries.variable_inputs import prompts_of
from deployments.queue import enqueue
from spaces.actors import Actor
from spaces.audit import record
from spaces.errors import Invalid

FURTHEST_AHEAD = timedelta(days=30)
DEFAULT_EXPIRY = timedelta(hours=1)


class RunBlocked(Invalid):
    """Something stands in the way of a run; all reasons are listed."""

    def __init__(self, blockers: Sequence[Blocker]) -> None:
        self.blockers = list(dict.fromkeys(blockers))
        super().__init__([str(blocker) for blocker in self.blockers])


def queue_run(
    actor: Actor,
    run: ProcessRun,
    options: RunOptions,
    *,
    kind: ServerTask.Kind,
    description: str,
    concurrency_tag: str = "",
) -> None:
    """Save a run that says what and where, with its options and a task that a worker takes once the
    transaction has committed. Whether it may run is the caller's question."""
    run.task = ServerTask.objects.create(
        space_id=run.space_id,
        kind=kind,
        description=description,
        project=run.project,
        environment=run.environment,
        tenant=run.tenant,
        concurrency_tag=concurrency_tag,
        requested_by=actor.user,
        requested_with=actor.identity,
        **_schedule(options),
    )
    run.created_by = actor.name
    _keep_options(run, options)
    run.save()
    name = type(run).__name__
    run.task.arguments = {f"{name}Id": run.wire_id}
    run.task.save(update_fields=["arguments"])
    record(actor, f"{name}Queued", run)
    transaction.on_commit(partial(enqueue, run.task.pk))


def schedule_blockers(options: RunOptions, now: datetime) -> list[Blocker]:
    """domain.md 17.2: not past, at most 30 days ahead, and expiring after it starts."""
    found = []
    start = options.queue_time or now
    if options.queue_time and options.queue_time < now - timedelta(minutes=1):
        found.append(Blocker("schedule", "The time to start is in the past."))
    if start > now + FURTHEST_AHEAD:
        found.append(Blocker("schedule", "A start is scheduled at most 30 days ahead."))
    if options.queue_expiry and options.queue_expiry <= start:
        found.append(Blocker("schedule", "It would expire before it starts."))
    return found


def _keep_options(run: ProcessRun, options: RunOptions) -> None:
    run.comments = options.comments
    run.skip_actions = sorted(options.skip_actions)
    run.specific_machines = sorted(options.specific_machines)
    run.excluded_machines = sorted(options.excluded_machines)
    run.force_package_download = options.force_package_download
    run.force_package_redeployment = options.force_package_redeployment
    run.use_guided_failure = options.use_guided_failure
    _keep_answers(run, options)


def _keep_answers(run: ProcessRun, options: RunOptions) -> None:
    """Answers to sensitive prompts are sealed; names that nobody asked for are dropped."""
    prompts = {p["name"].lower(): p for p in prompts_of(run.assembly)}
    asked = {
        prompts[name.lower()]["name"]: (value, prompts[name.lower()]["is_sensitive"])
        for name, value in options.form_values.items()
        if name.lower() in prompts
    }
    run.form_values = {n: value for n, (value, secret) in asked.items() if not secret}
    secrets = {n: value for n, (value, secret) in asked.items() if secret}
    if secrets:
        run.seal_json("sealed_form_values", secrets)


def _schedule(options: RunOptions) -> dict[str, datetime]:
    """Queue time and expiry of the task; one that starts at once has neither."""
    if options.queue_time is None:
        return {"queue_expiry": options.queue_expiry} if options.queue_expiry else {}
    return {
        "queue_time": options.queue_time,
        "queue_expiry": options.queue_expiry or options.queue_time + DEFAULT_EXPIRY,
    }
