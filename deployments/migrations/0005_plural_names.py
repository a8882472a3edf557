from django.db import migrations


class Migration(migrations.Migration):
    """What the tables are called in logs and in Django's admin; nothing in the database."""

    dependencies = [("deployments", "0004_tasks_of_the_system")]

    operations = [
        migrations.AlterModelOptions(
            name="buildinformation", options={"verbose_name_plural": "build information"}
        ),
        migrations.AlterModelOptions(
            name="machinepolicy",
            options={
                "abstract": False,
                "ordering": ["name"],
                "verbose_name_plural": "machine policies",
            },
        ),
        migrations.AlterModelOptions(name="process", options={"verbose_name_plural": "processes"}),
    ]
