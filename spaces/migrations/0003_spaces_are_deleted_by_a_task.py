from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("spaces", "0002_events_are_append_only")]

    operations = [
        migrations.AddField(
            model_name="space",
            name="deletion_requested_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
