from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("deployments", "0006_interruptions_name_their_attempt")]

    operations = [
        migrations.AddField("interruption", "approvals", models.JSONField(default=list)),
        migrations.AddField("interruption", "each_team", models.BooleanField(default=False)),
        migrations.AddField(
            "interruption", "expires_at", models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddField("interruption", "four_eyes", models.BooleanField(default=False)),
        migrations.AddField(
            "interruption", "minimum_approvals", models.PositiveIntegerField(default=1)
        ),
        migrations.AddField(
            "interruption",
            "subject",
            models.CharField(blank=True, default="", max_length=400),
        ),
        migrations.AddField(
            "interruption",
            "when_expired",
            models.CharField(blank=True, default="", max_length=20),
        ),
    ]
