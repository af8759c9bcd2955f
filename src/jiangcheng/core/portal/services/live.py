"""Writing the live stream."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from jiangcheng.core.portal.models import LiveEvent


def publish(
    *,
    at: dt.datetime,
    kind: str,
    permission: str,
    payload: Mapping[str, Any],
    region_code: str = "",
    facility_code: str = "",
) -> LiveEvent:
    """Tell the screens that something happened; part of the caller's transaction.

    Parameters
    ----------
    at
        When it happened (aware).
    kind
        What the screens refresh on: ``finding``, ``case``, ``observation``, ``gateway``; becomes the
        browser's event ``live-<kind>``.
    permission
        Who may see it.
    payload
        JSON: ``text_zh`` and ``text_en``, ``url``, ``severity`` (1 notice … 4 urgent), and what the kind
        needs.
    region_code
        Area it happened in; empty for the city as a whole.
    facility_code
        Facility it concerns; empty for none.

    Raises
    ------
    ValueError
        If a text is missing in one of the languages.
    """
    missing = [name for name in ("text_zh", "text_en") if not payload.get(name)]
    if missing:
        raise ValueError(f"a live event needs {' and '.join(missing)}")
    return LiveEvent.objects.create(
        at=at,
        kind=kind,
        permission=permission,
        region_code=region_code,
        facility_code=facility_code,
        payload=dict(payload),
    )


def sweep(*, before: dt.datetime) -> int:
    """Delete what happened before an instant; return how many rows that were."""
    deleted, _ = LiveEvent.objects.filter(at__lt=before).delete()
    return deleted
