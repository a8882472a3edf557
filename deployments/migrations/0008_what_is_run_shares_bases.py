import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Nothing changes in the database: the columns are declared by abstract bases now."""

    dependencies = [("deployments", "0007_tenants_and_tag_sets")]

    operations = [
        migrations.AlterField(
            model_name="deployment",
            name="environment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="%(class)ss",
                to="deployments.environment",
            ),
        ),
        migrations.AlterField(
            model_name="deployment",
            name="project",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="%(class)ss",
                to="deployments.project",
            ),
        ),
        migrations.AlterField(
            model_name="deployment",
            name="task",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="%(class)s",
                to="deployments.servertask",
            ),
        ),
        migrations.AlterField(
            model_name="deployment",
            name="tenant",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="%(class)ss",
                to="deployments.tenant",
            ),
        ),
        migrations.AlterField(
            model_name="release",
            name="project",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="%(class)ss",
                to="deployments.project",
            ),
        ),
        migrations.AlterField(
            model_name="release",
            name="variables",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.RESTRICT,
                related_name="%(class)ss",
                to="deployments.variablesnapshot",
            ),
        ),
    ]
