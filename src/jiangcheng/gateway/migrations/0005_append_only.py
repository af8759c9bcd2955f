"""Triggers that keep the steps of orders from being changed behind the application, as for the audit trail."""

from django.db import migrations

POSTGRESQL = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON gateway_controlstep
    FOR EACH ROW EXECUTE FUNCTION jiangcheng_append_only();
"""
SQLITE = """
CREATE TRIGGER gateway_controlstep_append_only BEFORE UPDATE ON gateway_controlstep
BEGIN
    SELECT RAISE(ABORT, 'gateway_controlstep is append-only');
END
"""


def create(apps, schema_editor):
    sql = POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE
    schema_editor.execute(sql, params=None)


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP TRIGGER append_only ON gateway_controlstep")
    else:
        schema_editor.execute("DROP TRIGGER gateway_controlstep_append_only")


class Migration(migrations.Migration):
    dependencies = [("gateway", "0004_control_orders"), ("access", "0002_append_only")]
    operations = [migrations.RunPython(create, drop)]
