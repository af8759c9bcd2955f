"""What a receptor model found, as the page shows it: factors with their names and doubts."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from jiangcheng.modules.source_tracing import queries, services
from jiangcheng.modules.source_tracing.models import TraceRun
from jiangcheng.modules.source_tracing.rules.refusals import Refusal
from jiangcheng.modules.source_tracing.views import wording

MAPPED = 0.8
"""Share of the replicates in which a sound factor comes back (EPA PMF 5.0 guide, 6.2)."""
FREE = 0.5
"""Share of a factor in another's highest hours from which the pair is told to be free to rotate."""


def told(found: TraceRun) -> dict[str, Any] | None:
    """Return the model for the page, None where the run is of another kind or has no result."""
    if found.kind != TraceRun.Kind.PMF or found.state != TraceRun.State.DONE:
        return None
    facts = found.result["facts"]
    try:
        _arrays, meta = services.inputs_of(found)
    except Refusal:
        meta = {"species": [], "library": [], "unit": ""}
    names = [wording.pair(row["name_zh"], row["name_en"]) for row in meta["species"]]
    kept = [_at(names, place) for place in facts["species"]]
    likeness = queries.settings_of(found)["likeness"]
    curve = next(row for row in facts["curve"] if row["number"] == facts["number"])
    return {
        "facts": facts, "unit": meta["unit"], "curve": curve, "within": 100 * facts["within"],
        "weak": [name for name, strong in zip(kept, facts["strong"], strict=True) if not strong],
        "dropped": [_at(names, place) for place in facts["dropped"]],
        "factors": [
            _factor(place, item, kept, meta["library"], likeness)
            for place, item in enumerate(facts["factors"], start=1)
        ],
        "doubts": _doubts(facts, curve),
    }  # fmt: skip


def _at(names: list[str], place: int) -> str:
    return names[place] if place < len(names) else str(place)


def _factor(
    place: int, item: dict[str, Any], names: list[str], library: list[dict[str, str]], likeness: float
) -> dict[str, Any]:
    likest = [
        {**one, "name": library[one["profile"]]["name"], "number": library[one["profile"]]["number"]}
        for one in item["likest"]
        if one["profile"] < len(library)
    ]
    named = next((one["name"] for one in likest if one["cosine"] >= likeness), "")
    order = np.argsort(-np.array(item["profile"]), kind="stable").tolist()
    side = item["from"]
    return {
        "place": place, "title": _("因子 %d") % place + (f" · {named}" if named else ""),
        "share": 100 * item["share"], "mean": wording.number(item["mean"]), "likest": likest,
        "mapped": None if item["mapped"] is None else 100 * item["mapped"],
        "sound": item["mapped"] is None or item["mapped"] >= MAPPED,
        "side": None if side is None else {**side, "name": wording.side(side["direction"])},
        "rows": [
            {
                "name": names[j], "share": 100 * item["profile"][j], "of": 100 * item["of_species"][j],
                "drawn": _interval(item["lower"], item["upper"], j),
                "pushed": _interval(item["pushed_lower"], item["pushed_upper"], j),
            }
            for j in order
        ],
    }  # fmt: skip


def _interval(lower: list[float | None] | None, upper: list[float | None] | None, place: int) -> str:
    if lower is None or upper is None or lower[place] is None or upper[place] is None:
        return "—"
    return f"{100 * (lower[place] or 0.0):.1f}–{100 * (upper[place] or 0.0):.1f}"


def _doubts(facts: dict[str, Any], curve: dict[str, Any]) -> list[str]:
    """Return what speaks against trusting the model, in words."""
    found = []
    mapped = [item["mapped"] for item in facts["factors"]]
    weak = [n for n, share in enumerate(mapped, start=1) if share is not None and share < MAPPED]
    if weak:
        found.append(_("因子 %s 在块自举中复现不足 80%%，可能是拟合出来的。") % "、".join(map(str, weak)))
    if facts["swapped"]:
        found.append(_("位移检验（dQmax = 4）中因子互换：因子数过多。"))
    if curve["ratio"] > 1.5:
        found.append(_("Q/Qexp 为 %.2f，远高于 1：因子太少，或不确定度偏小。") % curve["ratio"])
    if curve["ratio"] < 0.5:
        found.append(_("Q/Qexp 为 %.2f，远低于 1：不确定度偏大。") % curve["ratio"])
    if curve["spread"] > 1.1:
        found.append(_("各随机起点的 Q 相差 %.0f%%，最小值不一定可靠。") % (100 * (curve["spread"] - 1)))
    if facts["within"] < 0.95:
        found.append(_("残差落在 ±3 以内的只有 %.0f%%。") % (100 * facts["within"]))
    if facts["rotation"] > FREE:
        found.append(_("有一对因子几乎可以自由旋转，贡献的划分不唯一。"))
    return found
