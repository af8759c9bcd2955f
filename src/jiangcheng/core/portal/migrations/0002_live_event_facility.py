from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("portal", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="liveevent",
            name="facility_code",
            field=models.CharField(blank=True, default="", max_length=32),
        ),
    ]
