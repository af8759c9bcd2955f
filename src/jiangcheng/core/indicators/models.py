"""Indicators: numbers with formula, edition, source rows, target and gap."""

from __future__ import annotations

from django.db import models


class IndicatorValue(models.Model):
    """A computed or reported value of an indicator for a period. Recomputation adds a row; none is changed."""

    indicator = models.CharField(max_length=80)
    period_start_date = models.DateField()
    period_end_date = models.DateField()
    """Exclusive end."""
    edition = models.CharField(max_length=60, blank=True)
    """Edition of the standard the value was computed under; one value per edition stands side by side."""
    value = models.FloatField(null=True)
    unit = models.CharField(max_length=24)
    formula_zh = models.CharField(max_length=300)
    formula_en = models.CharField(max_length=300)
    clause = models.CharField(max_length=200, blank=True)
    lineage = models.JSONField(default=dict)
    """Where the number comes from: stations, property, granularity, period, row count, link to the rows,
    store snapshot, and the intermediate numbers of the formula."""
    remaining = models.JSONField(default=dict)
    """Remaining budget to the end of the year, e.g. ``{"days_that_may_be_lost": 3}``."""
    computed_at = models.DateTimeField()
    reported_by = models.CharField(max_length=120, blank=True)
    current = models.BooleanField(default=True)

    class Meta:
        indexes = [models.Index(fields=["indicator", "current"], name="indicator_current")]
        constraints = [
            models.UniqueConstraint(
                fields=["indicator", "period_start_date", "period_end_date", "edition"],
                condition=models.Q(current=True),
                name="indicator_current_once",
            ),
        ]

    @property
    def text(self) -> str:
        """The value as it is printed: at most two decimals and no idle zeros, long numbers with groups."""
        if self.value is not None and abs(self.value) >= 1e5:
            return f"{self.value:,.0f}"
        return "—" if self.value is None else f"{self.value:.2f}".rstrip("0").rstrip(".")

    def __str__(self) -> str:
        return f"{self.indicator} {self.period_end_date} {self.value}"
