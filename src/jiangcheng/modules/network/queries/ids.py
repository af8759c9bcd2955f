"""What older systems called our things."""

from __future__ import annotations

from jiangcheng.modules.network.models import IdMapping


def translate(*, system: str, kind: str, old_ids: list[str]) -> dict[str, str]:
    """Return our codes by the ids of an older system; ids without a mapping are left out.

    Parameters
    ----------
    kind
        ``station``, ``facility``, ``region``, ``grid`` or ``property`` (codes such as ``a34004-avg``).
    """
    rows = IdMapping.objects.filter(system=system, kind=kind, old_id__in=old_ids, withdrawn_at=None)
    return dict(rows.values_list("old_id", "code"))
