"""The audit trail: one chain, written in order, never changed."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping

from django.db import transaction

from jiangcheng.core.access import rules
from jiangcheng.core.access.models import AuditEntry, AuditHead, User

_HASHED = (
    "sequence", "at", "actor_id", "actor_name", "action", "object_type", "object_id", "reason",
    "before", "after", "address",
)  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class ChainReport:
    """What a check of a chain of entries found."""

    checked: int
    broken_at: int | str | None = None
    """Name of the first entry that is missing or not what was written; null where all are."""
    problem: str = ""
    """``missing``, ``changed``, ``relinked`` or ``cut``."""

    @property
    def ok(self) -> bool:
        """Tell whether the chain is whole."""
        return self.broken_at is None

    @property
    def message(self) -> str:
        """Return one line for the operator, empty where the chain is whole."""
        return "" if self.ok else f"entry {self.broken_at}: {self.problem}"


def record(
    *,
    actor: User | None,
    action: str,
    object_type: str,
    object_id: str,
    at: dt.datetime,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    reason: str = "",
    address: str = "",
) -> AuditEntry:
    """Append an entry to the audit trail, in the caller's transaction where there is one.

    Parameters
    ----------
    actor
        The person, or None where a rule acted or nobody was logged in.
    at
        Instant of the act, aware.

    Raises
    ------
    ValueError
        If ``at`` is naive.
    """
    if at.tzinfo is None:
        raise ValueError("the instant of an audit entry needs a time zone")
    with transaction.atomic():
        head = _locked_head()
        entry = AuditEntry(
            sequence=head.sequence + 1,
            at=at,
            actor_id=actor.pk if actor else None,
            actor_name=actor.username if actor else "",
            action=action,
            object_type=object_type,
            object_id=object_id,
            reason=reason,
            before=None if before is None else rules.plain(before),
            after=None if after is None else rules.plain(after),
            address=address,
            previous_hash=head.hash,
        )
        entry.hash = _hash(entry)
        entry.save()
        AuditHead.objects.filter(pk=head.pk).update(sequence=entry.sequence, hash=entry.hash)
    return entry


def verify_audit(progress: Callable[[int], None] | None = None) -> ChainReport:
    """Recompute the whole chain and compare it with what is stored.

    Parameters
    ----------
    progress
        Called with the number of entries checked so far, every thousand.
    """
    previous, checked = rules.GENESIS, 0
    for entry in AuditEntry.objects.order_by("sequence").iterator(chunk_size=1000):
        if problem := _problem(entry, checked + 1, previous):
            return ChainReport(checked, checked + 1 if problem == "missing" else entry.sequence, problem)
        previous, checked = entry.hash, checked + 1
        if progress and checked % 1000 == 0:
            progress(checked)
    head = AuditHead.objects.filter(pk=1).first()
    if (head.sequence, head.hash) != (checked, previous) if head else checked:
        return ChainReport(checked, checked + 1, "cut")
    return ChainReport(checked)


def _problem(entry: AuditEntry, expected: int, previous: str) -> str:
    if entry.sequence != expected:
        return "missing"
    if entry.previous_hash != previous:
        return "relinked"
    return "" if _hash(entry) == entry.hash else "changed"


def _hash(entry: AuditEntry) -> str:
    return rules.chain_hash(entry.previous_hash, {name: getattr(entry, name) for name in _HASHED})


def _locked_head() -> AuditHead:
    # On PostgreSQL the row lock makes writers queue; on SQLite the immediate transaction has done so already.
    held = AuditHead.objects.select_for_update()
    head = held.filter(pk=1).first()
    if head is None:
        AuditHead.objects.get_or_create(pk=1, defaults={"hash": rules.GENESIS})
        head = held.get(pk=1)
    return head
