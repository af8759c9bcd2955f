"""How good the data of the monitoring agencies are, for whoever rates them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Avg, Count, Q

from jiangcheng.modules.network.models import Agency, AgencyCheck, LabSample, QcRecord

VOIDED = ("revoked", "rejected")
"""States of a sample that nobody uses."""


def qualified(*, agency: Any, on: dt.date) -> bool:
    """Tell whether the certificate of an agency holds on a day; one without a known end does not."""
    return agency.qualified_to_date is not None and agency.qualified_to_date > on


def agency_quality(*, since: dt.date, until: dt.date) -> list[dict[str, Any]]:
    """Answer the hook ``agency.quality``: what each agency delivered in ``[since, until]``, and how it held."""
    samples = _by_agency(
        LabSample.objects.filter(sampled_at__date__gte=since, sampled_at__date__lte=until),
        samples=Count("pk"),
        voided=Count("pk", filter=Q(state__in=VOIDED)),
        lab_failed=Count("pk", filter=Q(lab_qc=LabSample.Quality.FAILED)),
    )
    checks = _by_agency(
        QcRecord.objects.filter(performed_at__date__gte=since, performed_at__date__lte=until),
        checks=Count("pk"),
        failed=Count("pk", filter=Q(result=QcRecord.Result.FAILED)),
    )
    inspected = _by_agency(
        AgencyCheck.objects.filter(checked_date__gte=since, checked_date__lte=until),
        inspections=Count("pk"),
        inspection_score=Avg("score"),
        penalties=Count("pk", filter=~Q(penalty="")),
    )
    nothing = {
        **dict.fromkeys(
            ("samples", "voided", "lab_failed", "checks", "failed", "inspections", "penalties"), 0
        ),
        "inspection_score": None,
    }
    return [
        {
            "number": agency.number,
            "name_zh": agency.name_zh,
            "name_en": agency.name_en or agency.name_zh,
            "region": agency.region.code if agency.region else "",
            "qualified": qualified(agency=agency, on=until),
            "url": f"/records/agencies/{agency.number}/",
            **nothing,
            **samples.get(agency.number, {}),
            **checks.get(agency.number, {}),
            **inspected.get(agency.number, {}),
        }
        for agency in Agency.objects.filter(withdrawn_at=None).select_related("region").order_by("number")
    ]


def _by_agency(rows: Any, **counted: Any) -> dict[str, dict[str, Any]]:
    found = rows.filter(withdrawn_at=None).exclude(agency="").order_by().values("agency").annotate(**counted)
    return {row.pop("agency"): row for row in found}
