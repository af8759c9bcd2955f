"""Triggers that keep the audit trail from being changed behind the application.

SQLite gets none against deletion: Django empties tables row by row there, and a deletion is seen by the chain
and its head. A later migration that rebuilds the table on SQLite has to create the trigger again.
"""

from django.db import migrations

POSTGRESQL = """
CREATE OR REPLACE FUNCTION jiangcheng_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON access_auditentry
    FOR EACH ROW EXECUTE FUNCTION jiangcheng_append_only();
"""
SQLITE = """
CREATE TRIGGER access_auditentry_append_only BEFORE UPDATE ON access_auditentry
BEGIN
    SELECT RAISE(ABORT, 'access_auditentry is append-only');
END
"""


def create(apps, schema_editor):
    sql = POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE
    schema_editor.execute(sql, params=None)


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP TRIGGER append_only ON access_auditentry")
    else:
        schema_editor.execute("DROP TRIGGER access_auditentry_append_only")


class Migration(migrations.Migration):
    dependencies = [("access", "0001_initial")]
    operations = [migrations.RunPython(create, drop)]
