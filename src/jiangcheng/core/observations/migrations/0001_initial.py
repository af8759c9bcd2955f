from django.db import migrations, models


class CreateClustered(migrations.CreateModel):
    """Create a table that SQLite keeps in the order of its primary key, without a second copy of the key."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor != "sqlite":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.name)
        sql, parameters = schema_editor.table_sql(model)
        schema_editor.execute(f"{sql} WITHOUT ROWID", parameters or None)


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        CreateClustered(
            name='Change',
            fields=[
                ('pk', models.CompositePrimaryKey('sequence', 'granularity', 'start', 'station', blank=True, editable=False, primary_key=True, serialize=False)),
                ('sequence', models.BigIntegerField()),
                ('granularity', models.SmallIntegerField()),
                ('start', models.BigIntegerField()),
                ('station', models.IntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='Clock',
            fields=[
                ('id', models.SmallIntegerField(primary_key=True, serialize=False)),
                ('sequence', models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='Consumer',
            fields=[
                ('name', models.CharField(max_length=80, primary_key=True, serialize=False)),
                ('sequence', models.BigIntegerField(default=0)),
            ],
        ),
        CreateClustered(
            name='DailyRollup',
            fields=[
                ('pk', models.CompositePrimaryKey('granularity', 'day', 'station', 'property', blank=True, editable=False, primary_key=True, serialize=False)),
                ('granularity', models.SmallIntegerField()),
                ('day', models.IntegerField()),
                ('station', models.IntegerField()),
                ('property', models.IntegerField()),
                ('n', models.IntegerField()),
                ('n_valid', models.IntegerField()),
                ('sum', models.BigIntegerField()),
                ('min', models.BigIntegerField(null=True)),
                ('max', models.BigIntegerField(null=True)),
                ('sequence', models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='Decision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sequence', models.BigIntegerField(unique=True)),
                ('author', models.CharField(max_length=120)),
                ('reason', models.TextField()),
                ('test', models.CharField(blank=True, max_length=80)),
                ('arguments', models.JSONField(default=dict)),
                ('at', models.DateTimeField()),
            ],
        ),
        CreateClustered(
            name='DirtyDay',
            fields=[
                ('pk', models.CompositePrimaryKey('granularity', 'day', 'station', blank=True, editable=False, primary_key=True, serialize=False)),
                ('granularity', models.SmallIntegerField()),
                ('day', models.IntegerField()),
                ('station', models.IntegerField()),
                ('sequence', models.BigIntegerField()),
            ],
        ),
        CreateClustered(
            name='LatestValue',
            fields=[
                ('pk', models.CompositePrimaryKey('station', 'property', 'granularity', blank=True, editable=False, primary_key=True, serialize=False)),
                ('station', models.IntegerField()),
                ('property', models.IntegerField()),
                ('granularity', models.SmallIntegerField()),
                ('start', models.BigIntegerField()),
                ('value', models.BigIntegerField(null=True)),
                ('flag', models.SmallIntegerField()),
                ('received', models.BigIntegerField()),
            ],
        ),
        CreateClustered(
            name='Observation',
            fields=[
                ('pk', models.CompositePrimaryKey('granularity', 'start', 'station', 'property', blank=True, editable=False, primary_key=True, serialize=False)),
                ('granularity', models.SmallIntegerField()),
                ('start', models.BigIntegerField()),
                ('station', models.IntegerField()),
                ('property', models.IntegerField()),
                ('value', models.BigIntegerField(null=True)),
                ('flag', models.SmallIntegerField()),
                ('revision', models.IntegerField()),
                ('received', models.BigIntegerField()),
                ('sequence', models.BigIntegerField()),
                ('source', models.SmallIntegerField()),
            ],
        ),
        CreateClustered(
            name='Revision',
            fields=[
                ('pk', models.CompositePrimaryKey('granularity', 'start', 'station', 'property', 'revision', blank=True, editable=False, primary_key=True, serialize=False)),
                ('granularity', models.SmallIntegerField()),
                ('start', models.BigIntegerField()),
                ('station', models.IntegerField()),
                ('property', models.IntegerField()),
                ('value', models.BigIntegerField(null=True)),
                ('flag', models.SmallIntegerField()),
                ('revision', models.IntegerField()),
                ('received', models.BigIntegerField()),
                ('sequence', models.BigIntegerField()),
                ('source', models.SmallIntegerField()),
                ('replaced', models.BigIntegerField()),
                ('successor', models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='Scale',
            fields=[
                ('property', models.IntegerField(primary_key=True, serialize=False)),
                ('decimals', models.SmallIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='Source',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, unique=True)),
            ],
        ),
        migrations.CreateModel(
            name='Segment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('granularity', models.SmallIntegerField()),
                ('month_date', models.DateField()),
                ('path', models.CharField(max_length=200)),
                ('sha256', models.CharField(max_length=64)),
                ('days_path', models.CharField(max_length=200)),
                ('days_sha256', models.CharField(max_length=64)),
                ('rows', models.BigIntegerField()),
                ('upto', models.BigIntegerField()),
                ('added', models.BigIntegerField()),
                ('retired', models.BigIntegerField(null=True)),
                ('cleared', models.BooleanField(default=False)),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('retired__isnull', True)), fields=('granularity', 'month_date'), name='segment_in_force_once')],
            },
        ),
    ]
