"""Approvals to leave the province: their terms in working days, and what manifests take of them."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from jiangcheng.core.access.models import User
from jiangcheng.core.cases import rules as office
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.records import services as records
from jiangcheng.modules.waste import queries
from jiangcheng.modules.waste.models import Manifest, TransferApproval, TransferUse
from jiangcheng.modules.waste.rules import manifests as rules
from jiangcheng.modules.waste.rules import tables
from jiangcheng.standards import periods


def note_applied(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``apply``: the receiver must be licensed; the term of the first opinion begins."""
    row = TransferApproval.objects.get(number=record_number)
    on = now.astimezone(periods.BEIJING).date()
    licences = queries.licences_of(code=row.receiver_code, kind="operator")
    if not any(licence.covers(row.code, on) for licence in licences):
        raise Refused(_("接受人的许可不含或已过期：%(codes)s。") % {"codes": row.code})
    if row.until_date <= on:
        raise Refused(_("申请的有效期已过。"))
    _due(row, "opinion_days", actor, now)


def note_consulted(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``consult``: the receiving province has its working days to answer."""
    _due(TransferApproval.objects.get(number=record_number), "consult_days", actor, now)


def note_agreed(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``agree``: the term of the decision begins."""
    _due(TransferApproval.objects.get(number=record_number), "decide_days", actor, now)


def note_approved(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``approve``: what was asked for may leave, for twelve months at most (部令 23)."""
    row = TransferApproval.objects.get(number=record_number)
    on = now.astimezone(periods.BEIJING).date()
    months = int(tables.in_force("transfers", on)["most_months"])
    values = {
        "approved": row.asked, "left": row.asked, "from_date": on, "document": text[:60],
        "until_date": min(row.until_date, rules.months_after(on, months)),
    }  # fmt: skip
    records.change(record=row, values=values, actor=actor, at=now)


def take_of_approvals(*, manifest: Manifest, actor: User, now: dt.datetime) -> None:
    """Bind a manifest to the approvals it names and take every waste's quantity of them.

    Raises
    ------
    Refused
        If a waste has no approval in force between these two, or too little is left of it.
    """
    on = manifest.departs_at.astimezone(periods.BEIJING).date()
    named = manifest.approval.split()
    if not named:
        raise Refused(_("跨省转移须先经批准，请填写批准文号。"))
    for item in manifest.items.order_by("code"):
        row = _approval(manifest, item.code, named, on)
        if row is None:
            raise Refused(_("没有有效的跨省转移批准：%(codes)s。") % {"codes": item.code})
        if item.declared > row.left:
            raise Refused(
                _("超过跨省转移批准的剩余量：%(code)s 剩余 %(left)s t。")
                % {"code": item.code, "left": row.left.normalize()}
            )
        TransferUse.objects.update_or_create(
            transfer=row, manifest=manifest,
            defaults={"taken": item.declared, "taken_at": now, "returned_at": None},
        )  # fmt: skip
        records.change(record=row, values={"left": row.left - item.declared}, actor=actor, at=now)


def give_back(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hooks that end a trip before it was received: the approval has its quantity back."""
    uses = TransferUse.objects.filter(manifest__number=record_number, returned_at=None)
    for use in uses.order_by("transfer"):
        row = TransferApproval.objects.select_for_update(of=("self",)).get(pk=use.transfer_id)
        records.change(record=row, values={"left": row.left + use.taken}, actor=actor, at=now)
        use.returned_at = now
        use.save(update_fields=["returned_at"])


def _approval(manifest: Manifest, code: str, named: list[str], on: dt.date) -> TransferApproval | None:
    rows = TransferApproval.objects.select_for_update(of=("self",)).filter(
        facility=manifest.facility, receiver_code=manifest.receiver_code, code=code, state="approved",
        withdrawn_at=None, from_date__lte=on, until_date__gte=on,
    )  # fmt: skip
    found = [row for row in rows.order_by("until_date", "pk") if {row.number, row.document} & set(named)]
    enough = [row for row in found if row.left > decimal.Decimal(0)]
    return next(iter(enough or found), None)


def _due(row: TransferApproval, term: str, actor: User, now: dt.datetime) -> None:
    rule = tables.in_force("transfers", now.astimezone(periods.BEIJING).date())
    due = rules.confirm_by(now, int(rule[term]), office.working_calendar().days_after)
    records.change(record=row, values={"due_at": due}, actor=actor, at=now)
