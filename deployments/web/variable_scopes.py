"""What people call the entries of scopes, for every page that shows variables."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from deployments.models import Environment, Project, Target
from deployments.queries.tenants import tag_names
from spaces.models import Space

Scope = Mapping[str, Sequence[Any]]
Words = Mapping[tuple[str, str], str]


def scope_words(space: Space, project: Project | None, scopes: Iterable[Scope]) -> Words:
    """Names by (kind, entry). project: whose steps and channels scopes name, None in the library."""
    scopes = list(scopes)
    named = {pk for scope in scopes for pk in scope.get("machines", ())}
    targets = Target.objects.in_space(space).filter(pk__in=named)
    environments = Environment.objects.in_space(space)
    words = {("environments", str(row.pk)): row.name for row in environments}
    words |= {("machines", str(pk)): name for pk, name in targets.values_list("pk", "name")}
    if any(scope.get("tenant_tags") for scope in scopes):
        words |= {("tenant_tags", key): name for key, name in tag_names(space).items()}
    if project is None:
        return words
    channels = project.channels.values_list("pk", "name")
    words |= {("channels", str(pk)): name for pk, name in channels}
    for step in project.process.parsed():
        words[("actions", step.id)] = step.name
        words |= {("actions", action.id): action.name for action in step.actions}
    return words


def named_scope(scope: Scope, words: Words) -> list[tuple[str, str]]:
    """(kind, word) for each limit of a scope; empty where it applies everywhere."""
    return [
        (kind, words.get((kind, str(entry)), str(entry)))
        for kind, entries in scope.items()
        for entry in entries
    ]
