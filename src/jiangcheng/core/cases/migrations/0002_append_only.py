"""Triggers that keep the steps of cases from being changed behind the application.

As for the audit trail, deletion is left to the chain to show on SQLite, and a migration that rebuilds the
table there has to create the trigger again.
"""

from django.db import migrations

POSTGRESQL = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON cases_casestep
    FOR EACH ROW EXECUTE FUNCTION jiangcheng_append_only();
"""
SQLITE = """
CREATE TRIGGER cases_casestep_append_only BEFORE UPDATE ON cases_casestep
BEGIN
    SELECT RAISE(ABORT, 'cases_casestep is append-only');
END
"""


def create(apps, schema_editor):
    sql = POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE
    schema_editor.execute(sql, params=None)


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP TRIGGER append_only ON cases_casestep")
    else:
        schema_editor.execute("DROP TRIGGER cases_casestep_append_only")


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_initial"), ("access", "0002_append_only")]
    operations = [migrations.RunPython(create, drop)]
