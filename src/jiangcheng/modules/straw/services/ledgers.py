"""Begin the ledger of a year from that of the year before."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import ValidationError
from django.db import transaction

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.records import services as records
from jiangcheng.modules.straw.models import StrawHarvest
from jiangcheng.modules.straw.rules import balance

COPIED = (
    "grain",
    "sown",
    "returned",
    *balance.USES,
    "scattered",
    "sent_out",
    "brought_in",
    "ratio",
    "collectable",
)


def copy_year(*, year: int, actor: User, now: dt.datetime, on: dt.date) -> tuple[int, int]:
    """Copy what a person manages of the year before into a year that has no such row yet.

    Every copied row says where it comes from, so that nobody takes it for a new count.

    Returns
    -------
    tuple of int
        Rows copied, rows left alone because the year has them.

    Raises
    ------
    Refused
        If a row of the year before breaks the rules of the ledger; nothing is copied then.
    """
    scope = access.scope(actor, "straw.manage", on)
    rows = StrawHarvest.objects.filter(scope.as_filter(region="region__code"), withdrawn_at=None)
    held = set(rows.filter(year=year).values_list("region", "crop"))
    copied = left = 0
    with transaction.atomic():
        for row in rows.filter(year=year - 1).select_related("region").order_by("pk"):
            if (row.region_id, row.crop) in held:
                left += 1
                continue
            values = {name: getattr(row, name) for name in COPIED}
            values |= {"region": row.region, "year": year, "crop": row.crop}
            values["origin"] = f"复制自 {year - 1} 年（{row.number}），待核"[:120]
            try:
                records.create(register="straw-harvests", values=values, actor=actor, at=now)
            except ValidationError as error:
                raise Refused(f"{row.number}: {'；'.join(error.messages)}") from error
            copied += 1
    return copied, left
