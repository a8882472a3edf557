from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("deployments", "0008_what_is_run_shares_bases")]

    operations = [
        migrations.AddIndex(
            model_name="servertask",
            index=models.Index(
                condition=models.Q(("started_at__isnull", False)),
                fields=["space", "-started_at"],
                name="servertask_turns",
            ),
        ),
    ]
