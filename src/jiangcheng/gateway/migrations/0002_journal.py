"""The tables of the journal where the business database is PostgreSQL."""

from django.db import migrations

from jiangcheng.gateway.journal import postgresql


def make(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(postgresql.SCHEMA)


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP TABLE gateway_journal_entry, gateway_journal_batch")


class Migration(migrations.Migration):

    dependencies = [("gateway", "0001_initial")]

    operations = [migrations.RunPython(make, drop)]
