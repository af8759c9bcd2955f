"""Tables of the store. The migration creates the large ones with the key each engine reads fastest.

Stations and properties are primary keys of `registry` without a constraint: a check per row would cost
more than the row. Instants in ``received`` and ``replaced`` are microseconds, ``start`` seconds since the
epoch (UTC), ``day`` Beijing calendar days since 1970-01-01. ``sequence`` numbers the writes of the store in
the order in which they were committed.
"""

from __future__ import annotations

from django.db import models


class Observation(models.Model):
    """The current version of a value, until its month is sealed; afterwards only late corrections."""

    pk = models.CompositePrimaryKey("granularity", "start", "station", "property")
    granularity = models.SmallIntegerField()
    start = models.BigIntegerField()
    station = models.IntegerField()
    property = models.IntegerField()
    value = models.BigIntegerField(null=True)
    """Integer of 10^-decimals of the property (`Scale`)."""
    flag = models.SmallIntegerField()
    revision = models.IntegerField()
    received = models.BigIntegerField()
    sequence = models.BigIntegerField()
    source = models.SmallIntegerField()


class Revision(models.Model):
    """A version that was replaced, known in ``[received, replaced)``. ``successor`` is the write that replaced it."""

    pk = models.CompositePrimaryKey("granularity", "start", "station", "property", "revision")
    granularity = models.SmallIntegerField()
    start = models.BigIntegerField()
    station = models.IntegerField()
    property = models.IntegerField()
    value = models.BigIntegerField(null=True)
    flag = models.SmallIntegerField()
    revision = models.IntegerField()
    received = models.BigIntegerField()
    sequence = models.BigIntegerField()
    source = models.SmallIntegerField()
    replaced = models.BigIntegerField()
    successor = models.BigIntegerField()


class LatestValue(models.Model):
    """The value with the greatest start of a series."""

    pk = models.CompositePrimaryKey("station", "property", "granularity")
    station = models.IntegerField()
    property = models.IntegerField()
    granularity = models.SmallIntegerField()
    start = models.BigIntegerField()
    value = models.BigIntegerField(null=True)
    flag = models.SmallIntegerField()
    received = models.BigIntegerField()


class DailyRollup(models.Model):
    """Exact sums of a day, computed when ``sequence`` was the last write."""

    pk = models.CompositePrimaryKey("granularity", "day", "station", "property")
    granularity = models.SmallIntegerField()
    day = models.IntegerField()
    station = models.IntegerField()
    property = models.IntegerField()
    n = models.IntegerField()
    n_valid = models.IntegerField()
    sum = models.BigIntegerField()
    min = models.BigIntegerField(null=True)
    max = models.BigIntegerField(null=True)
    sequence = models.BigIntegerField()


class DirtyDay(models.Model):
    """A station's day whose roll-ups are older than its values."""

    pk = models.CompositePrimaryKey("granularity", "day", "station")
    granularity = models.SmallIntegerField()
    day = models.IntegerField()
    station = models.IntegerField()
    sequence = models.BigIntegerField()


class Change(models.Model):
    """At this interval of this station some value came or changed."""

    pk = models.CompositePrimaryKey("sequence", "granularity", "start", "station")
    sequence = models.BigIntegerField()
    granularity = models.SmallIntegerField()
    start = models.BigIntegerField()
    station = models.IntegerField()


class Consumer(models.Model):
    """How far a reader of the change log has come."""

    name = models.CharField(max_length=80, primary_key=True)
    sequence = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name} {self.sequence}"


class Clock(models.Model):
    """The number of the last write. Its row is the lock that puts writers into a line."""

    id = models.SmallIntegerField(primary_key=True)
    sequence = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.sequence)


class Source(models.Model):
    """Where values come from: ``hj212``, ``import:…``, ``person:…``."""

    name = models.CharField(max_length=120, unique=True)

    def __str__(self) -> str:
        return self.name


class Scale(models.Model):
    """The decimals with which the values of a property are stored.

    Fixed when the first value comes: a later change in the registry must not shift stored values.
    """

    property = models.IntegerField(primary_key=True)
    decimals = models.SmallIntegerField()

    def __str__(self) -> str:
        return f"{self.property} {self.decimals}"


class Decision(models.Model):
    """Why a person or a test revised or flagged values; ``sequence`` names the write."""

    sequence = models.BigIntegerField(unique=True)
    author = models.CharField(max_length=120)
    reason = models.TextField()
    test = models.CharField(max_length=80, blank=True)
    arguments = models.JSONField(default=dict)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.sequence} {self.author}"


class Segment(models.Model):
    """A sealed month: one line of the manifest, in force for writes in ``[added, retired)``."""

    granularity = models.SmallIntegerField()
    month_date = models.DateField()
    """First day of the Beijing month."""
    path = models.CharField(max_length=200)
    """Of the values, relative to the sealed folder."""
    sha256 = models.CharField(max_length=64)
    days_path = models.CharField(max_length=200)
    days_sha256 = models.CharField(max_length=64)
    rows = models.BigIntegerField()
    upto = models.BigIntegerField()
    """The last write whose values are inside."""
    added = models.BigIntegerField()
    retired = models.BigIntegerField(null=True)
    cleared = models.BooleanField(default=False)
    """True once the hot copies of its rows are gone."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["granularity", "month_date"],
                condition=models.Q(retired__isnull=True),
                name="segment_in_force_once",
            ),
        ]

    def __str__(self) -> str:
        return self.path
