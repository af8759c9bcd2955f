"""What a person may see of the shell: the menu, the layers of the map, the cards, the live stream."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping

from django.contrib.auth.models import AnonymousUser

from jiangcheng.core import manifest
from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.portal.models import LiveEvent

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


def latest_events(*, scopes: Mapping[str, access.Scope], count: int) -> list[LiveEvent]:
    """Return the latest events the scopes cover, oldest first; looks back over a bounded number of rows."""
    rows = LiveEvent.objects.order_by("-id")[:MOST_AT_ONCE]
    seen = [event for event in rows if may_see(event, scopes)]
    return seen[:count][::-1]


def events_after(*, event_id: int) -> list[LiveEvent]:
    """Return the next events after an id, for everybody, oldest first."""
    return list(LiveEvent.objects.filter(id__gt=event_id).order_by("id")[:MOST_AT_ONCE])


def last_event_id() -> int:
    """Return the id of the newest event, or 0."""
    return LiveEvent.objects.order_by("-id").values_list("id", flat=True).first() or 0


def may_see(event: LiveEvent, scopes: Mapping[str, access.Scope]) -> bool:
    """Tell whether an event is for somebody with these scopes.

    An event without a region concerns the city as a whole: the permission in any area is enough. People of a
    facility are told of their own facility only.
    """
    scope = scopes.get(event.permission, access.NOWHERE)
    if event.facility_code and scope.covers_facility(event.facility_code):
        return True
    if event.region_code:
        return scope.covers_region(event.region_code)
    return scope.everything or bool(scope.region_codes)
