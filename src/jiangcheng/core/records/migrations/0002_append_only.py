"""Triggers that keep the steps of rows from being changed behind the application, as for cases."""

from django.db import migrations

POSTGRESQL = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON records_recordstep
    FOR EACH ROW EXECUTE FUNCTION jiangcheng_append_only();
"""
SQLITE = """
CREATE TRIGGER records_recordstep_append_only BEFORE UPDATE ON records_recordstep
BEGIN
    SELECT RAISE(ABORT, 'records_recordstep is append-only');
END
"""


def create(apps, schema_editor):
    sql = POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE
    schema_editor.execute(sql, params=None)


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP TRIGGER append_only ON records_recordstep")
    else:
        schema_editor.execute("DROP TRIGGER records_recordstep_append_only")


class Migration(migrations.Migration):
    dependencies = [("records", "0001_initial"), ("access", "0002_append_only")]
    operations = [migrations.RunPython(create, drop)]
