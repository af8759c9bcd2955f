"""Punishment cases: their gates, what is published, what counts for credit."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from jiangcheng.core.records.models import RecordStep
from jiangcheng.modules.enforcement import rules
from jiangcheng.modules.enforcement.models import Punishment

REGISTER = "punishments"


def gates(punishment: Punishment) -> tuple[rules.Gate, ...]:
    """Return the three systems as gates of a case."""
    steps = RecordStep.objects.filter(register=REGISTER, number=punishment.number)
    scene = steps.filter(action__in=("record", "report"), evidence__isnull=False)
    return rules.gates(
        officers=punishment.officers.count(),
        media=scene.values("evidence").distinct().count(),
        reviewer=punishment.reviewer_id,
        handlers=[*punishment.officers.values_list("pk", flat=True)],
        published=punishment.published_at is not None,
    )


def published(*, now: dt.datetime) -> QuerySet[Punishment]:
    """Return the decisions anybody may read, latest first; after the term of publicity they are taken down."""
    begin = now - dt.timedelta(days=365 * rules.table("terms")["shown_years"])
    found = Punishment.objects.filter(published_at__gt=begin, withdrawn_at=None)
    return found.select_related("facility").order_by("-published_at", "-pk")


def events(*, facility_code: str, since: dt.date, until: dt.date) -> list[dict[str, Any]]:
    """Answer the hook ``facility.events``: the decisions that count for credit."""
    decided = Punishment.objects.filter(
        facility__code=facility_code, decided_at__isnull=False, withdrawn_at=None
    ).exclude(state="no_punishment")
    found = []
    for item in decided:
        assert item.decided_at is not None
        day = timezone.localdate(item.decided_at)
        if since <= day <= until:
            fine = item.fine or Decimal(0)
            found.append(
                {
                    "number": item.number,
                    "date": day,
                    "points_key": rules.points_key(fine),
                    "text_zh": f"{item.decision_number} 罚款 {fine:,.0f} 元",
                    "text_en": f"{item.decision_number}, fine of {fine:,.0f} CNY",
                    "url": f"/records/{REGISTER}/{item.number}/",
                }
            )
    return found


def late_to_publish(*, on: dt.date) -> QuerySet[Punishment]:
    """Return the decisions that should be public by now and are not."""
    return Punishment.objects.filter(publish_by_date__lt=on, published_at=None, withdrawn_at=None)
