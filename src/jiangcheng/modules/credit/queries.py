"""Events of an enterprise, its scores, and what anybody may see of them."""

from __future__ import annotations

import collections
import datetime as dt
from typing import Any

from django.db.models import Count, QuerySet
from django.utils import timezone

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.manifest import ToDo, manifests
from jiangcheng.core.registry import queries as registry
from jiangcheng.core.registry.models import Facility, FacilityLabel
from jiangcheng.modules.credit import rules
from jiangcheng.modules.credit.models import Assessment, Disclosure, Event, PlatformPush, Repair

VIEW = "credit.view"
SCHEME = "credit"
OBLIGED = "list-key"
"""Scheme whose members have to disclose (部令第24号: 重点排污单位 and others on the yearly list)."""


def events_of(*, facility: Facility, ruleset: rules.Ruleset, on: dt.date) -> list[rules.Event]:
    """Return all that counts against an enterprise: own events in force, and what other rooms decided."""
    since = rules.after_months(on, -int(ruleset.get("months", 12)))
    own = Event.objects.filter(facility=facility, state="in_force", on_date__gte=since, on_date__lte=on)
    found = [
        rules.Event(
            item.number, item.key, item.on_date, item.repaired_date, item.text_zh, item.text_en,
            f"/records/credit-events/{item.number}/",
        )
        for item in own
    ]  # fmt: skip
    repaired = dict(
        Repair.objects.filter(facility=facility, state="accepted").values_list(
            "event_number", "closed_at__date"
        )
    )
    for answer in manifests.ask("facility.events", facility_code=facility.code, since=since, until=on):
        found += [_told(item, repaired) for item in answer if item["points_key"] in rules.known_keys(ruleset)]
    return found


def latest(*, facility: Facility) -> Assessment | None:
    """Return the latest assessment of an enterprise."""
    return Assessment.objects.filter(facility=facility).order_by("-on_date", "-pk").first()


def history(*, facility: Facility, count: int = 36) -> list[Assessment]:
    """Return the assessments at which something changed, latest first."""
    found: list[Assessment] = []
    for item in Assessment.objects.filter(facility=facility).order_by("on_date", "pk"):
        if not found or (found[-1].score, found[-1].grade) != (item.score, item.grade):
            found.append(item)
    return found[::-1][:count]


def graded(*, scope: access.Scope, on: dt.date) -> QuerySet[FacilityLabel]:
    """Return the grades that hold on a day for the enterprises in a scope."""
    held = registry.valid_labels(on=on).filter(scheme=SCHEME)
    seen = scope.as_filter(region="facility__region__code", facility="facility__code")
    return held.filter(seen).select_related("facility__region").order_by("facility__code")


def distribution(labels: QuerySet[FacilityLabel], ruleset: rules.Ruleset) -> list[dict[str, Any]]:
    """Return how many enterprises have which grade, best first."""
    counts: collections.Counter[str] = collections.Counter()
    counts.update(dict(labels.order_by().values_list("code").annotate(n=Count("pk"))))
    return [{**grade, "count": counts[grade["code"]]} for grade in ruleset["grades"]]


def changes(*, scope: access.Scope, since: dt.date, on: dt.date) -> QuerySet[FacilityLabel]:
    """Return the grades given since a day, latest first."""
    seen = scope.as_filter(region="facility__region__code", facility="facility__code")
    found = FacilityLabel.objects.filter(
        seen, scheme=SCHEME, valid_from_date__gte=since, valid_from_date__lte=on
    )
    return found.select_related("facility").order_by("-valid_from_date", "-pk")


def obliged(*, on: dt.date) -> QuerySet[Facility]:
    """Return the enterprises that have to disclose on a day."""
    held = registry.valid_labels(on=on).filter(scheme=OBLIGED)
    return Facility.objects.filter(pk__in=held.values("facility"))


def disclosed() -> QuerySet[Disclosure]:
    """Return the reports anybody may read, latest first."""
    found = Disclosure.objects.filter(state="published", withdrawn_at=None)
    return found.select_related("facility", "report").order_by("-year", "-published_at", "-pk")


def agencies(*, scope: access.Scope, on: dt.date) -> list[tuple[dict[str, Any], rules.AgencyScore]]:
    """Return the monitoring agencies of a scope with their scores on a day, the worst first, unrated ones last.

    What they delivered is told by the rooms that keep it.
    """
    since = rules.after_months(on, -int(rules.agency_rules(on)["months"]))
    told = [row for answer in manifests.ask("agency.quality", since=since, until=on) for row in answer]
    # An agency that belongs to no area works in all of them, and the register of agencies is public.
    seen = [row for row in told if not row["region"] or scope.covers_region(row["region"])]
    found = [(row, rules.agency_score(row, on)) for row in seen]
    return sorted(found, key=lambda item: (item[1].score is None, item[1].score or 0, item[0]["number"]))


def to_do(*, user: User, now: dt.datetime) -> list[ToDo]:
    """Answer the hook ``person.todo``: reports an enterprise's people have to hand in."""
    scope = access.scope(user, "enterprises.own", timezone.localdate(now))
    if not scope.facility_codes:
        return []
    due = Disclosure.objects.filter(state="due", withdrawn_at=None, facility__code__in=scope.facility_codes)
    return [
        ToDo(
            kind="disclosure",
            title_zh=f"依法披露：{item.title}",
            title_en=f"Disclose: {item.title}",
            url=f"/records/disclosures/{item.number}/",
            due_at=item.due_at,
            since=item.state_at,
            number=item.number,
        )
        for item in due.order_by("due_at")[:100]
    ]


def _told(item: dict[str, Any], repaired: dict[str, dt.date]) -> rules.Event:
    reference = str(item.get("number") or item.get("url"))
    return rules.Event(
        reference, item["points_key"], item["date"], repaired.get(reference), item["text_zh"], item["text_en"],
        item["url"],
    )  # fmt: skip


def pushes(*, scope: access.Scope) -> QuerySet[PlatformPush]:
    """Return what the platform of public credit was told, the latest first."""
    found = PlatformPush.objects.filter(
        scope.as_filter(region="listing__region__code", facility="listing__facility__code")
    )
    return found.select_related("listing__facility").order_by("-pk")
