"""Imports, aliases with their history, takedown; the seal lets yank and takedown change."""

import django.core.validators
import django.db.models.deletion
import registry.names
from django.conf import settings
from django.db import migrations, models

SEAL = """
CREATE OR REPLACE FUNCTION hub_refuse_change_of_sealed_version() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    may_change CONSTANT text[] := ARRAY[
        'yanked_at', 'yank_reason', 'superseded_by_id', 'taken_down_at', 'takedown_reason'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'version % is published and cannot be deleted', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF to_jsonb(NEW) - may_change IS DISTINCT FROM to_jsonb(OLD) - may_change THEN
        RAISE EXCEPTION 'version % is published and cannot be changed', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

-- Rows may still come: the same vector may be imported from another file.
CREATE TRIGGER importedfile_is_sealed BEFORE UPDATE OR DELETE ON registry_importedfile
    FOR EACH ROW EXECUTE FUNCTION hub_refuse_change_of_sealed_parts();

CREATE FUNCTION hub_refuse_change_of_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the history of an alias cannot be changed'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER aliasmove_is_history BEFORE UPDATE OR DELETE ON registry_aliasmove
    FOR EACH ROW EXECUTE FUNCTION hub_refuse_change_of_history();

CREATE TRIGGER alias_keeps_its_name BEFORE UPDATE ON registry_alias
    FOR EACH ROW WHEN (
        (OLD.name, OLD.aesthetic_id) IS DISTINCT FROM (NEW.name, NEW.aesthetic_id))
    EXECUTE FUNCTION hub_refuse_change_of_history();
"""

UNSEAL = """
DROP TRIGGER alias_keeps_its_name ON registry_alias;
DROP TRIGGER aliasmove_is_history ON registry_aliasmove;
DROP FUNCTION hub_refuse_change_of_history();
DROP TRIGGER importedfile_is_sealed ON registry_importedfile;
CREATE OR REPLACE FUNCTION hub_refuse_change_of_sealed_version() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'version % is published and cannot be deleted', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF to_jsonb(NEW) - 'yanked_at' - 'yank_reason' IS DISTINCT FROM
       to_jsonb(OLD) - 'yanked_at' - 'yank_reason' THEN
        RAISE EXCEPTION 'version % is published and cannot be changed', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0002_seal'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Alias',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=128, validators=[django.core.validators.RegexValidator('^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$', 'An alias is letters a to z, digits, “.”, “_” and “-”, and begins with a letter, a digit or “_”.', code='alias'), registry.names.refuse_reserved_alias])),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='AliasMove',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('moved_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='ImportedFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(db_index=True, max_length=71)),
                ('kind', models.CharField(max_length=11)),
                ('size', models.PositiveIntegerField()),
                ('imported_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.AlterModelOptions(
            name='version',
            options={'ordering': ['-created_at'], 'permissions': [('take_down_version', 'Can take down a published version')]},
        ),
        migrations.RemoveConstraint(
            model_name='version',
            name='version_ready_is_complete',
        ),
        migrations.AddField(
            model_name='version',
            name='finding',
            field=models.CharField(blank=True, editable=False, max_length=500),
        ),
        migrations.AddField(
            model_name='version',
            name='fingerprint',
            field=models.CharField(blank=True, choices=[('consistent', 'consistent with its space'), ('unusual', 'unusual for its space'), ('unknown', "can't be told")], editable=False, max_length=10),
        ),
        migrations.AddField(
            model_name='version',
            name='superseded_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='supersedes', to='registry.version'),
        ),
        migrations.AddField(
            model_name='version',
            name='takedown_reason',
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.AddField(
            model_name='version',
            name='taken_down_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AlterField(
            model_name='version',
            name='construction',
            field=models.CharField(choices=[('mean', 'mean of the pictures'), ('contrast', 'mean towards minus mean away'), ('import', 'imported from a file')], max_length=8),
        ),
        migrations.AddConstraint(
            model_name='version',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'succeeded'), _negated=True), models.Q(('manifest__isnull', False), ('vector__isnull', False), ('vector_digest__regex', '^sha256:[0-9a-f]{64}$'), ('version_digest__regex', '^sha256:[0-9a-f]{64}$')), _connector='OR'), name='version_ready_is_complete'),
        ),
        migrations.AddConstraint(
            model_name='version',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'succeeded'), _negated=True), ('construction', 'import'), models.Q(('image_set_digest__regex', '^sha256:[0-9a-f]{64}$'), ('resultant_length__isnull', False)), _connector='OR'), name='version_measured_has_images'),
        ),
        migrations.AddConstraint(
            model_name='version',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('construction', 'import'), ('fingerprint__in', ['consistent', 'unusual', 'unknown']), ('image_count', 0), ('image_set_digest', ''), ('resultant_length__isnull', True)), models.Q(models.Q(('construction', 'import'), _negated=True), ('finding', ''), ('fingerprint', '')), _connector='OR'), name='version_import_has_no_images'),
        ),
        migrations.AddConstraint(
            model_name='version',
            constraint=models.CheckConstraint(condition=models.Q(('superseded_by__isnull', True), models.Q(('yanked_at__isnull', False), models.Q(('superseded_by', models.F('id')), _negated=True)), _connector='OR'), name='version_superseded_is_yanked'),
        ),
        migrations.AddConstraint(
            model_name='version',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('takedown_reason', ''), ('taken_down_at__isnull', True)), models.Q(('number__isnull', False), ('taken_down_at__isnull', False), models.Q(('takedown_reason', ''), _negated=True)), _connector='OR'), name='version_taken_down_has_a_reason'),
        ),
        migrations.AddField(
            model_name='alias',
            name='aesthetic',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='aliases', to='registry.aesthetic'),
        ),
        migrations.AddField(
            model_name='alias',
            name='version',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='aliases', to='registry.version'),
        ),
        migrations.AddField(
            model_name='aliasmove',
            name='alias',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='moves', to='registry.alias'),
        ),
        migrations.AddField(
            model_name='aliasmove',
            name='moved_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='aliasmove',
            name='source',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.version'),
        ),
        migrations.AddField(
            model_name='aliasmove',
            name='target',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.version'),
        ),
        migrations.AddField(
            model_name='importedfile',
            name='version',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='imported_files', to='registry.version'),
        ),
        migrations.AddConstraint(
            model_name='alias',
            constraint=models.UniqueConstraint(fields=('aesthetic', 'name'), name='alias_name_once_per_aesthetic'),
        ),
        migrations.AddConstraint(
            model_name='alias',
            constraint=models.CheckConstraint(condition=models.Q(('name__regex', '^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$'), models.Q(('name__iregex', '^(latest|draft|v[0-9]+|sha256.*|[0-9a-f]{64})$'), _negated=True)), name='alias_name_is_an_alias'),
        ),
        migrations.AddConstraint(
            model_name='importedfile',
            constraint=models.UniqueConstraint(fields=('version', 'digest'), name='importedfile_once_per_version'),
        ),
        migrations.AddConstraint(
            model_name='importedfile',
            constraint=models.CheckConstraint(condition=models.Q(('digest__regex', '^sha256:[0-9a-f]{64}$')), name='importedfile_digest_is_a_digest'),
        ),
        migrations.RunSQL(SEAL, UNSEAL),
    ]
