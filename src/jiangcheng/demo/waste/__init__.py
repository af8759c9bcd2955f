"""Two years of wastes of the demo city: ledgers that hang together with manifests, and some that do not. Synthetic."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from jiangcheng.core.access.models import User
from jiangcheng.core.registry.models import Facility
from jiangcheng.demo.waste.desk import LOST_TONNES, PACKAGES
from jiangcheng.demo.waste.ledgers import Ledgers
from jiangcheng.demo.waste.lorries import Lorries
from jiangcheng.demo.waste.registers import Registers
from jiangcheng.modules.waste import services
from jiangcheng.modules.waste.models import WasteMonth

__all__ = ["LOST_TONNES", "PACKAGES", "furnish"]


def furnish(*, now: dt.datetime, progress: Callable[[float, str], None]) -> None:
    """Fill the room; does nothing where a ledger has been filled."""
    people = {
        user.username: user
        for user in User.objects.filter(username__in=("department", "leader", "verifier", "enterprise"))
    }
    plants = {
        int(plant.code[12:17]): plant
        for plant in Facility.objects.filter(synthetic=True, code__startswith="91220200DEMO").select_related(
            "region"
        )
    }
    if len(people) < 4 or not plants or WasteMonth.objects.exists():
        return
    filler = Filler(people, plants, now)
    for share, fill in enumerate(
        (
            filler.parties,
            filler.ledgers,
            filler.plans,
            filler.stores,
            filler.registers,
            filler.lorries,
            filler.numbers,
        )
    ):
        progress(share / 8, f"waste {fill.__name__}")
        fill()
    progress(0.8, "waste watch")
    services.watch(now=now)
    for year in (filler.on.year - 1, filler.on.year):
        services.compute(year=year, at=now)
    progress(1.0, "waste")


class Filler(Ledgers, Registers, Lorries):
    """Fills the whole room."""
