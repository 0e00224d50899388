"""Titles as a whole, and vector digests by their first digits, are found by an index."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Upper


class Migration(migrations.Migration):
    atomic = False  # nobody waits while an index is made
    dependencies = [
        ("registry", "0009_dropped_pictures"),
    ]
    operations = [
        AddIndexConcurrently(
            model_name="aesthetic",
            index=models.Index(Upper("title"), name="aesthetic_title_upper"),
        ),
        # It serves whole digests as well, so the one of before is not needed any more.
        AddIndexConcurrently(
            model_name="version",
            index=models.Index(
                fields=["vector_digest"],
                name="version_by_vector_prefix",
                opclasses=["varchar_pattern_ops"],
            ),
        ),
        RemoveIndexConcurrently(model_name="version", name="version_by_vector_digest"),
    ]
