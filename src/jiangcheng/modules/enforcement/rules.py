"""What enforcement computes: the range and proposal of a fine, daily penalties, terms, the gates of a case."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import json
import pathlib
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

DATA = pathlib.Path(__file__).parent / "data"
THOUSAND = Decimal(1000)


@dataclasses.dataclass(frozen=True, slots=True)
class Proposal:
    """A fine within its range, with the share each factor brings [CNY]."""

    lowest: Decimal
    highest: Decimal
    fine: Decimal
    reasons: tuple[tuple[str, str, Decimal], ...]
    """Chinese and English text, share of the range."""


@dataclasses.dataclass(frozen=True, slots=True)
class Gate:
    """One of the three systems a case has to pass: whether it is passed, and what is missing."""

    code: str
    passed: bool
    missing_zh: str = ""
    missing_en: str = ""


@functools.cache
def table(name: str) -> Any:
    """Return a table of ``data/``."""
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


def causes(on: dt.date) -> dict[str, Mapping[str, Any]]:
    """Return the causes of action in force on a day, by code."""
    return {item["code"]: item for item in table("causes") if item["valid_from"] <= on.isoformat()}


def proposed_fine(cause: Mapping[str, Any], levels: Mapping[str, str], *, mended: bool) -> Proposal:
    """Return the fine the table of discretion proposes.

    Parameters
    ----------
    levels
        Level by factor; a factor without a level counts as its lowest.
    mended
        The enterprise has undone the harm by itself.

    Raises
    ------
    KeyError
        If a level does not exist.
    """
    told = table("discretion")
    lowest, highest = Decimal(cause["lowest"]), Decimal(cause["highest"])
    total, reasons = Decimal(0), []
    for factor in told["factors"]:
        known = {level["code"]: level for level in factor["levels"]}
        level = known[levels.get(factor["code"], factor["levels"][0]["code"])]
        share = Decimal(factor["weight"]) * Decimal(level["share"])
        total += share
        reasons.append(
            (f"{factor['name_zh']}：{level['name_zh']}", f"{factor['name_en']}: {level['name_en']}", share)
        )
    fine = lowest + (highest - lowest) * total
    if mended:
        fine *= Decimal(told["mitigation"]["mended"])
        reasons.append(("主动消除危害后果", "Harm undone", Decimal(told["mitigation"]["mended"])))
    rounded = (fine / THOUSAND).quantize(Decimal(1), ROUND_HALF_UP) * THOUSAND
    return Proposal(lowest, highest, rounded, tuple(reasons))


def daily_penalty(fine: Decimal, ordered: dt.date, rechecked: dt.date) -> Decimal:
    """Return the penalty counted by days: from the day after the order was served to the day of the re-check.

    环境保护法第59条; 按日连续处罚办法（部令第28号）第17条.
    """
    return fine * max(0, (rechecked - ordered).days)


def late_charge(fine: Decimal, due: dt.date, paid: dt.date) -> Decimal:
    """Return the charge for paying late: three per cent of the fine a day, never more than the fine."""
    share = Decimal(table("terms")["late_per_day"])
    return min(fine, fine * share * max(0, (paid - due).days))


def gates(
    *, officers: int, media: int, reviewer: int | None, handlers: Iterable[int], published: bool
) -> tuple[Gate, ...]:
    """Return the three systems of enforcement as gates (国办发〔2018〕118号).

    Parameters
    ----------
    officers
        Persons who investigate.
    media
        Photographs and files kept while the case was investigated.
    reviewer, handlers
        Who passed the legal review, and who handled the case.
    """
    needed = table("terms")["officers"]
    recorded = officers >= needed and media > 0
    missing = []
    if officers < needed:
        missing.append(("办案人员不足两人", "fewer than two officers"))
    if not media:
        missing.append(("没有现场照片或视频", "no photographs or recordings"))
    reviewed = reviewer is not None and reviewer not in set(handlers)
    return (
        Gate("record", recorded, "、".join(zh for zh, _ in missing), ", ".join(en for _, en in missing)),
        Gate(
            "review",
            reviewed,
            "" if reviewed else "未经另一人法制审核",
            "" if reviewed else "no legal review",
        ),
        Gate("publicity", published, "" if published else "决定未公示", "" if published else "not published"),
    )


def points_key(fine: Decimal) -> str:
    """Return what a decision counts as for credit."""
    if not fine:
        return "warning"
    return "fine_large" if fine >= 100_000 else "fine_small"
