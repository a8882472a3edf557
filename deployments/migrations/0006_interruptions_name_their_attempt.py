from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("deployments", "0005_plural_names")]

    operations = [
        migrations.AddField(
            model_name="interruption",
            name="attempt",
            field=models.PositiveIntegerField(default=1),
        ),
    ]
