"""The inputs of a year, its account and versions, and the settlement of agreements."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping

from django.db.models import Q, QuerySet

from jiangcheng.core.access.models import User
from jiangcheng.core.manifest import manifests
from jiangcheng.core.records import queries as records
from jiangcheng.modules.ecovalue import rules
from jiangcheng.modules.ecovalue.models import Agreement, FrozenAccount, GepInput


@dataclasses.dataclass(frozen=True, slots=True)
class Settlement:
    """A year of an agreement."""

    agreement: Agreement
    payments: tuple[rules.Payment, ...]

    @property
    def amount(self) -> float:
        """What the upper area pays over the year [10⁴ CNY]; negative where it is paid."""
        return sum(payment.amount for payment in self.payments)

    @property
    def missing(self) -> int:
        """Months without data."""
        return sum(payment.concentration is None for payment in self.payments)


def entries(*, year: int) -> list[rules.Entry]:
    """Return the inputs of a year as an account takes them."""
    found = GepInput.objects.filter(year=year, withdrawn_at=None).order_by("service", "label", "symbol", "pk")
    return [
        rules.Entry(row.service, row.label, row.symbol, row.value, row.number, row.origin) for row in found
    ]


def years() -> list[int]:
    """Return the years with inputs, the oldest first."""
    found = GepInput.objects.filter(withdrawn_at=None).order_by("year")
    return list(found.values_list("year", flat=True).distinct())


def account(*, year: int, prices_of: int | None, on: dt.date) -> rules.Account:
    """Return the account of a year at its own prices, or at those of another year."""
    if prices_of is None or prices_of == year:
        return rules.account(entries(year=year), year=year, on=on)
    prices = entries(year=prices_of)
    return rules.account(entries(year=year), year=year, on=on, prices=prices, prices_of=prices_of)


def frozen(*, year: int) -> QuerySet[FrozenAccount]:
    """Return the versions of a year's account, the newest first."""
    return FrozenAccount.objects.filter(year=year).order_by("-version")


def settlements(*, user: User, on: dt.date, year: int) -> list[Settlement]:
    """Return how the agreements of a year come out, as far as a person may see them."""
    first, last = dt.date(year, 1, 1), dt.date(year, 12, 31)
    rows = records.visible(register="compensation-agreements", user=user, on=on).filter(
        Q(valid_to_date=None) | Q(valid_to_date__gte=first), withdrawn_at=None, valid_from_date__lte=last
    )
    return [Settlement(row, _payments(row, year)) for row in rows.order_by("name_zh")]


def _payments(row: Agreement, year: int) -> tuple[rules.Payment, ...]:
    months = {
        month: value
        for month, value in _months(row.station, row.item, year).items()
        if row.valid_from_date <= dt.date(year, month, 28)
        and (row.valid_to_date is None or dt.date(year, month, 1) <= row.valid_to_date)
    }
    return rules.settle(
        months,
        target=row.target,
        base=row.base,
        cap=row.cap,
        reward_below=row.reward_below,
        reward=row.reward,
    )


def _months(station: str, item: str, year: int) -> Mapping[int, float | None]:
    answers = manifests.ask("section.months", station=station, item=item, year=year)
    return {month: value for answer in answers for month, value in answer.items()}


def inputs(item: rules.Item) -> dict[str, GepInput]:
    """Return the rows an item was computed from as they stand now, by symbol."""
    return {row.symbol: row for row in GepInput.objects.filter(number__in=item.numbers)}
