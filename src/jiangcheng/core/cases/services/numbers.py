"""Numbers of cases."""

from __future__ import annotations

import datetime as dt

from jiangcheng.core.cases import rules
from jiangcheng.core.cases.models import CaseSerial


def next_number(case_type: str, day: dt.date) -> str:
    """Return the next number of a type on a day; part of the caller's transaction, which queues here."""
    CaseSerial.objects.get_or_create(day_date=day, case_type=case_type)
    serial = CaseSerial.objects.select_for_update().get(day_date=day, case_type=case_type)
    serial.last += 1
    serial.save()
    return rules.number(day, case_type, serial.last)
