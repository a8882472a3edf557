from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("spaces", "0008_requests_are_counted"),
    ]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="announced",
            field=models.PositiveSmallIntegerField(blank=True, editable=False, null=True),
        ),
    ]
