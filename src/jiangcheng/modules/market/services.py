"""Booking quotas and trades, the gates of the registers, queries of banks, price lists, and insurance."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.cases import services as cases
from jiangcheng.core.cases.models import Finding
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.manifest import manifests
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import Facility
from jiangcheng.modules.market import queries, rules
from jiangcheng.modules.market.models import (
    CreditPush,
    CreditQuery,
    EcoFund,
    InsuranceDuty,
    OnlineMass,
    PerformanceGrade,
    PriceList,
    RightAccount,
    RightEntry,
    RightQuota,
    RightTrade,
)
from jiangcheng.standards import periods

UNINSURED = "market.uninsured"


def book_quota(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``book``: a quota is added, what is surrendered is taken if it is there."""
    row = RightQuota.objects.select_related("facility").get(number=record_number)
    assert row.facility is not None
    sign = 1 if row.kind == RightQuota.Kind.ISSUE else -1
    _lock(row.facility)
    _move(row.facility, row, sign * row.amount, row.kind, actor, now)


def settle_trade(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``settle``: seller and buyer in one transaction, and the permits' totals follow.

    Raises
    ------
    jiangcheng.core.cases.services.Refused
        If the seller holds less than is sold.
    """
    row = RightTrade.objects.select_related("facility", "buyer").get(number=record_number)
    assert row.facility is not None
    _lock(row.facility, row.buyer)
    _move(row.facility, row, -row.amount, "sell", actor, now)
    _move(row.buyer, row, row.amount, "buy", actor, now)
    if row.right != "discharge":
        return
    for facility, change in ((row.facility, -row.amount), (row.buyer, row.amount)):
        manifests.ask(
            "permit.total_changed",
            facility_code=facility.code,
            pollutant=row.item,
            change=change,
            year=row.year,
            reference=row.number,
            actor=actor,
            now=now,
        )


def book_fund(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``book``: an enterprise never uses more than it has put aside."""
    row = EcoFund.objects.select_related("facility").get(number=record_number)
    if row.facility is None:
        raise Refused(_("请选择企业。"))
    _lock(row.facility)
    # The row is booked already in this transaction: it counts in the balance.
    left = queries.fund_balance(facility=row.facility)
    if left < 0:
        raise Refused(_("余额不足：本次使用后将为 %s 万元。") % f"{left:.2f}")


def label_grade(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``confirm``: the facility carries its grade from the day on."""
    row = PerformanceGrade.objects.select_related("facility").get(number=record_number)
    if row.facility is None:
        raise Refused(_("请选择企业。"))
    registry.label_facility(
        facility=row.facility,
        scheme=queries.PERFORMANCE,
        code=row.grade,
        on=row.on_date,
        at=now,
        source=row.document,
        actor=actor,
    )


def check_receipt(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``confirm``: without the number of the receipt nothing was received."""
    if not CreditPush.objects.get(number=record_number).receipt.strip():
        raise Refused(_("请先填写回执编号。"))


@transaction.atomic
def ask_credit(*, asker: User, code: str, purpose: str, now: dt.datetime, address: str = "") -> CreditQuery:
    """Tell a bank the credit grade of an enterprise that has consented; every query is kept, refused ones too.

    Returns
    -------
    The query. Its ``consent`` is empty where it was refused: nobody learns by asking whether a code exists.
    """
    on = now.astimezone(periods.BEIJING).date()
    consent = queries.consent(bank=asker, code=code, on=on)
    grade = queries.credit_grade(code=code, on=on) if consent else ""
    found: CreditQuery = CreditQuery.objects.create(
        asker=asker,
        code=code[:32],
        consent=consent.number if consent else "",
        grade=grade,
        purpose=purpose[:120],
        at=now,
    )
    access.record(
        actor=asker,
        action="market.credit_told" if consent else "market.credit_refused",
        object_type="facility",
        object_id=code[:32],
        after={"consent": found.consent, "grade": grade},
        reason=purpose,
        address=address,
        at=now,
    )
    return found


@transaction.atomic
def publish_prices(*, actor: User | None, now: dt.datetime) -> PriceList:
    """Keep the list of differential prices of today as its next version; the same list is not kept twice."""
    on = now.astimezone(periods.BEIJING).date()
    content = rules.canonical(rules.surcharges(queries.performance(on=on), on=on))
    before: PriceList | None = PriceList.objects.order_by("-version").first()
    if before is not None and before.sha256 == rules.digest(content):
        return before
    last = PriceList.objects.aggregate(last=Max("version"))["last"] or 0
    found: PriceList = PriceList.objects.create(
        version=last + 1, on_date=on, content=content, sha256=rules.digest(content), at=now, actor=actor
    )
    access.record(
        actor=actor,
        action="market.price_list",
        object_type="price_list",
        object_id=str(found),
        after={"sha256": found.sha256},
        at=now,
    )
    return found


def take_online_masses(*, now: dt.datetime, facilities: Iterable[Facility] | None = None) -> int:
    """Ask the rooms what online monitors say of this quarter and the last one; return how many numbers are kept.

    Parameters
    ----------
    facilities
        Only these; None: all with an outlet.
    """
    on = now.astimezone(periods.BEIJING).date()
    this = (on.year, (on.month - 1) // 3 + 1)
    last = (on.year, this[1] - 1) if this[1] > 1 else (on.year - 1, 4)
    plants = list(facilities if facilities is not None else Facility.objects.exclude(outlets=None).distinct())
    count = 0
    for year, quarter in (last, this):
        start = dt.datetime.combine(rules.quarter_start(year, quarter), dt.time(), periods.BEIJING)
        following = (year, quarter + 1) if quarter < 4 else (year + 1, 1)
        end = dt.datetime.combine(rules.quarter_start(*following), dt.time(), periods.BEIJING)
        hours = int((min(now, end) - start).total_seconds() // 3600)
        for plant in plants:
            answers = manifests.ask(
                "outlet.masses", facility_code=plant.code, year=year, quarter=quarter, now=now
            )
            for told in (row for answer in answers for row in answer):
                OnlineMass.objects.update_or_create(
                    facility=plant, outlet=told["outlet"], year=year, quarter=quarter, pollutant=told["pollutant"],
                    defaults={
                        "mass": _kilograms(told["mass"]), "replaced": _kilograms(told["replaced"]),
                        "replaced_hours": told["replaced_hours"], "unknown_hours": told["unknown_hours"],
                        "hours": hours, "months": told["months"], "url": told["url"], "computed_at": now,
                    },
                )  # fmt: skip
                count += 1
    return count


def _kilograms(value: float) -> Decimal:
    return Decimal(str(round(value, 4)))


def watch_insurance(*, now: dt.datetime) -> int:
    """Report every unit that has to be insured and is not, and end what is insured now; return how many."""
    on = now.astimezone(periods.BEIJING).date()
    bare = queries.uninsured(on=on)
    for duty in bare:
        _report(duty, now)
    keys = {_key(duty) for duty in bare}
    for key in Finding.objects.filter(kind=UNINSURED, ended_at=None).values_list("dedup_key", flat=True):
        if key not in keys:
            cases.end_finding(dedup_key=key, at=now)
    return len(bare)


def _lock(*facilities: Facility) -> None:
    # In the order of the keys, so that two trades in opposite directions wait instead of blocking each other.
    keys = sorted(facility.pk for facility in facilities)
    list(Facility.objects.select_for_update().filter(pk__in=keys).order_by("pk").values_list("pk"))


def _move(
    facility: Facility,
    row: RightQuota | RightTrade,
    amount: Decimal,
    kind: str,
    actor: User,
    now: dt.datetime,
) -> None:
    """Change an account whose facility is locked."""
    account, _new = RightAccount.objects.get_or_create(
        facility=facility, right=row.right, item=row.item, year=row.year
    )
    after = account.balance + amount
    if after < 0:
        raise Refused(
            _("账户余额 %(left)s，不足 %(wanted)s。") % {"left": account.balance, "wanted": -amount}
        )
    account.balance = after
    account.save(update_fields=["balance"])
    RightEntry.objects.create(
        account=account, amount=amount, balance=after, kind=kind, number=row.number, at=now, actor=actor
    )


def _report(duty: InsuranceDuty, now: dt.datetime) -> None:
    assert duty.facility is not None
    start = dt.datetime.combine(duty.valid_from_date, dt.time(), periods.BEIJING)
    cases.report(
        finding=cases.FindingReport(
            kind=UNINSURED,
            dedup_key=_key(duty),
            rule_version="market.insurance-duties",
            title_zh=f"{duty.facility.name_zh}没有有效的环境污染责任保险保单",
            title_en=f"{duty.facility.name_en} has no valid liability insurance",
            severity=3,
            first_at=start,
            last_at=now,
            evidence={"start": start.isoformat(), "register": "insurance-duties", "number": duty.number},
            facility_id=duty.facility.pk,
        ),
        now=now,
    )


def _key(duty: InsuranceDuty) -> str:
    return f"{UNINSURED}:{duty.number}"
