"""Tag sets, tags, tenants and what they are asked. A test names what matters to it; the rest is invented."""

from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any

from deployments.models import (
    Environment,
    LibraryVariableSet,
    Project,
    Tag,
    TagSet,
    Tenant,
    TenantProject,
    TenantProjectEnvironment,
    TenantTag,
    TenantVariable,
    TenantVariableEnvironment,
    VariableTemplate,
)
from spaces.models import Space

serial = count(1)


def make_tag_set(space: Space, *tags: str, **given: Any) -> TagSet:
    """A tag set for tenants with these tags, in this order."""
    number = next(serial)
    defaults = {"name": f"Set {number}", "slug": f"set-{number}", "scopes": ["Tenant"]}
    tag_set = TagSet.objects.create(space=space, **defaults | given)
    Tag.objects.bulk_create(
        Tag(space=space, tag_set=tag_set, name=name, sort_order=order)
        for order, name in enumerate(tags)
    )
    return tag_set


def make_template(
    owner: Project | LibraryVariableSet, name: str, value: str = "", **given: Any
) -> VariableTemplate:
    """A template with this default. is_sensitive=True asks for a secret."""
    template = VariableTemplate(space_id=owner.space_id, key=f"template-{next(serial)}", name=name)
    template.project = owner if isinstance(owner, Project) else None
    template.library_set = None if isinstance(owner, Project) else owner
    template.display = {"Octopus.ControlType": "SingleLineText"}
    if given.pop("is_sensitive", False):
        template.display = {"Octopus.ControlType": "Sensitive"}
        template.seal_field("default_secret", value)
    else:
        template.default_value = value
    for field, content in given.items():
        setattr(template, field, content)
    template.save()
    return template


def say(
    tenant: Tenant, template: VariableTemplate, value: str, *environments: Environment
) -> TenantVariable:
    """What a tenant says to a template, in these environments or in all."""
    row = TenantVariable(space_id=tenant.space_id, tenant=tenant, template=template)
    if template.is_sensitive:
        row.seal_field("secret", value)
    else:
        row.value = value
    row.save()
    TenantVariableEnvironment.objects.bulk_create(
        TenantVariableEnvironment(space_id=tenant.space_id, variable=row, environment=environment)
        for environment in environments
    )
    return row


def make_tenant(
    space: Space,
    name: str = "",
    *,
    tags: Iterable[Tag] = (),
    connect: Mapping[Project, Iterable[Environment]] | None = None,
    **given: Any,
) -> Tenant:
    """A tenant with these tags, connected to these projects in these environments."""
    number = next(serial)
    tenant = Tenant.objects.create(
        space=space, name=name or f"Tenant {number}", slug=f"tenant-{number}", **given
    )
    TenantTag.objects.bulk_create(TenantTag(space=space, tenant=tenant, tag=tag) for tag in tags)
    for project, environments in (connect or {}).items():
        connection = TenantProject.objects.create(space=space, tenant=tenant, project=project)
        TenantProjectEnvironment.objects.bulk_create(
            TenantProjectEnvironment(space=space, connection=connection, environment=environment)
            for environment in environments
        )
    return tenant
