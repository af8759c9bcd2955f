"""Black-odorous waters that come back are treated again, also when nobody says so."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from jiangcheng.core.cases import services as cases
from jiangcheng.core.manifest import manifests
from jiangcheng.core.records.services import life
from jiangcheng.modules.water import queries
from jiangcheng.modules.water.models import BlackWater

KIND = "water.black_relapse"
REGISTER = "black-waters"


def watch_black_waters(*, now: dt.datetime) -> int:
    """Reopen the eliminated waters whose later samples are black again; return how many they are."""
    reopened = 0
    eliminated = BlackWater.objects.filter(state="eliminated", withdrawn_at=None)
    for water in eliminated.order_by("pk"):
        standing = queries.black_standing(water=water, since=water.closed_at)
        if standing.degree > 0:
            _reopen(water, standing, now)
            reopened += 1
    return reopened


def _reopen(water: BlackWater, standing: queries.BlackStanding, now: dt.datetime) -> None:
    declared = manifests.registers()[REGISTER]
    text = f"监测结果返黑返臭：{'、'.join(standing.items)}"
    with transaction.atomic():
        locked = (
            BlackWater.objects.select_for_update(of=("self",)).select_related("workflow").get(pk=water.pk)
        )
        if locked.state != "eliminated":
            return
        locked.state, locked.state_at, locked.closed_at = "treating", now, None
        locked.relapses += 1
        locked._history_date = now  # type: ignore[attr-defined]
        locked._change_reason = "返黑返臭"  # type: ignore[attr-defined]
        locked.save()
        life.write_step(declared, locked, "relapse", "eliminated", None, now, text=text)
        cases.report(
            finding=cases.FindingReport(
                kind=KIND,
                dedup_key=f"{KIND}:{water.number}:{locked.relapses}",
                rule_version=f"{KIND} v1",
                title_zh=f"{water.name_zh} 返黑返臭",
                title_en=f"{water.name_zh}: black and odorous again",
                severity=3,
                first_at=standing.latest or now,
                last_at=standing.latest or now,
                evidence={
                    "start": (standing.latest or now).isoformat(),
                    "register": REGISTER,
                    "number": water.number,
                    "items": list(standing.items),
                    "clause": "城市黑臭水体整治工作指南 表2",
                },
                longitude=water.longitude,
                latitude=water.latitude,
            ),
            now=now,
        )
