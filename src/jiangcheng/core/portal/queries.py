"""What a person may see of the shell: the menu, the layers of the map, the cards, the live stream."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping

from django.contrib.auth.models import AnonymousUser
from django.db.models import BooleanField, Count, ExpressionWrapper, Q, QuerySet

from jiangcheng.core import manifest
from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.portal import rules
from jiangcheng.core.portal.models import ContactPoint, Delivery, LiveEvent, Message, Preference

GROUPS = ("overview", "sense", "judge", "act", "account", "modules", "system")
"""The groups of the menu, top to bottom."""

MOST_AT_ONCE = 200
"""Events read at a time; a reader further behind catches up in several turns."""


@dataclasses.dataclass(frozen=True, slots=True)
class PageGroup:
    """A group of the menu with the pages the person may open."""

    code: str
    pages: tuple[manifest.Page, ...]


def menu(*, permissions: frozenset[str]) -> list[PageGroup]:
    """Return the groups of the menu that have a page for who holds these permissions."""
    pages = [page for page in manifest.manifests.pages() if page.permission in permissions]
    groups = (
        PageGroup(code=group, pages=tuple(page for page in pages if page.group == group)) for group in GROUPS
    )
    return [group for group in groups if group.pages]


def map_layers(*, permissions: frozenset[str]) -> list[manifest.MapLayer]:
    """Return the layers of the one map that the permissions open, in drawing order."""
    return [layer for layer in manifest.manifests.map_layers() if layer.permission in permissions]


def home_cards(*, slot: str, permissions: frozenset[str]) -> list[manifest.HomeCard]:
    """Return the cards of a slot of the home page that the permissions open."""
    return [card for card in manifest.manifests.home_cards(slot) if card.permission in permissions]


def scopes(*, user: User | AnonymousUser, on: dt.date) -> dict[str, access.Scope]:
    """Return where each of the person's permissions holds on a day."""
    return {code: access.scope(user, code, on) for code in access.permissions_of(user, on)}


def latest_events(
    *, scopes: Mapping[str, access.Scope], count: int, reader: int | None = None
) -> list[LiveEvent]:
    """Return the latest events the scopes cover, oldest first; looks back over a bounded number of rows."""
    rows = LiveEvent.objects.order_by("-id")[:MOST_AT_ONCE]
    seen = [event for event in rows if may_see(event, scopes, reader)]
    return seen[:count][::-1]


def events_after(*, event_id: int) -> list[LiveEvent]:
    """Return the next events after an id, for everybody, oldest first."""
    return list(LiveEvent.objects.filter(id__gt=event_id).order_by("id")[:MOST_AT_ONCE])


def last_event_id() -> int:
    """Return the id of the newest event, or 0."""
    return LiveEvent.objects.order_by("-id").values_list("id", flat=True).first() or 0


def may_see(event: LiveEvent, scopes: Mapping[str, access.Scope], reader: int | None = None) -> bool:
    """Tell whether an event is for somebody with these scopes; ``reader`` is the id of the person.

    What is addressed to one person is seen by that person alone.
    An event without a region concerns the city as a whole: the permission in any area is enough. People of a
    facility are told of their own facility only.
    """
    if event.user_id is not None:
        return event.user_id == reader
    scope = scopes.get(event.permission, access.NOWHERE)
    if event.facility_code and scope.covers_facility(event.facility_code):
        return True
    if event.region_code:
        return scope.covers_region(event.region_code)
    return scope.everything or bool(scope.region_codes)


@dataclasses.dataclass(frozen=True, slots=True)
class TodoItem:
    """Something that waits for the person, and how near its end is."""

    todo: manifest.ToDo
    pressure: rules.Pressure


@dataclasses.dataclass(frozen=True, slots=True)
class Todo:
    """What waits for a person, the nearest end first, endless things last."""

    items: list[TodoItem]
    silent: list[manifest.Names]
    """Rooms that could not answer: the list may be incomplete."""


def todo(*, user: User, now: dt.datetime) -> Todo:
    """Return what waits for a person in all desks and rooms; a room that fails hides only its own things."""
    gathered = manifest.manifests.gather("person.todo", user=user, now=now)
    waiting = [item for answer in gathered.answers for item in answer]
    waiting.sort(key=lambda item: (item.due_at is None, item.due_at or now, -item.severity, item.number))
    items = [
        TodoItem(item, rules.pressure(due_at=item.due_at, since=item.since, now=now)) for item in waiting
    ]
    return Todo(items, gathered.silent)


def messages(*, user: User, kind: str = "", unread: bool = False) -> QuerySet[Message]:
    """Return a person's messages with their deliveries, the unread ones first, then the latest first."""
    found = Message.objects.filter(user=user).annotate(
        is_read=ExpressionWrapper(Q(read_at__isnull=False), output_field=BooleanField())
    )
    if kind:
        found = found.filter(kind=kind)
    if unread:
        found = found.filter(read_at=None)
    return found.order_by("is_read", "-at", "-pk").prefetch_related("deliveries")


def message_kinds(*, user: User) -> list[tuple[str, int]]:
    """Return the kinds of message a person has, with how many of each are unread."""
    counts = Message.objects.filter(user=user).values("kind")
    counted = counts.annotate(unread=Count("pk", filter=Q(read_at=None))).order_by("kind")
    return [(row["kind"], row["unread"]) for row in counted]


def unread_count(*, user: User) -> int:
    """Return how many messages a person has not read."""
    return Message.objects.filter(user=user, read_at=None).count()


def contact_points(*, user: User) -> QuerySet[ContactPoint]:
    """Return the addresses of a person that are in use or wait for their code."""
    return ContactPoint.objects.filter(user=user, ended_at=None).order_by("channel", "pk")


def preferences(*, user: User) -> dict[tuple[str, str], bool]:
    """Return what a person has chosen, by kind and channel."""
    chosen = Preference.objects.filter(user=user)
    return {(choice.kind, choice.channel): choice.wanted for choice in chosen}


def deliveries(*, state: str = "", channel: str = "") -> QuerySet[Delivery]:
    """Return the outbox, the latest first, with what came of each attempt."""
    found = Delivery.objects.select_related("message__user", "contact__user").prefetch_related("tries")
    if state:
        found = found.filter(state=state)
    if channel:
        found = found.filter(channel=channel)
    return found.order_by("-created_at", "pk")


def delivery_counts() -> dict[str, int]:
    """Return how many deliveries are in each state."""
    counted = Delivery.objects.values("state").annotate(rows=Count("pk"))
    return {row["state"]: row["rows"] for row in counted}


def open_deliveries() -> int:
    """Return how many deliveries wait or are under way."""
    return Delivery.objects.filter(state__in=(Delivery.State.WAITING, Delivery.State.SENDING)).count()


def failed_deliveries() -> int:
    """Return how many deliveries were given up or have no configured channel."""
    return Delivery.objects.filter(state__in=(Delivery.State.FAILED, Delivery.State.NOT_CONFIGURED)).count()
