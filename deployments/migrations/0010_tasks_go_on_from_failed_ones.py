import django.db.models.deletion
from django.db import migrations, models

from spaces.integrity import HoldSpacesApart


class Migration(migrations.Migration):
    dependencies = [("deployments", "0009_spaces_take_turns")]

    operations = [
        migrations.AddField(
            model_name="servertask",
            name="resumes",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="deployments.servertask",
            ),
        ),
        HoldSpacesApart(),
    ]
