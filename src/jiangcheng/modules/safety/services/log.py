"""The log of an event: written once, each line chained to the one before."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from jiangcheng.core.access.models import User
from jiangcheng.core.access.rules import GENESIS
from jiangcheng.core.cases import rules as chain
from jiangcheng.core.cases.services import Refused
from jiangcheng.modules.safety.models import EmergencyEvent, EventEntry

LONGEST = 2000


def note(
    *, event: EmergencyEvent, text: str, actor: User | None, at: dt.datetime, kind: str = "note"
) -> EventEntry:
    """Append a line to the log of an event.

    Raises
    ------
    jiangcheng.core.cases.services.Refused
        ``text_required`` without a text, ``withdrawn`` for a drill that was reset.
    """
    told = text.strip()[:LONGEST].replace("\0", "")
    if not told:
        raise Refused("text_required")
    with transaction.atomic():
        locked = EmergencyEvent.objects.select_for_update(of=("self",)).get(pk=event.pk)
        if locked.withdrawn_at is not None:
            raise Refused("withdrawn")
        last = locked.entries.order_by("-sequence").first()
        entry = EventEntry(
            event=locked, sequence=last.sequence + 1 if last else 1, kind=kind, text=told, at=at, actor=actor,
            previous_hash=last.hash if last else GENESIS,
        )  # fmt: skip
        entry.hash = _hash(entry)
        entry.save()
    return entry


def verify_log(*, event: EmergencyEvent) -> bool:
    """Tell whether the log of an event is as it was written."""
    previous = GENESIS
    for expected, entry in enumerate(event.entries.order_by("sequence"), start=1):
        if (entry.sequence, entry.previous_hash) != (expected, previous) or _hash(entry) != entry.hash:
            return False
        previous = entry.hash
    return True


def _hash(entry: EventEntry) -> str:
    content = {
        "event": entry.event_id, "sequence": entry.sequence, "kind": entry.kind, "text": entry.text,
        "at": entry.at, "actor": entry.actor_id,
    }  # fmt: skip
    return chain.step_hash(entry.previous_hash, content)
