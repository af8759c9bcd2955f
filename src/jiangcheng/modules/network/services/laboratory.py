"""Accepted samples become values of the series of their point."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from jiangcheng.core.access.models import User
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.observations import store
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import ObservedProperty, Station
from jiangcheng.modules.network.models import LabSample
from jiangcheng.modules.network.rules import laboratory as rules
from jiangcheng.standards import periods

GRANULARITY = store.Granularity.DAY


def accept_sample(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``accept``: store the value under the day of sampling, by the rule of the limit.

    Raises
    ------
    jiangcheng.core.cases.services.Refused
        If the laboratory's own control failed, or a value of another source is there already.
    """
    row = LabSample.objects.get(number=record_number)
    if row.lab_qc != LabSample.Quality.PASSED:
        raise Refused(_("实验室质控不合格，不能入库。"))
    on = row.sampled_at.astimezone(periods.BEIJING).date()
    value, flag, version = rules.value(row.result, row.lod, on)
    keys = _keys(row, on)
    known = store.read(
        stations=keys.station.tolist(), properties=keys.property.tolist(), granularity=GRANULARITY,
        start=int(keys.start[0]), end=int(keys.start[0]) + 1,
    )  # fmt: skip
    if any(chr(letter) != chr(store.REJECTED) for letter in known["flag"].to_pylist()):
        raise Refused(_("该站点该因子当日已有数据，手工结果请登记为比对质控。"))
    columns = dict(keys.items())
    store.append(
        store.Batch.of(**columns, value=np.array([value]), flag=np.array([flag])),
        source=f"lab:{row.number}"[:120],
        received_at=now,
    )
    records.change(record=row, values={"stored": value, "rule_version": version}, actor=actor, at=now)


def revoke_sample(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``revoke``: the value stays in the store, flagged as rejected."""
    row = LabSample.objects.get(number=record_number)
    on = row.sampled_at.astimezone(periods.BEIJING).date()
    store.flag(_keys(row, on), store.REJECTED, author=str(actor), reason=text, at=now)


def _keys(row: LabSample, on: dt.date) -> store.Keys:
    code, _dash, statistic = row.observed.partition("-")
    return store.Keys.of(
        granularity=int(GRANULARITY),
        start=np.array([periods.day_bounds(on)[0]]),
        station=Station.objects.get(code=row.station).pk,
        property=ObservedProperty.objects.get(code=code, statistic=statistic or "avg").pk,
    )
