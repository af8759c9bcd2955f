"""The register of monitoring firms lives in the room `network`, which has carried it over."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("credit", "0001_initial"),
        ("network", "0004_agencies_from_credit"),
    ]

    operations = [
        migrations.DeleteModel(name="HistoricalFirm"),
        migrations.DeleteModel(name="Firm"),
    ]
