import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("deployments", "0003_deployments_tell_changes"),
        ("spaces", "0003_spaces_are_deleted_by_a_task"),
    ]

    operations = [
        migrations.AddField(
            model_name="servertask",
            name="is_parked",
            field=models.BooleanField(default=False),
        ),
        migrations.AlterField(
            model_name="servertask",
            name="kind",
            field=models.CharField(
                choices=[
                    ("Deploy", "Deployment"),
                    ("RunbookRun", "Runbook run"),
                    ("Health", "Health check"),
                    ("DeleteSpace", "Deletion of a space"),
                ],
                max_length=30,
            ),
        ),
        migrations.AlterField(
            model_name="servertask",
            name="space",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="spaces.space",
            ),
        ),
        # HoldSpacesApart made this key when the table was; only Django has yet to learn of it
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AddConstraint(
                    model_name="servertask",
                    constraint=models.UniqueConstraint(
                        fields=("space", "id"), name="deployments_servertask_space_row"
                    ),
                ),
            ]
        ),
        migrations.AddConstraint(
            model_name="servertask",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("space__isnull", False),
                    models.Q(("environment__isnull", True), ("project__isnull", True)),
                    _connector="OR",
                ),
                name="servertask_system_has_no_place",
            ),
        ),
    ]
