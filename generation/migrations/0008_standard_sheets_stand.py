"""A standard sheet that is drawn again stands until the new one is there."""

from typing import Any

from django.db import migrations, models


def forget_halves(apps: Any, _: Any) -> None:
    """Of a sheet that is being drawn again now, parts of the new one stand beside the old whole."""
    sheets = apps.get_model("generation", "StandardSheet").objects.exclude(state="succeeded")
    sheets.update(picture="", cells=[], recipe={})


class Migration(migrations.Migration):
    dependencies = [
        ("generation", "0007_newest_finished"),
    ]
    operations = [
        migrations.AddField(
            model_name="standardsheet",
            name="begun",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.RunPython(forget_halves, migrations.RunPython.noop),
    ]
