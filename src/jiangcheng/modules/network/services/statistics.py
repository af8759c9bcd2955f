"""Freeze the tables of a year, and compute them again to prove them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.modules.network import queries
from jiangcheng.modules.network.models import StatisticsEdition
from jiangcheng.modules.network.queries.statistics import basis
from jiangcheng.modules.network.rules import statistics as rules


def freeze(*, definition: Mapping[str, Any], year: int, actor: User, now: dt.datetime) -> StatisticsEdition:
    """Compute a table from what is known now and keep its bytes as the next edition.

    An edition with the same bytes as the one before is not kept twice: the one before is returned.

    Raises
    ------
    LookupError
        If the table is of a register that is not installed.
    """
    taken = basis(definition, year)
    known = queries.document(definition=definition, year=year, taken=taken, known_at=now)
    content = rules.canonical(known)
    with transaction.atomic():
        earlier = StatisticsEdition.objects.filter(table=definition["code"], year=year)
        last: StatisticsEdition | None = earlier.order_by("-edition").first()
        if last is not None and last.sha256 == rules.digest(content):
            return last
        found: StatisticsEdition = StatisticsEdition.objects.create(
            table=definition["code"],
            year=year,
            edition=(earlier.aggregate(last=Max("edition"))["last"] or 0) + 1,
            definition=dict(definition),
            basis=taken,
            known_at=now,
            content=content.decode(),
            sha256=rules.digest(content),
            actor=actor,
        )
        access.record(
            actor=actor, action="network.freeze", object_type="statistics", object_id=str(found),
            after={"sha256": found.sha256}, at=now,
        )  # fmt: skip
    return found


def recompute(edition: StatisticsEdition) -> bytes:
    """Compute a frozen table again, from the records as they were known when it was frozen."""
    document = queries.document(
        definition=edition.definition, year=edition.year, taken=edition.basis, known_at=edition.known_at
    )
    return rules.canonical(document)
