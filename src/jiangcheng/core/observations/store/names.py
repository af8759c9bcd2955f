"""Small dictionaries of the store: decimals of properties and names of sources."""

from __future__ import annotations

from collections.abc import Iterable

from jiangcheng.core.observations import models
from jiangcheng.core.registry import models as registry


def decimals() -> dict[int, int]:
    """Return the decimals of every property that has values.

    Read on every call, in the caller's transaction: a few hundred short rows cost less than the proof that a
    cache is right after a roll-back in this process or a first value in another.
    """
    return dict(models.Scale.objects.values_list("property", "decimals"))


def settle_decimals(properties: Iterable[int]) -> dict[int, int]:
    """Return the decimals of all properties, fixing those of properties that have no value yet.

    Raises
    ------
    LookupError
        If the registry does not know a property.
    """
    known = decimals()
    unknown = {int(key) for key in properties} - known.keys()
    if not unknown:
        return known
    found = dict(registry.ObservedProperty.objects.filter(pk__in=unknown).values_list("pk", "decimals"))
    if strangers := unknown - found.keys():
        raise LookupError(f"no observed property has the keys {sorted(strangers)}")
    models.Scale.objects.bulk_create(models.Scale(property=key, decimals=found[key]) for key in sorted(found))
    return known | found


def source_key(name: str) -> int:
    """Return the key under which a source is noted beside its values."""
    return models.Source.objects.get_or_create(name=name)[0].pk


def sources() -> dict[int, str]:
    """Return the names of all sources by key."""
    return dict(models.Source.objects.values_list("pk", "name"))
