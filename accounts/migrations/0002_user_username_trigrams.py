"""People's names are found by an index where a search forgives typos."""

import django.contrib.postgres.indexes
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False  # nobody waits while an index is made
    dependencies = [
        ("accounts", "0001_initial"),
    ]
    operations = [
        # The registry's first migration makes the extension too, but needs this app's tables.
        migrations.RunSQL("CREATE EXTENSION IF NOT EXISTS pg_trgm", migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="user",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["username"], name="user_username_trigrams", opclasses=["gin_trgm_ops"]
            ),
        ),
    ]
