import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.text
import spaces.models.base
import uuid
from django.conf import settings
from django.db import migrations, models

from spaces.integrity import HoldSpacesApart


class Migration(migrations.Migration):
    dependencies = [
        ("deployments", "0007_interruptions_have_terms"),
        ("spaces", "0005_sessions_belong_to_people"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Tag",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                ("description", models.TextField(blank=True, default="")),
                ("color", models.CharField(default="#333333", max_length=7)),
                ("sort_order", models.IntegerField(default=0)),
            ],
            options={
                "ordering": ["tag_set__sort_order", "tag_set_id", "sort_order", "id"],
            },
            bases=(spaces.models.base.WireIdentified, models.Model),
        ),
        migrations.CreateModel(
            name="TagSet",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                ("slug", models.SlugField(max_length=210)),
                ("description", models.TextField(blank=True, default="")),
                ("sort_order", models.IntegerField(default=0)),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("MultiSelect", "Several of the listed tags"),
                            ("SingleSelect", "One of the listed tags"),
                            ("FreeText", "Any text"),
                        ],
                        default="MultiSelect",
                        max_length=20,
                    ),
                ),
                (
                    "scopes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("Tenant", "Tenants"),
                                ("Environment", "Environments"),
                                ("Project", "Projects"),
                                ("Runbook", "Runbooks"),
                                ("Target", "Deployment targets"),
                            ],
                            max_length=20,
                        ),
                        default=list,
                        size=None,
                    ),
                ),
            ],
            options={
                "ordering": ["sort_order", "id"],
                "abstract": False,
            },
            bases=(spaces.models.base.WireIdentified, models.Model),
        ),
        migrations.CreateModel(
            name="TargetTenant",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
            ],
            bases=(spaces.models.base.WireIdentified, models.Model),
        ),
        migrations.CreateModel(
            name="Tenant",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                ("slug", models.SlugField(max_length=210)),
                ("description", models.TextField(blank=True, default="")),
                ("is_disabled", models.BooleanField(default=False)),
            ],
            options={
                "ordering": ["name"],
                "abstract": False,
            },
            bases=(spaces.models.base.WireIdentified, models.Model),
        ),
        migrations.CreateModel(
            name="TenantProject",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
            ],
            bases=(spaces.models.base.WireIdentified, models.Model),
        ),
        migrations.CreateModel(
            name="TenantProjectEnvironment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
            ],
            bases=(spaces.models.base.WireIdentified, models.Model),
        ),
        migrations.CreateModel(
            name="TenantTag",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
            ],
            bases=(spaces.models.base.WireIdentified, models.Model),
        ),
        migrations.CreateModel(
            name="TenantVariable",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("secret_id", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("value", models.TextField(blank=True, default="")),
                ("secret", models.TextField(blank=True, default="")),
            ],
            options={
                "ordering": ["template_id", "id"],
            },
            bases=(spaces.models.base.WireIdentified, models.Model),
        ),
        migrations.CreateModel(
            name="TenantVariableEnvironment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
            ],
            bases=(spaces.models.base.WireIdentified, models.Model),
        ),
        migrations.CreateModel(
            name="VariableTemplate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("secret_id", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("key", models.CharField(max_length=100)),
                ("name", models.CharField(max_length=400)),
                ("label", models.CharField(blank=True, default="", max_length=400)),
                ("help_text", models.TextField(blank=True, default="")),
                ("default_value", models.TextField(blank=True, default="")),
                ("default_secret", models.TextField(blank=True, default="")),
                ("display", models.JSONField(blank=True, default=dict)),
                ("sort_order", models.IntegerField(default=0)),
            ],
            options={
                "ordering": ["sort_order", "id"],
            },
            bases=(spaces.models.base.WireIdentified, models.Model),
        ),
        migrations.RemoveConstraint(
            model_name="servertask",
            name="servertask_system_has_no_place",
        ),
        migrations.RemoveIndex(
            model_name="deployment",
            name="deployment_cell",
        ),
        migrations.AddField(
            model_name="target",
            name="tenant_tags",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=401), blank=True, default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="tag",
            name="space",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="spaces.space"
            ),
        ),
        migrations.AddField(
            model_name="tagset",
            name="space",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="spaces.space"
            ),
        ),
        migrations.AddField(
            model_name="tag",
            name="tag_set",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="tags",
                to="deployments.tagset",
            ),
        ),
        migrations.AddField(
            model_name="targettenant",
            name="space",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="spaces.space"
            ),
        ),
        migrations.AddField(
            model_name="targettenant",
            name="target",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="tenants",
                to="deployments.target",
            ),
        ),
        migrations.AddField(
            model_name="tenant",
            name="cloned_from",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="clones",
                to="deployments.tenant",
            ),
        ),
        migrations.AddField(
            model_name="tenant",
            name="space",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="spaces.space"
            ),
        ),
        migrations.AddField(
            model_name="targettenant",
            name="tenant",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="targets",
                to="deployments.tenant",
            ),
        ),
        migrations.AddField(
            model_name="deployment",
            name="tenant",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="deployments",
                to="deployments.tenant",
            ),
        ),
        migrations.AddField(
            model_name="servertask",
            name="tenant",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="tasks",
                to="deployments.tenant",
            ),
        ),
        migrations.AddIndex(
            model_name="deployment",
            index=models.Index(
                fields=["project", "environment", "tenant", "-id"], name="deployment_place"
            ),
        ),
        migrations.AddConstraint(
            model_name="servertask",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("space__isnull", False),
                    models.Q(
                        ("environment__isnull", True),
                        ("project__isnull", True),
                        ("tenant__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="servertask_system_has_no_place",
            ),
        ),
        migrations.AddField(
            model_name="tenantproject",
            name="project",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="tenants",
                to="deployments.project",
            ),
        ),
        migrations.AddField(
            model_name="tenantproject",
            name="space",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="spaces.space"
            ),
        ),
        migrations.AddField(
            model_name="tenantproject",
            name="tenant",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="projects",
                to="deployments.tenant",
            ),
        ),
        migrations.AddField(
            model_name="tenantprojectenvironment",
            name="connection",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="environments",
                to="deployments.tenantproject",
            ),
        ),
        migrations.AddField(
            model_name="tenantprojectenvironment",
            name="environment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="tenant_connections",
                to="deployments.environment",
            ),
        ),
        migrations.AddField(
            model_name="tenantprojectenvironment",
            name="space",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="spaces.space"
            ),
        ),
        migrations.AddField(
            model_name="tenanttag",
            name="space",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="spaces.space"
            ),
        ),
        migrations.AddField(
            model_name="tenanttag",
            name="tag",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="tenants",
                to="deployments.tag",
            ),
        ),
        migrations.AddField(
            model_name="tenanttag",
            name="tenant",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="tags",
                to="deployments.tenant",
            ),
        ),
        migrations.AddField(
            model_name="tenantvariable",
            name="space",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="spaces.space"
            ),
        ),
        migrations.AddField(
            model_name="tenantvariable",
            name="tenant",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="variables",
                to="deployments.tenant",
            ),
        ),
        migrations.AddField(
            model_name="tenantvariableenvironment",
            name="environment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="tenant_variables",
                to="deployments.environment",
            ),
        ),
        migrations.AddField(
            model_name="tenantvariableenvironment",
            name="space",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="spaces.space"
            ),
        ),
        migrations.AddField(
            model_name="tenantvariableenvironment",
            name="variable",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="environments",
                to="deployments.tenantvariable",
            ),
        ),
        migrations.AddField(
            model_name="variabletemplate",
            name="library_set",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="templates",
                to="deployments.libraryvariableset",
            ),
        ),
        migrations.AddField(
            model_name="variabletemplate",
            name="project",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="templates",
                to="deployments.project",
            ),
        ),
        migrations.AddField(
            model_name="variabletemplate",
            name="space",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="spaces.space"
            ),
        ),
        migrations.AddField(
            model_name="tenantvariable",
            name="template",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="values",
                to="deployments.variabletemplate",
            ),
        ),
        migrations.AddConstraint(
            model_name="tagset",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Lower("name"),
                models.F("space"),
                name="tagset_name_unique",
            ),
        ),
        migrations.AddConstraint(
            model_name="tagset",
            constraint=models.UniqueConstraint(fields=("space", "slug"), name="tagset_slug_unique"),
        ),
        migrations.AddConstraint(
            model_name="tag",
            constraint=models.UniqueConstraint(
                models.F("tag_set"),
                django.db.models.functions.text.Lower("name"),
                name="tag_name_unique",
            ),
        ),
        migrations.AddConstraint(
            model_name="tenant",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Lower("name"),
                models.F("space"),
                name="tenant_name_unique",
            ),
        ),
        migrations.AddConstraint(
            model_name="tenant",
            constraint=models.UniqueConstraint(fields=("space", "slug"), name="tenant_slug_unique"),
        ),
        migrations.AddConstraint(
            model_name="targettenant",
            constraint=models.UniqueConstraint(
                fields=("target", "tenant"), name="targettenant_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="tenantproject",
            constraint=models.UniqueConstraint(
                fields=("tenant", "project"), name="tenantproject_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="tenantprojectenvironment",
            constraint=models.UniqueConstraint(
                fields=("connection", "environment"), name="tenantprojectenvironment_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="tenanttag",
            constraint=models.UniqueConstraint(fields=("tenant", "tag"), name="tenanttag_once"),
        ),
        migrations.AddConstraint(
            model_name="tenantvariableenvironment",
            constraint=models.UniqueConstraint(
                fields=("variable", "environment"), name="tenantvariableenvironment_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="variabletemplate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("library_set__isnull", True), ("project__isnull", False)),
                    models.Q(("library_set__isnull", False), ("project__isnull", True)),
                    _connector="OR",
                ),
                name="variabletemplate_one_owner",
            ),
        ),
        migrations.AddConstraint(
            model_name="variabletemplate",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Lower("name"),
                models.F("project"),
                models.F("library_set"),
                name="variabletemplate_name",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="variabletemplate",
            constraint=models.UniqueConstraint(
                fields=("project", "library_set", "key"),
                name="variabletemplate_key",
                nulls_distinct=False,
            ),
        ),
        migrations.AddIndex(
            model_name="tenantvariable",
            index=models.Index(fields=["tenant", "template"], name="tenantvariable_of_template"),
        ),
        HoldSpacesApart(),
    ]
