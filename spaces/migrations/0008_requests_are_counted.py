from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("spaces", "0007_machines_have_identities"),
    ]

    operations = [
        migrations.CreateModel(
            name="RateLimit",
            fields=[
                ("name", models.CharField(max_length=100, primary_key=True, serialize=False)),
                ("due", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["due"], name="ratelimit_due")],
            },
        ),
        migrations.RunSQL(
            "ALTER TABLE spaces_ratelimit SET UNLOGGED",
            "ALTER TABLE spaces_ratelimit SET LOGGED",
        ),
    ]
