"""The language of versions and subscriptions; what is there is Chinese."""

from django.conf import settings
from django.db import migrations, models

LANGUAGES = [("zh", "中文"), ("en", "English")]
TRIGGER = """
CREATE TRIGGER IF NOT EXISTS reports_reportversion_append_only BEFORE UPDATE ON reports_reportversion
BEGIN
    SELECT RAISE(ABORT, 'reports_reportversion is append-only');
END
"""


def create(apps, schema_editor):
    # SQLite builds a table anew to add a column, and its trigger goes with the old one.
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute(TRIGGER, params=None)


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0002_append_only"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.AddField(
            "reportversion", "language", models.CharField(choices=LANGUAGES, default="zh", max_length=2)
        ),
        migrations.AddField(
            "reportsubscription", "language", models.CharField(choices=LANGUAGES, default="zh", max_length=2)
        ),
        migrations.RemoveConstraint("reportversion", "report_version_once"),
        migrations.AddConstraint(
            "reportversion",
            models.UniqueConstraint(
                fields=["report", "first_date", "language", "version"], name="report_version_once"
            ),
        ),
        migrations.RunPython(create, migrations.RunPython.noop),
    ]
