"""The newest finished drawing, which names the checkpoint in use, is found by an index."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False  # nobody waits while an index is made
    dependencies = [
        ("generation", "0006_withheld"),
    ]
    operations = [
        AddIndexConcurrently(
            model_name="generation",
            index=models.Index(
                condition=Q(state="succeeded"),
                fields=["-finished_at"],
                name="generation_newest_finished",
            ),
        ),
    ]
