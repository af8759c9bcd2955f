"""Manifests a person sees, what they moved, who may carry and receive."""

from __future__ import annotations

import collections
import datetime as dt
import decimal
from collections.abc import Collection, Iterable, Mapping

from django.db.models import Count, Max, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.records import queries as records
from jiangcheng.core.registry import queries as registry
from jiangcheng.core.registry.models import Facility
from jiangcheng.modules.waste.models import Manifest, TrackPoint, WasteLicence
from jiangcheng.modules.waste.rules import manifests, tables, tracks
from jiangcheng.standards import periods

REGISTER = "waste-manifests"
LEFT = ("transit", "arrived", "differing", "received", "settled")
"""States in which the waste has left its generator for good."""
ARRIVED = ("received", "settled")


def manifests_seen(*, user: User, on: dt.date) -> QuerySet[Manifest]:
    """Return the manifests a person may see, the latest first."""
    found: QuerySet[Manifest] = records.visible(register=REGISTER, user=user, on=on)
    # Outlines of areas are large, and nobody reads them here.
    return found.filter(withdrawn_at=None).defer("region__boundary").order_by("-departs_at", "-pk")


def manifest_counts(rows: QuerySet[Manifest]) -> dict[str, int]:
    """Return how many manifests are in each state."""
    return dict(rows.order_by().values_list("state").annotate(count=Count("pk")))


def manifests_of(*, facility: Facility) -> QuerySet[Manifest]:
    """Return the manifests a plant has a part in."""
    part = Q(facility=facility) | Q(carrier_code=facility.code) | Q(receiver_code=facility.code)
    return (
        Manifest.objects.filter(part, withdrawn_at=None)
        .select_related("facility", "workflow")
        .order_by("-pk")
    )


def moved(*, year: int, facilities: Collection[int]) -> dict[tuple[int, str], dict[dt.date, decimal.Decimal]]:
    """Return what left each plant on manifests in a year, by facility and code, by month [t]."""
    start, end = (dt.datetime.fromtimestamp(second, dt.UTC) for second in periods.year_bounds(year))
    rows = Manifest.objects.filter(
        state__in=LEFT,
        withdrawn_at=None,
        facility__in=set(facilities),
        shipped_at__gte=start,
        shipped_at__lt=end,
    )
    month = TruncMonth("shipped_at", tzinfo=periods.BEIJING)
    grouped = rows.order_by().annotate(month=month).values_list("facility", "items__code", "month")
    found: dict[tuple[int, str], dict[dt.date, decimal.Decimal]] = collections.defaultdict(dict)
    for facility, code, when, total in grouped.annotate(total=Sum("items__declared")):
        if code:
            found[facility, code][when.date()] = total
    return found


def received_of(*, year: int) -> dict[str, decimal.Decimal]:
    """Return what each receiver has taken in a year, by its code [t]."""
    start, end = (dt.datetime.fromtimestamp(second, dt.UTC) for second in periods.year_bounds(year))
    rows = Manifest.objects.filter(
        state__in=ARRIVED, withdrawn_at=None, confirmed_at__gte=start, confirmed_at__lt=end
    )
    return dict(rows.order_by().values_list("receiver_code").annotate(total=Sum("weighed")))


def holders(*, kind: str, on: dt.date) -> list[WasteLicence]:
    """Return the licences of carriers or operators that are in force on a day."""
    found = WasteLicence.objects.filter(kind=kind, withdrawn_at=None, from_date__lte=on, to_date__gte=on)
    return list(found.select_related("facility").order_by("facility__code", "licence"))


def licences_of(*, code: str, kind: str) -> list[WasteLicence]:
    """Return the licences of a facility."""
    return list(WasteLicence.objects.filter(facility__code=code, kind=kind, withdrawn_at=None))


def own_plants(*, user: User, on: dt.date, permission: str = "waste.send") -> QuerySet[Facility]:
    """Return the plants a person signs for."""
    return registry.facilities(scope=access.scope(user, permission, on))


def differences(manifest: Manifest) -> list[manifests.Difference]:
    """Return declared against weighed for every waste that was weighed, by the rule in force at departure."""
    rule = tables.in_force("manifest", manifest.departs_at.astimezone(periods.BEIJING).date())
    return [
        manifests.difference(item.code, item.form, item.declared, item.weighed, rule)
        for item in manifest.items.order_by("code")
        if item.weighed is not None
    ]


def stray_of(manifest: Manifest) -> tracks.Stray:
    """Return how far the vehicle of a manifest strayed from its route."""
    rule = tables.in_force("manifest", manifest.departs_at.astimezone(periods.BEIJING).date())
    points = manifest.track.order_by("at").values_list("at", "longitude", "latitude")
    track = [(at.timestamp(), longitude, latitude) for at, longitude, latitude in points]
    return tracks.stray(track, [(place[0], place[1]) for place in manifest.route], rule)


def on_the_road(rows: QuerySet[Manifest]) -> Iterable[tuple[Manifest, TrackPoint]]:
    """Return the manifests under way with the latest position of each."""
    under_way = {row.pk: row for row in rows.filter(state="transit")}
    last: Mapping[int, dt.datetime] = dict(
        TrackPoint.objects.filter(manifest__in=under_way).values_list("manifest").annotate(last=Max("at"))
    )
    points = TrackPoint.objects.filter(manifest__in=last, at__in=set(last.values()))
    return [(under_way[point.manifest_id], point) for point in points if last[point.manifest_id] == point.at]
