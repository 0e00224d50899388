"""Published versions are sealed by the database itself: only the yank may change."""

from django.db import migrations

SEAL = """
CREATE FUNCTION hub_refuse_change_of_sealed_version() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE TRIGGER version_is_sealed BEFORE UPDATE OR DELETE ON registry_version
    FOR EACH ROW WHEN (OLD.number IS NOT NULL)
    EXECUTE FUNCTION hub_refuse_change_of_sealed_version();

CREATE FUNCTION hub_refuse_change_of_sealed_parts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM registry_version
               WHERE id IN (OLD.version_id, NEW.version_id) AND number IS NOT NULL) THEN
        RAISE EXCEPTION 'the files and pictures of a published version cannot be changed'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER versionfile_is_sealed BEFORE INSERT OR UPDATE OR DELETE ON registry_versionfile
    FOR EACH ROW EXECUTE FUNCTION hub_refuse_change_of_sealed_parts();

CREATE TRIGGER versionmember_is_sealed BEFORE INSERT OR UPDATE OR DELETE ON registry_versionmember
    FOR EACH ROW EXECUTE FUNCTION hub_refuse_change_of_sealed_parts();
"""

UNSEAL = """
DROP TRIGGER versionmember_is_sealed ON registry_versionmember;
DROP TRIGGER versionfile_is_sealed ON registry_versionfile;
DROP FUNCTION hub_refuse_change_of_sealed_parts();
DROP TRIGGER version_is_sealed ON registry_version;
DROP FUNCTION hub_refuse_change_of_sealed_version();
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_initial")]
    operations = [migrations.RunSQL(SEAL, UNSEAL)]
