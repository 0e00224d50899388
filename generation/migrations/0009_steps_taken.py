"""How many steps a drawing's personalising took is kept, not guessed from its trace."""

from typing import Any

from django.db import migrations, models
from django.db.models import F

SAME = 2e-6  # a text read to its end and read as a whole have the same feature but for rounding


def count_steps(apps: Any, _: Any) -> None:
    """Of earlier drawings say what their traces tell: after a guard they repeat the last value."""
    drawn = apps.get_model("generation", "Generation").objects.exclude(agreement=[])
    drawn.update(steps_taken=F("steps"))
    guarded = drawn.exclude(enough_agreement=None, most_drift=None)
    columns = ("pk", "agreement", "drift", "enough_agreement", "most_drift")
    for pk, trace, drift, enough, most in guarded.values_list(*columns).iterator():
        agreed = enough is not None and trace[-1] >= enough
        drifted = most is not None and drift is not None and drift >= most
        if agreed or drifted:
            differing = [step for step, value in enumerate(trace) if abs(value - trace[-1]) > SAME]
            drawn.filter(pk=pk).update(steps_taken=differing[-1] + 1 if differing else 0)


def date_sheets(apps: Any, _: Any) -> None:
    """Give a sheet that waits to be drawn again a day for the picture that it has."""
    sheets = apps.get_model("generation", "StandardSheet").objects.exclude(picture="")
    sheets.filter(finished_at=None).update(finished_at=F("created_at"))


class Migration(migrations.Migration):
    dependencies = [
        ("generation", "0008_standard_sheets_stand"),
    ]
    operations = [
        migrations.AddField(
            model_name="generation",
            name="steps_taken",
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.RunPython(count_steps, migrations.RunPython.noop),
        migrations.RunPython(date_sheets, migrations.RunPython.noop),
    ]
