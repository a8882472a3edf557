"""What every tenant is asked for: the templates of projects and library sets. domain.md 14.5.

Saved as part of their owner (`update_project`, `update_library_set`), which judges the permission.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from deployments.models import LibraryVariableSet, Project, VariableTemplate
from deployments.services.changes import Changes
from spaces.naming import text_problems

LONGEST_NAME = 400
LONGEST_KEY = 100
SENSITIVE = "Sensitive"


@dataclass(frozen=True)
class TemplateRow:
    """One template as somebody wants it.

    key: of the template it replaces, or of a new one; "" gives it a fresh one.
    default: the text, or None to keep the stored secret of a sensitive one.
    display: the settings of the control, as clients write them ({"Octopus.ControlType": ...}).
    """

    name: str
    key: str = ""
    label: str = ""
    help_text: str = ""
    default: str | None = ""
    display: dict[str, str] = field(default_factory=dict)

    @property
    def is_sensitive(self) -> bool:
        return self.display.get("Octopus.ControlType") == SENSITIVE


Owner = Project | LibraryVariableSet


def template_problems(owner: Owner | None, rows: Sequence[TemplateRow] | None) -> list[str]:
    """Why these cannot be the templates of the owner, None for one that is yet to be."""
    known = {row.key: row for row in owner.templates.all()} if owner and rows else {}
    return _problems(known, rows or ())


def set_templates(owner: Owner, rows: Sequence[TemplateRow]) -> Changes:
    """Make these, which have no `template_problems`, the templates of the owner, in this order.

    Values of those left out go with them. Returns what audit tells.
    """
    known = {template.key: template for template in owner.templates.all()}
    before = _told(known.values())
    owner.templates.exclude(key__in=[row.key for row in rows]).delete()
    # names may change places: free all of them before any is given
    saved = [
        _filled(known.get(row.key) or _fresh(owner), row, position)
        for position, row in enumerate(rows)
    ]
    _free_names([template for template in saved if template.pk])
    for template in saved:
        template.save()
    after = _told(saved)
    return {"templates": [before, after]} if before != after else {}


def copy_templates(original: Project, project: Project) -> None:
    """The original's templates with their defaults, for a copy of it, whose maker may use its secrets.

    They keep their keys: whoever knew a template by one knows its copy.
    """
    rows = [
        TemplateRow(
            name=row.name,
            key=row.key,
            label=row.label,
            help_text=row.help_text,
            default=row.reveal("default_secret") if row.is_sensitive else row.default_value,
            display=row.display,
        )
        for row in original.templates.all()
    ]
    set_templates(project, rows)


def _free_names(templates: Sequence[VariableTemplate]) -> None:
    for template in templates:
        VariableTemplate.objects.filter(pk=template.pk).update(name=f"\x1f{template.pk}")


def _fresh(owner: Owner) -> VariableTemplate:
    if isinstance(owner, Project):
        return VariableTemplate(space_id=owner.space_id, project=owner)
    return VariableTemplate(space_id=owner.space_id, library_set=owner)


def _filled(template: VariableTemplate, row: TemplateRow, position: int) -> VariableTemplate:
    was_sensitive = template.is_sensitive
    template.key = row.key or template.key or str(uuid4())
    template.name = row.name.strip()
    template.label, template.help_text = row.label.strip(), row.help_text
    template.display, template.sort_order = row.display, position
    if row.is_sensitive:
        if row.default is not None:
            template.seal_field("default_secret", row.default)
        elif not was_sensitive and template.default_value:
            template.seal_field("default_secret", template.default_value)
        template.default_value = ""
    else:
        template.default_value, template.default_secret = row.default or "", ""
    if row.is_sensitive and not was_sensitive and template.pk:
        _seal_values(template)
    return template


def _seal_values(template: VariableTemplate) -> None:
    """What tenants said in plain text becomes secret with the template."""
    for value in template.values.exclude(value=""):
        value.seal_field("secret", value.value)
        value.value = ""
        value.save(update_fields=["value", "secret"])


def _problems(known: dict[str, VariableTemplate], rows: Sequence[TemplateRow]) -> list[str]:
    problems = []
    for row in rows:
        name = row.name.strip()
        if not name:
            problems.append("Every template needs the name of a variable.")
        problems += _text_problems(row)
        problems += _disclosure_problems(known.get(row.key), row)
    problems += _repeated("The variable {} has two templates.", [r.name.strip() for r in rows])
    return problems + _repeated("Two templates have the id {}.", [r.key for r in rows if r.key])


def _text_problems(row: TemplateRow) -> list[str]:
    limits = (("name", row.name, LONGEST_NAME), ("label", row.label, LONGEST_NAME))
    problems = [
        f"The {what} of a template must have at most {longest} characters, not {len(text)}."
        for what, text, longest in (*limits, ("id", row.key, LONGEST_KEY))
        if len(text) > longest
    ]
    texts = {"name": row.name, "label": row.label, "id": row.key, "help text": row.help_text}
    for label, text in {**texts, "default value": row.default or ""}.items():
        problems += text_problems(label, text)
    return problems


def _disclosure_problems(known: VariableTemplate | None, row: TemplateRow) -> list[str]:
    """Secrets never become readable (security-and-reliability.md 4.1)."""
    if known is None or not known.is_sensitive or row.is_sensitive:
        return []
    if not known.values.exclude(secret="").exists():
        return []
    return [
        f"{known} is sensitive and tenants have given values, which cannot become readable. "
        "Remove it and add a new one."
    ]


def _repeated(sentence: str, names: Sequence[str]) -> list[str]:
    counted = Counter(name.lower() for name in names)
    first = {name.lower(): name for name in reversed(names)}
    return [sentence.format(first[name]) for name, times in counted.items() if times > 1 and name]


def _told(templates: Iterable[VariableTemplate]) -> list[dict[str, str]]:
    """Templates as audit shows them; never a secret default."""
    return [
        {"name": row.name, "label": row.label, "default": row.default_value or _secret_told(row)}
        for row in templates
    ]


def _secret_told(template: VariableTemplate) -> str:
    return "********" if template.default_secret else ""
