"""Blends with their parents, sealed like a version's files; notices; licences that forbid blends."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

SEAL = """
CREATE TRIGGER parentage_is_sealed BEFORE INSERT OR UPDATE OR DELETE ON registry_parentage
    FOR EACH ROW EXECUTE FUNCTION hub_refuse_change_of_sealed_parts();
"""

UNSEAL = "DROP TRIGGER parentage_is_sealed ON registry_parentage;"


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0004_quality'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sentence', models.CharField(max_length=1000)),
                ('url', models.CharField(blank=True, max_length=300)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('read_at', models.DateTimeField(editable=False, null=True)),
                ('mailed_at', models.DateTimeField(editable=False, null=True)),
            ],
            options={
                'ordering': ['-created_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='Parentage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='aesthetic',
            name='aesthetic_licence_is_known',
        ),
        migrations.RemoveConstraint(
            model_name='version',
            name='version_measured_has_images',
        ),
        migrations.AlterField(
            model_name='aesthetic',
            name='licence',
            field=models.CharField(choices=[('CC0-1.0', 'CC0 1.0: public domain'), ('CC-BY-4.0', 'CC BY 4.0: credit the author'), ('CC-BY-2.0', 'CC BY 2.0: credit the author'), ('CC-BY-3.0', 'CC BY 3.0: credit the author'), ('CC-BY-SA-4.0', 'CC BY-SA 4.0: credit, share alike'), ('CC-BY-SA-2.0', 'CC BY-SA 2.0: credit, share alike'), ('CC-BY-SA-3.0', 'CC BY-SA 3.0: credit, share alike'), ('CC-BY-NC-4.0', 'CC BY-NC 4.0: credit, not for business'), ('CC-BY-NC-SA-4.0', 'CC BY-NC-SA 4.0: credit, share alike, not for business'), ('CC-BY-ND-4.0', 'CC BY-ND 4.0: credit, nothing made of it'), ('CC-BY-NC-ND-4.0', 'CC BY-NC-ND 4.0: credit, not for business, nothing made of it'), ('GPL-2.0-or-later', 'GNU GPL 2 or later'), ('GPL-3.0-or-later', 'GNU GPL 3 or later'), ('CC-PDM-1.0', 'Public domain mark: free of known copyright'), ('other', 'Another licence, told in the description')], default='CC-BY-4.0', max_length=32),
        ),
        migrations.AlterField(
            model_name='version',
            name='construction',
            field=models.CharField(choices=[('mean', 'mean of the pictures'), ('contrast', 'mean towards minus mean away'), ('import', 'imported from a file'), ('blend', 'blend of other versions')], max_length=8),
        ),
        migrations.AddConstraint(
            model_name='aesthetic',
            constraint=models.CheckConstraint(condition=models.Q(('licence__in', ['CC0-1.0', 'CC-BY-4.0', 'CC-BY-2.0', 'CC-BY-3.0', 'CC-BY-SA-4.0', 'CC-BY-SA-2.0', 'CC-BY-SA-3.0', 'CC-BY-NC-4.0', 'CC-BY-NC-SA-4.0', 'CC-BY-ND-4.0', 'CC-BY-NC-ND-4.0', 'GPL-2.0-or-later', 'GPL-3.0-or-later', 'CC-PDM-1.0', 'other'])), name='aesthetic_licence_is_known'),
        ),
        migrations.AddConstraint(
            model_name='version',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'succeeded'), _negated=True), ('construction__in', ['import', 'blend']), models.Q(('image_set_digest__regex', '^sha256:[0-9a-f]{64}$'), ('resultant_length__isnull', False)), _connector='OR'), name='version_measured_has_images'),
        ),
        migrations.AddConstraint(
            model_name='version',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('construction', 'blend'), _negated=True), models.Q(('image_count', 0), ('image_set_digest', ''), ('resultant_length__isnull', True)), _connector='OR'), name='version_blend_has_no_images'),
        ),
        migrations.AddField(
            model_name='notice',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notices', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='parentage',
            name='parent',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='offspring', to='registry.version'),
        ),
        migrations.AddField(
            model_name='parentage',
            name='version',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='parentage', to='registry.version'),
        ),
        migrations.AddIndex(
            model_name='notice',
            index=models.Index(condition=models.Q(('read_at__isnull', True)), fields=['person'], name='notice_unread_of_person'),
        ),
        migrations.AddConstraint(
            model_name='parentage',
            constraint=models.UniqueConstraint(fields=('version', 'parent'), name='parentage_once_per_version'),
        ),
        migrations.AddConstraint(
            model_name='parentage',
            constraint=models.CheckConstraint(condition=models.Q(('version', models.F('parent')), _negated=True), name='parentage_of_another_version'),
        ),
        migrations.RunSQL(SEAL, UNSEAL),
    ]
