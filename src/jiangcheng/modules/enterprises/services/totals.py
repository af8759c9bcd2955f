"""The yearly totals of permits: trades propose changes, a person decides."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from jiangcheng.core.access.models import User
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Facility
from jiangcheng.modules.enterprises import queries
from jiangcheng.modules.enterprises.models import TotalChange


def propose_total(
    *,
    facility_code: str,
    pollutant: str,
    change: Decimal,
    year: int,
    reference: str,
    actor: User,
    now: dt.datetime,
) -> None:
    """Answer the hook of a settled trade: the change waits on somebody's to-do list; once per trade."""
    known = TotalChange.objects.filter(
        facility__code=facility_code, pollutant=pollutant, reference=reference, withdrawn_at=None
    )
    if known.exists():
        return
    values = {
        "facility": Facility.objects.get(code=facility_code),
        "pollutant": pollutant,
        "year": year,
        "change": change,
        "reference": reference,
    }
    records.create(register="permit-totals", values=values, actor=actor, at=now)


def check_total(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``approve``: a total never falls below nought."""
    row = TotalChange.objects.select_related("facility").get(number=record_number)
    if row.facility is None:
        raise Refused(_("请选择企业。"))
    Facility.objects.select_for_update().get(pk=row.facility.pk)
    # The row is approved already in this transaction: it counts.
    total = queries.permitted_total(facility=row.facility, pollutant=row.pollutant, year=row.year)
    if total < 0:
        raise Refused(_("变更后的许可总量为 %s 吨，小于零；请先登记许可证载明的总量。") % total.normalize())
