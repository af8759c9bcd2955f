"""The live stream: what just happened, for the screens that watch."""

from __future__ import annotations

from django.db import models


class LiveEvent(models.Model):
    """Something that just happened. Readers follow by ``id``; old rows are swept."""

    at = models.DateTimeField(db_index=True)
    kind = models.CharField(max_length=30)
    """``finding``, ``case``, ``observation``, ``gateway`` …: what a screen refreshes on."""
    permission = models.CharField(max_length=60)
    region_code = models.CharField(max_length=32, blank=True)
    facility_code = models.CharField(max_length=32, blank=True, default="")
    """Facility it concerns: its own people are told as well."""
    payload = models.JSONField(default=dict)
    """Texts in both languages (``text_zh``, ``text_en``), ``url``, ``severity`` and what the kind needs."""

    def __str__(self) -> str:
        return f"{self.id} {self.kind}"
