"""Verifications: a version measured again; a verdict, once it is there, cannot be changed."""

import django.db.models.deletion
import pgvector.django.vector
import uuid
from django.db import migrations, models

SEAL = """
CREATE FUNCTION hub_refuse_change_of_verdict() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the verdict of verification % cannot be changed', OLD.id
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER verification_is_sealed BEFORE UPDATE OR DELETE ON registry_verification
    FOR EACH ROW WHEN (OLD.state = 'succeeded')
    EXECUTE FUNCTION hub_refuse_change_of_verdict();
"""

UNSEAL = """
DROP TRIGGER verification_is_sealed ON registry_verification;
DROP FUNCTION hub_refuse_change_of_verdict();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0005_lineage'),
    ]

    operations = [
        migrations.CreateModel(
            name='Verification',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(choices=[('queued', 'waiting'), ('running', 'running'), ('succeeded', 'ready'), ('failed', 'failed'), ('cancelled', 'cancelled')], default='queued', max_length=9)),
                ('stage', models.CharField(blank=True, max_length=64)),
                ('done', models.PositiveIntegerField(default=0)),
                ('total', models.PositiveIntegerField(default=0)),
                ('reason', models.TextField(blank=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('lease', models.UUIDField(editable=False, null=True)),
                ('leased_until', models.DateTimeField(editable=False, null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('sent_at', models.DateTimeField(editable=False, null=True)),
                ('started_at', models.DateTimeField(editable=False, null=True)),
                ('finished_at', models.DateTimeField(editable=False, null=True)),
                ('verdict', models.CharField(blank=True, choices=[('reproduced', 'reproduced bit for bit'), ('within-tolerance', 'reproduced within tolerance'), ('deviates', 'deviates')], max_length=16)),
                ('deviates_at', models.CharField(blank=True, choices=[('image', 'stored bytes'), ('pixels', 'pixels'), ('set', 'image set'), ('features', 'features'), ('vector', 'vector')], max_length=8)),
                ('stages', models.JSONField(blank=True, default=list)),
                ('worker', models.CharField(blank=True, max_length=64)),
                ('device', models.CharField(blank=True, max_length=128)),
                ('torch', models.CharField(blank=True, max_length=64)),
                ('encoder', models.CharField(blank=True, max_length=71)),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='verifications', to='registry.version')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Remeasurement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('found', models.CharField(blank=True, max_length=71)),
                ('pixels', models.CharField(blank=True, max_length=71)),
                ('kept_pixels', models.CharField(blank=True, max_length=71)),
                ('is_equal', models.BooleanField()),
                ('deviation', models.FloatField(null=True)),
                ('vector', pgvector.django.vector.VectorField(dimensions=768, null=True)),
                ('image', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.image')),
                ('verification', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='remeasurements', to='registry.verification')),
            ],
        ),
        migrations.AddIndex(
            model_name='verification',
            index=models.Index(condition=models.Q(('state__in', ['queued', 'running'])), fields=['state', 'sent_at'], name='verification_open'),
        ),
        migrations.AddIndex(
            model_name='verification',
            index=models.Index(fields=['version', '-finished_at'], name='verification_newest'),
        ),
        migrations.AddConstraint(
            model_name='verification',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['queued', 'running', 'succeeded', 'failed', 'cancelled'])), name='verification_state_is_known'),
        ),
        migrations.AddConstraint(
            model_name='verification',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'running'), _negated=True), models.Q(('lease__isnull', False), ('leased_until__isnull', False)), _connector='OR'), name='verification_running_is_leased'),
        ),
        migrations.AddConstraint(
            model_name='verification',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'failed'), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='verification_failed_has_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='verification',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['queued', 'running'])), fields=('version',), name='verification_one_open_per_version'),
        ),
        migrations.AddConstraint(
            model_name='verification',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'succeeded'), _negated=True), models.Q(('verdict__in', ['reproduced', 'within-tolerance', 'deviates']), ('encoder__regex', '^sha256:[0-9a-f]{64}$'), models.Q(('worker', ''), _negated=True)), _connector='OR'), name='verification_ready_has_a_verdict'),
        ),
        migrations.AddConstraint(
            model_name='verification',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('deviates_at__in', ('image', 'pixels', 'set', 'features', 'vector')), ('verdict', 'deviates')), models.Q(models.Q(('verdict', 'deviates'), _negated=True), ('deviates_at', '')), _connector='OR'), name='verification_deviates_at_a_stage'),
        ),
        migrations.AddConstraint(
            model_name='remeasurement',
            constraint=models.UniqueConstraint(fields=('verification', 'image'), name='remeasurement_once_per_picture'),
        ),
        migrations.RunSQL(SEAL, UNSEAL),
    ]
