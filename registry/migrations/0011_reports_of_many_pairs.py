"""Reports that list pairs by the thousand are dropped: they are made anew, with groups, when asked.

Hundreds of frames of one shot made reports of tens of megabytes. Nothing is lost, since the features
are kept and a report is arithmetic on them.
"""

from django.db import migrations

MOST_PAIRS = 100  # as registry.near_duplicates names since

DROP = f"""
DELETE FROM registry_qualityreport WHERE (summary ->> 'near_duplicates')::integer > {MOST_PAIRS}
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0010_indexes_of_lookups")]
    operations = [migrations.RunSQL(DROP, migrations.RunSQL.noop)]
