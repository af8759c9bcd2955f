"""What the room decides by itself: codes, what a stranger may read, terms by channel, repetition, hot spots."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import functools
import hashlib
import json
import math
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jiangcheng.methods.tracing.trajectories import haversine
from jiangcheng.standards.dated import DatedTables

DATA = pathlib.Path(__file__).parent / "data"
in_force = DatedTables(DATA).in_force
METRES_PER_DEGREE = 111_195.0
"""Of a meridian, on a sphere of 6371 km."""
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Signs of a follow code: none that are mistaken for one another."""
CODE_LENGTH = 10


@functools.cache
def table(name: str) -> Mapping[str, Any]:
    """Return a table of ``data/``: ``kinds`` or ``limits``."""
    found: Mapping[str, Any] = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    return found


def kinds() -> list[dict[str, str]]:
    """Return what people complain about."""
    found: list[dict[str, str]] = table("kinds")["kinds"]
    return found


def limit(name: str) -> int:
    """Return a limit of the public site."""
    return int(table("limits")[name])


def follow_code(random_bytes: bytes) -> str:
    """Return a code from at least sixteen random bytes, ``XXXXX-XXXXX``: 49 bits."""
    number = int.from_bytes(random_bytes, "big")
    signs = []
    for _ in range(CODE_LENGTH):
        number, place = divmod(number, len(ALPHABET))
        signs.append(ALPHABET[place])
    return f"{''.join(signs[:5])}-{''.join(signs[5:])}"


def code_hash(number: str, code: str) -> str:
    """Return what is kept of a follow code; how it is typed does not matter."""
    plain = "".join(sign for sign in code.upper() if sign.isalnum())
    return hashlib.sha256(f"{number}:{plain}".encode()).hexdigest()


def public_steps(
    steps: Iterable[tuple[str, Any]], states: Mapping[str, Mapping[str, str]]
) -> list[tuple[Mapping[str, str], Any]]:
    """Return the stages a complainant sees: each state once it changes, without names and without words of staff.

    Parameters
    ----------
    steps
        State after each step, and its instant.
    """
    found: list[tuple[Mapping[str, str], Any]] = []
    last = ""
    for state, at in steps:
        if state != last and state in states:
            found.append((states[state], at))
        last = state
    return found


def satisfied(scores: Iterable[int]) -> float | None:
    """Return the share of scores of four or five; None without scores."""
    given = list(scores)
    return sum(score >= 4 for score in given) / len(given) if given else None


def terms(channel: str, at: dt.datetime, on: dt.date, *, answered: bool = False) -> dict[str, Any]:
    """Return the terms of a case from the channel by which a complaint came, as the desk of cases takes them.

    Accepting has the channel's own term; what follows ends with the first answer, and the call-back with the closing,
    where the inner steps keep their shorter clocks. Once there has been a first answer, what is handled again ends
    with the closing.

    Parameters
    ----------
    at
        When the complaint was received (aware); every term counts from there.
    on
        Local day, for the edition of the table ``terms``.
    """
    told = in_force("terms", on)["channels"][channel]
    answer = {"working_days": told["close" if answered else "answer"]}
    states = {
        "reported": {"working_days": told["accept"]},
        "filed": {**answer, "with_clock": True},
        "dispatched": {**answer, "with_clock": True},
        "handling": answer,
        "verifying": answer,
        "replied": {"working_days": told["close"], "with_clock": True},
    }
    return {"since": at.isoformat(), "added_hours": 0, "states": states}


@dataclasses.dataclass(frozen=True, slots=True)
class Matter:
    """What a complaint is about, without a word of who complained."""

    key: int
    kind: str
    at: dt.datetime
    facility: int | None = None
    longitude: float | None = None
    latitude: float | None = None


def repeated(matter: Matter, others: Iterable[Matter], *, days: float, metres: float) -> Matter | None:
    """Return the latest earlier complaint of the same matter, None where it is new.

    The same matter is the same facility, or the same kind within ``metres``; earlier is within ``days`` before.
    """
    span = dt.timedelta(days=days)
    earlier = [other for other in others if (other.at, other.key) < (matter.at, matter.key)]
    same = [other for other in earlier if matter.at - other.at <= span and _same(matter, other, metres)]
    return max(same, key=lambda other: (other.at, other.key), default=None)


def _same(one: Matter, other: Matter, metres: float) -> bool:
    if one.facility is not None and one.facility == other.facility:
        return True
    if one.kind != other.kind or None in (one.longitude, one.latitude, other.longitude, other.latitude):
        return False
    near = haversine(one.longitude, one.latitude, other.longitude, other.latitude)  # type: ignore[arg-type]
    return bool(1000 * near <= metres)


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the hot-spot map; its edges in degrees."""

    west: float
    south: float
    east: float
    north: float
    count: int
    repeats: int

    @property
    def centre(self) -> tuple[float, float]:
        """Longitude and latitude of the middle [°]."""
        return (self.west + self.east) / 2, (self.south + self.north) / 2


def hotspots(
    places: NDArray[np.float64],
    repeats: Sequence[bool],
    inside: Sequence[bool],
    *,
    metres: float,
    least: int,
) -> list[Cell]:
    """Return the cells that hold complaints and may be shown, the fullest first.

    Rows are equally high; the columns of a row are as wide as its middle asks, so that every cell is ``metres`` wide.

    Parameters
    ----------
    places
        Shape ``(n, 2)``: longitude and latitude [°].
    repeats
        Per complaint, whether it repeats an earlier one.
    inside
        Per complaint, whether the reader answers for it. A cell with fewer than ``least`` complaints is returned
        only where the reader answers for all of them: a single complaint would point at a home.
    """
    if not len(places):
        return []
    high = metres / METRES_PER_DEGREE
    rows = np.floor(places[:, 1] / high).astype(np.int64)
    wide = high / np.cos(np.radians((rows + 0.5) * high))
    columns = np.floor(places[:, 0] / wide).astype(np.int64)
    members: dict[tuple[int, int], list[int]] = collections.defaultdict(list)
    for index, key in enumerate(zip(rows.tolist(), columns.tolist(), strict=True)):
        members[key].append(index)
    cells = []
    for (row, column), held in members.items():
        if len(held) < least and not all(inside[index] for index in held):
            continue
        width = high / math.cos(math.radians((row + 0.5) * high))
        cells.append(
            Cell(
                west=column * width,
                south=row * high,
                east=(column + 1) * width,
                north=(row + 1) * high,
                count=len(held),
                repeats=sum(bool(repeats[index]) for index in held),
            )
        )
    return sorted(cells, key=lambda cell: (-cell.count, -cell.repeats, cell.south, cell.west))


def heat_class(count: int, classes: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the class of the legend a number of complaints falls into; classes begin at ``from``, rising."""
    return next(item for item in reversed(classes) if count >= item["from"])
