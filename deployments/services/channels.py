"""Channels of a project. domain.md 10."""

import uuid
from collections.abc import Sequence
from typing import Any, TypedDict, Unpack

from django.db import transaction

from deployments.core.versions import channel_rules
from deployments.models import Channel, Lifecycle, Project
from deployments.queries import referrers
from deployments.services.changes import (
    apply,
    naming_problems,
    new_slug,
    refuse,
    refuse_while_used,
    save,
    texts_problems,
)
from spaces.access import authorize
from spaces.actors import Actor
from spaces.audit import record
from spaces.errors import Conflict
from spaces.permissions import Permission

Rule = dict[str, Any]


class ChannelFields(TypedDict, total=False):
    """What can be said about a channel; what is left out stays as it is. rules: as in `Channel`."""

    slug: str
    description: str
    lifecycle: Lifecycle | None
    is_default: bool
    rules: Sequence[Rule]
    tenant_tags: list[str]


class ChannelChanges(ChannelFields, total=False):
    name: str


@transaction.atomic
def create_channel(
    *, actor: Actor, project: Project, name: str, **fields: Unpack[ChannelFields]
) -> Channel:
    """A new channel; made the default, it replaces the one that was.

    Raises PermissionRefused, Invalid with every reason.
    """
    authorize(actor, Permission.PROCESS_EDIT, project)
    siblings = Channel.objects.filter(project=project)
    slug = fields.pop("slug", "")
    fields["rules"] = _with_ids(fields.get("rules", ()))
    refuse(
        naming_problems(siblings, name, slug=slug)
        + texts_problems(fields)
        + _rule_problems(project, fields["rules"])
    )
    if fields.get("is_default"):
        siblings.update(is_default=False)
    channel = Channel(
        space_id=project.space_id,
        project=project,
        name=name.strip(),
        slug=new_slug(siblings, name, slug),
        **fields,
    )
    save(channel)
    record(actor, "Created", channel)
    return channel


@transaction.atomic
def update_channel(*, actor: Actor, channel: Channel, **fields: Unpack[ChannelChanges]) -> Channel:
    """Change it. A project always has a default channel: choose another instead of unsetting it.

    Raises PermissionRefused, Invalid.
    """
    authorize(actor, Permission.PROCESS_EDIT, channel)
    fields["name"] = fields.get("name", channel.name).strip()
    fields["slug"] = fields.get("slug") or channel.slug
    if "rules" in fields:
        fields["rules"] = _with_ids(fields["rules"])
    siblings = Channel.objects.filter(project_id=channel.project_id)
    problems = naming_problems(siblings, fields["name"], slug=fields["slug"], existing=channel)
    problems += texts_problems(fields) + _rule_problems(channel.project, fields.get("rules", ()))
    if channel.is_default and fields.get("is_default") is False:
        problems.append("Make another channel the default one instead.")
    refuse(problems)
    if fields.get("is_default"):
        siblings.exclude(pk=channel.pk).update(is_default=False)
    changes = apply(channel, fields)
    save(channel)
    record(actor, "Modified", channel, details=changes)
    return channel


@transaction.atomic
def delete_channel(*, actor: Actor, channel: Channel) -> None:
    """Delete it. Raises Conflict for the default one, or listing its releases and what names it."""
    authorize(actor, Permission.PROCESS_EDIT, channel)
    if channel.is_default:
        raise Conflict("The default channel of a project cannot be deleted.")
    refuse_while_used(channel, referrers.of_channel(actor, channel))
    record(actor, "Deleted", channel)
    channel.delete()


def _with_ids(rules: Sequence[Rule]) -> list[Rule]:
    return [{**rule, "id": rule.get("id") or str(uuid.uuid4())} for rule in rules]


def _rule_problems(project: Project, rules: Sequence[Rule]) -> list[str]:
    """Ranges and patterns that cannot be read, and packages that the process does not have."""
    problems: list[str] = []
    there = _package_names(project) if rules else set()
    for rule in rules:
        verdict = channel_rules.passes("1.0.0", rule.get("version_range", ""), rule.get("tag", ""))
        problems += verdict.errors
        for package in rule.get("packages", ()):
            if (package["action"].lower(), package.get("reference", "").lower()) not in there:
                name = "/".join(filter(None, (package["action"], package.get("reference", ""))))
                problems.append(f"No step of {project} has the package {name}.")
    return problems


def _package_names(project: Project) -> set[tuple[str, str]]:
    return {
        (name.lower(), package.name.lower())
        for step in project.process.parsed()
        for action in step.actions
        for package in action.packages
        for name in (action.id, action.name, step.name)
    }
