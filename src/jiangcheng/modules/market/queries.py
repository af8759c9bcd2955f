"""Accounts, the tax of a quarter, who is uninsured, consents, grades and balances."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Sum

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.records import queries as records
from jiangcheng.core.registry import queries as registry
from jiangcheng.core.registry.models import Facility, Outlet
from jiangcheng.modules.market import rules
from jiangcheng.modules.market.models import (
    CreditConsent,
    CreditQuery,
    EcoFund,
    EsgValue,
    FinanceProject,
    InsuranceDuty,
    InsurancePolicy,
    OnlineMass,
    ProjectReturn,
    RightAccount,
    TaxQuantity,
)

Key = tuple[str, str, str]
"""Facility, outlet and pollutant."""
VIEW = "market.view"
PERFORMANCE = "performance-price"
CREDIT = "credit"
"""Scheme of the labels of credit."""


def accounts(*, user: User, on: dt.date) -> QuerySet[RightAccount]:
    """Return the accounts of rights a person may see."""
    scope = access.scope(user, VIEW, on)
    found = RightAccount.objects.filter(
        scope.as_filter(region="facility__region__code", facility="facility__code")
    )
    return found.select_related("facility").order_by("right", "item", "-year", "facility__code")


def quarters(*, user: User, on: dt.date) -> list[tuple[int, int]]:
    """Return year and quarter of the quantities a person may see, the newest first."""
    rows = records.visible(register="tax-quantities", user=user, on=on).filter(withdrawn_at=None)
    found = rows.order_by("-year", "-quarter").values_list("year", "quarter").distinct()
    scope = access.scope(user, VIEW, on)
    online = OnlineMass.objects.filter(
        scope.as_filter(region="facility__region__code", facility="facility__code")
    )
    told = online.order_by().values_list("year", "quarter").distinct()
    return sorted({*found, *told}, reverse=True)


def tax(
    *, user: User, on: dt.date, year: int, quarter: int
) -> tuple[rules.Tax, dict[Key, list[rules.Quantity]]]:
    """Return the tax of a quarter of the facilities a person may see, and the sources that were passed over."""
    rows = records.visible(register="tax-quantities", user=user, on=on).filter(
        withdrawn_at=None, year=year, quarter=quarter
    )
    entered = [
        rules.Quantity(
            row.facility.code if row.facility else "",
            row.outlet,
            row.pollutant,
            row.mass,
            row.below_percent,
            row.number,
            row.method,
        )
        for row in rows
    ]
    start = rules.quarter_start(year, quarter)
    known = rules.pollutants(start)
    online = [
        rules.Quantity(
            row.facility.code, row.outlet, row.pollutant, row.mass, source="online", url=row.url,
            unknown_percent=Decimal(100 * row.unknown_hours) / Decimal(row.hours or 1),
        )
        for row in online_masses(user=user, on=on, year=year, quarter=quarter)
        if row.pollutant in known
    ]  # fmt: skip
    used, passed = rules.chosen([*online, *entered], on=start)
    return rules.tax(used, on=start), passed


def online_masses(*, user: User, on: dt.date, year: int, quarter: int) -> QuerySet[OnlineMass]:
    """Return what monitors say of a quarter, of the facilities a person may see."""
    scope = access.scope(user, VIEW, on)
    found = OnlineMass.objects.filter(
        scope.as_filter(region="facility__region__code", facility="facility__code"),
        year=year,
        quarter=quarter,
    )
    return found.select_related("facility").order_by("facility__code", "outlet", "pollutant")


def silent_outlets(*, user: User, on: dt.date, year: int, quarter: int) -> QuerySet[Outlet]:
    """Return the outlets for which nothing was entered in a quarter: no data, which is not nought."""
    scope = access.scope(user, VIEW, on)
    told = TaxQuantity.objects.filter(
        facility=OuterRef("facility"),
        outlet=OuterRef("number"),
        year=year,
        quarter=quarter,
        withdrawn_at=None,
    )
    measured = OnlineMass.objects.filter(
        facility=OuterRef("facility"), outlet=OuterRef("number"), year=year, quarter=quarter
    )
    found = Outlet.objects.filter(
        scope.as_filter(region="facility__region__code", facility="facility__code"),
        ~Exists(told),
        ~Exists(measured),
    )
    return found.select_related("facility").order_by("facility__code", "number")


def uninsured(*, on: dt.date, user: User | None = None) -> list[InsuranceDuty]:
    """Return the units that have to be insured on a day and hold no valid policy.

    Parameters
    ----------
    user
        Only what this person may see; None: all.
    """
    valid = InsurancePolicy.objects.filter(
        facility=OuterRef("facility"), valid_from_date__lte=on, valid_to_date__gte=on, withdrawn_at=None
    )
    rows: QuerySet[Any] = InsuranceDuty.objects.select_related("facility", "region")
    if user is not None:
        rows = records.visible(register="insurance-duties", user=user, on=on)
    found = rows.filter(Q(valid_to_date=None) | Q(valid_to_date__gt=on), ~Exists(valid))
    return list(
        found.filter(withdrawn_at=None, valid_from_date__lte=on).exclude(facility=None).order_by("number")
    )


def consent(*, bank: User, code: str, on: dt.date) -> CreditConsent | None:
    """Return the consent by which a bank may ask for an enterprise on a day."""
    return (
        CreditConsent.objects.filter(
            facility__code=code,
            bank=bank.username,
            state="given",
            withdrawn_at=None,
            valid_from_date__lte=on,
            valid_to_date__gte=on,
        )
        .order_by("-pk")
        .first()
    )


def credit_grade(*, code: str, on: dt.date) -> str:
    """Return the code of an enterprise's credit grade, empty where none holds."""
    held = registry.valid_labels(on=on).filter(facility__code=code, scheme=CREDIT)
    return held.order_by("-valid_from_date", "-pk").values_list("code", flat=True).first() or ""


def asked(*, asker: User) -> QuerySet[CreditQuery]:
    """Return a bank's own queries, the newest first."""
    return CreditQuery.objects.filter(asker=asker).order_by("-at", "-pk")


def performance(*, on: dt.date) -> list[tuple[str, str, str]]:
    """Return code, name and performance grade of the facilities that have one on a day."""
    held = registry.valid_labels(on=on).filter(scheme=PERFORMANCE).order_by("valid_from_date", "pk")
    rows = held.values_list("facility__code", "facility__name_zh", "code")
    return list({code: (code, name, grade) for code, name, grade in rows}.values())


def fund_balance(*, facility: Facility) -> Decimal:
    """Return what an enterprise has put aside and not used [10⁴ CNY]."""
    rows = EcoFund.objects.filter(facility=facility, state="booked", withdrawn_at=None)
    sums = dict(rows.order_by().values_list("kind").annotate(sum=Sum("amount")))
    return Decimal(sums.get("extract") or 0) - Decimal(sums.get("use") or 0)


def funds(*, user: User, on: dt.date) -> list[dict[str, Any]]:
    """Return put aside, used and left per enterprise, as far as a person may see it."""
    rows = records.visible(register="eco-funds", user=user, on=on).filter(state="booked", withdrawn_at=None)
    found = (
        rows.order_by()
        .values("facility__code", "facility__name_zh")
        .annotate(extracted=Sum("amount", filter=Q(kind="extract")), used=Sum("amount", filter=Q(kind="use")))
        .order_by("facility__code")
    )
    return [{**row, "left": (row["extracted"] or 0) - (row["used"] or 0)} for row in found]


def loans(*, user: User, on: dt.date) -> list[dict[str, Any]]:
    """Return count and sum of green loans per bank, as far as a person may see them."""
    rows = records.visible(register="green-loans", user=user, on=on).filter(withdrawn_at=None)
    found: dict[str, dict[str, Any]] = {}
    for bank, amount in rows.order_by("bank").values_list("bank", "amount"):
        row = found.setdefault(bank, {"bank": bank, "count": 0, "amount": 0.0})
        row["count"] += 1
        row["amount"] += amount
    return list(found.values())


def queries_about(*, facility: Facility) -> QuerySet[CreditQuery]:
    """Return who was told the credit of an enterprise, the newest first."""
    found = CreditQuery.objects.filter(code=facility.code).exclude(consent="")
    return found.select_related("asker").order_by("-at")


def esg_tellers(*, user: User, on: dt.date) -> list[Facility]:
    """Return the enterprises with ESG values a person may see."""
    rows = records.visible(register="esg-values", user=user, on=on).filter(withdrawn_at=None)
    return list(Facility.objects.filter(pk__in=rows.values("facility")).order_by("code"))


def esg(*, facility: Facility, on: dt.date, years: int = 4) -> tuple[list[int], list[rules.Compared]]:
    """Return the latest years of an enterprise's ESG values and its indicators over them."""
    rows = EsgValue.objects.filter(facility=facility, withdrawn_at=None)
    told = {(code, year): value for code, year, value in rows.values_list("indicator", "year", "value")}
    shown = sorted({year for _code, year in told})[-years:]
    return shown, rules.compared(told, shown, on=on)


def eod(*, user: User, on: dt.date) -> list[tuple[FinanceProject, rules.Returns]]:
    """Return the EOD projects a person may see with their returns."""
    projects = records.visible(register="finance-projects", user=user, on=on).filter(
        withdrawn_at=None, kind="eod"
    )
    shown = list(projects.order_by("-investment", "number"))
    rows = ProjectReturn.objects.filter(withdrawn_at=None, project__in=[one.number for one in shown])
    by_project: dict[str, list[tuple[int, str, Decimal, Decimal]]] = {}
    for row in rows:
        by_project.setdefault(row.project, []).append((row.year, row.kind, row.planned, row.booked))
    return [(one, rules.returns(by_project.get(one.number, ()))) for one in shown]
