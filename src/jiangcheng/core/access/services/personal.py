"""Reading personal data leaves a trace."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from jiangcheng.core.access.models import User
from jiangcheng.core.access.services import audit

READ = "access.read_personal"


def read_personal(
    *,
    actor: User,
    object_type: str,
    object_id: str,
    fields: Iterable[str],
    reason: str,
    at: dt.datetime,
    address: str = "",
) -> None:
    """Put on the audit trail that somebody read personal data; to be called before they are shown."""
    audit.record(
        actor=actor,
        action=READ,
        object_type=object_type,
        object_id=object_id,
        after={"fields": sorted(fields)},
        reason=reason,
        address=address,
        at=at,
    )
