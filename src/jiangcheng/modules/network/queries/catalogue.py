"""The datasets of the house: registers, elements, indicators."""

from __future__ import annotations

import dataclasses
import datetime as dt

from django.db.models import QuerySet

from jiangcheng.core.manifest import Names, manifests
from jiangcheng.modules.network.models import DatasetState, PullLog
from jiangcheng.modules.network.rules.tables import in_force


@dataclasses.dataclass(frozen=True, slots=True)
class Dataset:
    """An entry of the catalogue. Its code is ``register:…``, ``element:…`` or ``indicator:…``."""

    code: str
    names: Names
    owner: Names
    refresh_days: float
    public: bool = False
    state: DatasetState | None = None

    @property
    def kind(self) -> str:
        """The part of the code before the colon."""
        return self.code.partition(":")[0]

    @property
    def name(self) -> str:
        """The part of the code after the colon."""
        return self.code.partition(":")[2]


def datasets(*, on: dt.date) -> list[Dataset]:
    """Return every dataset: whatever a manifest declares has an entry, whether or not anybody thought of it."""
    table = in_force("datasets", on)
    states = {state.code: state for state in DatasetState.objects.all()}
    found = []
    for manifest in manifests:
        for item in manifest.registers:
            days = table["refresh"].get(item.code, table["refresh_days"])
            found.append(
                Dataset(f"register:{item.code}", item.names, manifest.names, days, bool(item.public))
            )
    observed = table["observations"]
    owner = Names(observed["name_zh"], observed["name_en"])
    for element in in_force("elements", on)["elements"]:
        names = Names(element["name_zh"], element["name_en"])
        found.append(Dataset(f"element:{element['code']}", names, owner, element["refresh_days"]))
    days = table["indicators"]["refresh_days"]
    for manifest in manifests:
        for indicator in manifest.indicators:
            found.append(Dataset(f"indicator:{indicator.code}", indicator.names, manifest.names, days))
    return [dataclasses.replace(item, state=states.get(item.code)) for item in found]


def dataset(*, code: str, on: dt.date) -> Dataset | None:
    """Return a dataset, or None where there is none of this code."""
    return next((item for item in datasets(on=on) if item.code == code), None)


def pulls(*, request_number: str) -> QuerySet[PullLog]:
    """Return who took the data of a request, the latest first."""
    found: QuerySet[PullLog] = PullLog.objects.filter(request_number=request_number)
    return found.select_related("actor").order_by("-pk")
