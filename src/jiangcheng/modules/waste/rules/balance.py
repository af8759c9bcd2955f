"""Mass balance of a waste in a unit: what came must have gone or still be there (HJ 1259-2022, annex C).

``opening + generated + received = used + disposed + sent_used + sent_disposed + exported + closing``
"""

from __future__ import annotations

import dataclasses
import decimal
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

ZERO = decimal.Decimal(0)
SMALLEST = decimal.Decimal("0.0001")
"""To which masses are kept [t]."""
COMES = ("generated", "received")
GOES = ("used", "disposed", "sent_used", "sent_disposed", "exported")
PARTS = ("opening", *COMES, *GOES, "closing")


@dataclasses.dataclass(frozen=True, slots=True)
class Masses:
    """What a period began with, what came, what went and what was left [t]."""

    opening: decimal.Decimal = ZERO
    generated: decimal.Decimal = ZERO
    received: decimal.Decimal = ZERO
    used: decimal.Decimal = ZERO
    disposed: decimal.Decimal = ZERO
    sent_used: decimal.Decimal = ZERO
    sent_disposed: decimal.Decimal = ZERO
    exported: decimal.Decimal = ZERO
    closing: decimal.Decimal = ZERO

    @property
    def throughput(self) -> decimal.Decimal:
        """What had to be accounted for: stock and everything that came."""
        return self.opening + sum((getattr(self, name) for name in COMES), ZERO)

    @property
    def sent(self) -> decimal.Decimal:
        """What left the unit for another one."""
        return self.sent_used + self.sent_disposed + self.exported

    @property
    def growth(self) -> decimal.Decimal:
        """By how much the stock grew."""
        return self.closing - self.opening

    @property
    def residual(self) -> decimal.Decimal:
        """What is unaccounted for; negative where more went than came."""
        return self.throughput - sum((getattr(self, name) for name in GOES), ZERO) - self.closing


def joined(months: Sequence[Masses]) -> Masses:
    """Return consecutive periods as one: the first opening, the last closing, the sums between."""
    if not months:
        return Masses()
    sums = {name: sum((getattr(month, name) for month in months), ZERO) for name in (*COMES, *GOES)}
    return Masses(opening=months[0].opening, closing=months[-1].closing, **sums)


def added(units: Iterable[Masses]) -> Masses:
    """Return the sum of units, part by part."""
    listed = list(units)
    return Masses(**{name: sum((getattr(unit, name) for unit in listed), ZERO) for name in PARTS})


def own_share(masses: Masses) -> Masses:
    """Return what a unit did with the waste it generated itself, without what it took from others.

    What was taken is counted where it arose, as sent away: in a sum over a city it would count twice. Ways out
    are shared between own and taken waste as they came in; the stock is the unit's whole stock.
    """
    if not masses.received:
        return masses
    came = masses.generated + masses.received
    shared = {name: (getattr(masses, name) * masses.generated / came).quantize(SMALLEST) for name in GOES}
    return dataclasses.replace(masses, received=ZERO, **shared)


def allowed(masses: Masses, rule: Mapping[str, Any]) -> decimal.Decimal:
    """Return the residual that is still an error of weighing [t]: a share of the throughput, at least the scale's."""
    share = decimal.Decimal(rule["share_percent"]) / 100
    return max(masses.throughput * share, decimal.Decimal(rule["scale_t"]))


def balanced(masses: Masses, rule: Mapping[str, Any]) -> bool:
    """Tell whether the residual lies within what weighing explains."""
    return abs(masses.residual) <= allowed(masses, rule)


def breaks(months: Sequence[Masses], rule: Mapping[str, Any]) -> list[int]:
    """Return the positions of periods that do not open with what the one before left."""
    scale = decimal.Decimal(rule["scale_t"])
    return [
        place
        for place in range(1, len(months))
        if abs(months[place].opening - months[place - 1].closing) > scale
    ]


def rate(part: decimal.Decimal, whole: decimal.Decimal) -> decimal.Decimal | None:
    """Return a share in percent, or None where there is no whole."""
    return None if whole <= 0 else part * 100 / whole
