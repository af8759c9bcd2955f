"""A map as SVG, drawn without a map service: for paper, and for a laptop without a network."""

from __future__ import annotations

import dataclasses
import html
import math
from collections.abc import Sequence

WIDTH, HEIGHT = 800, 600
MARGIN = 0.08
STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)


@dataclasses.dataclass(frozen=True, slots=True)
class Area:
    """A ring of [longitude, latitude] with its look."""

    ring: Sequence[Sequence[float]]
    fill: str
    stroke: str
    opacity: float = 0.25
    dash: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Mark:
    """A point with its name."""

    longitude: float
    latitude: float
    name: str
    colour: str
    shape: str = "circle"
    """``circle``, ``square``, ``triangle`` or ``cross``."""


def svg(
    areas: Sequence[Area],
    marks: Sequence[Mark],
    *,
    title: str,
    background: Sequence[Area] = (),
    stamp: str = "",
) -> str:
    """Return a drawing that holds all areas, or all marks where there are none; the rest is cut off at its edge.

    Parameters
    ----------
    stamp
        Written across the drawing, e.g. that it is a drill.
    """
    # Zones decide what is shown: a team an hour away would make them a dot.
    points: list[Sequence[float]] = [pair for area in areas for pair in area.ring]
    points = points or [(mark.longitude, mark.latitude) for mark in marks]
    if not points:
        return ""
    middle = sum(point[1] for point in points) / len(points)
    squeeze = math.cos(math.radians(middle))
    west, east = min(p[0] for p in points), max(p[0] for p in points)
    south, north = min(p[1] for p in points), max(p[1] for p in points)
    span = max(
        (east - west) * squeeze / (1 - 2 * MARGIN), (north - south) * WIDTH / HEIGHT / (1 - 2 * MARGIN), 0.01
    )
    scale = WIDTH / span
    left = (west + east) / 2 - span / squeeze / 2
    top = (south + north) / 2 + span * HEIGHT / WIDTH / 2

    def at(point: Sequence[float]) -> tuple[float, float]:
        return round((point[0] - left) * squeeze * scale, 1), round((top - point[1]) * scale, 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" width="100%">',
        f"<title>{html.escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#f4f6f4"/>',
        *(_area(area, at) for area in (*background, *areas)),
        *_marks([mark for mark in marks if _shown(at((mark.longitude, mark.latitude)))], at),
        _bar(scale),
    ]
    if stamp:
        parts.append(
            f'<text x="{WIDTH / 2}" y="{HEIGHT / 2}" font-size="72" fill="#b42318" fill-opacity="0.25"'
            f' text-anchor="middle" transform="rotate(-20 {WIDTH / 2} {HEIGHT / 2})">{html.escape(stamp)}</text>'
        )
    return "".join([*parts, "</svg>"])


def _shown(place: tuple[float, float]) -> bool:
    return 0 <= place[0] <= WIDTH and 0 <= place[1] <= HEIGHT


def _area(area: Area, at: object) -> str:
    assert callable(at)
    path = " ".join(f"{x},{y}" for x, y in (at(pair) for pair in area.ring))
    dash = f' stroke-dasharray="{area.dash}"' if area.dash else ""
    return (
        f'<polygon points="{path}" fill="{area.fill}" fill-opacity="{area.opacity}" stroke="{area.stroke}"'
        f' stroke-width="1.5"{dash}/>'
    )


def _marks(marks: Sequence[Mark], at: object) -> list[str]:
    """Return the marks, and the names that find room: below, above, right or left of their mark."""
    assert callable(at)
    places = [at((mark.longitude, mark.latitude)) for mark in marks]
    taken = [(x - 7, y - 7, x + 7, y + 7) for x, y in places]
    names = []
    for mark, (x, y) in zip(marks, places, strict=True):
        name = mark.name[:14]
        wide = sum(12 if ord(sign) > 255 else 7 for sign in name)
        for left, base in (
            (x - wide / 2, y + 20),
            (x - wide / 2, y - 10),
            (x + 10, y + 4),
            (x - wide - 10, y + 4),
        ):
            box = (left, base - 11, left + wide, base + 3)
            inside = left >= 2 and box[2] <= WIDTH - 2 and box[1] >= 2 and base <= HEIGHT - 4
            if inside and not any(_touch(box, other) for other in taken):
                taken.append(box)
                names.append(f'<text x="{left:.1f}" y="{base:.1f}" font-size="12">{html.escape(name)}</text>')
                break
    return [*(_mark(mark, x, y) for mark, (x, y) in zip(marks, places, strict=True)), *names]


def _touch(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _mark(mark: Mark, x: float, y: float) -> str:
    shapes = {
        "circle": f'<circle cx="{x}" cy="{y}" r="5" fill="{mark.colour}"/>',
        "square": f'<rect x="{x - 5}" y="{y - 5}" width="10" height="10" fill="{mark.colour}"/>',
        "triangle": f'<polygon points="{x},{y - 7} {x + 6},{y + 5} {x - 6},{y + 5}" fill="{mark.colour}"/>',
        "cross": f'<path d="M{x - 7} {y - 7}L{x + 7} {y + 7}M{x - 7} {y + 7}L{x + 7} {y - 7}"'
        f' stroke="{mark.colour}" stroke-width="3"/>',
    }
    # The name stays with the mark where a pointer rests, also where there was no room to write it.
    return f"<g><title>{html.escape(mark.name)}</title>{shapes[mark.shape]}</g>"


def _bar(scale: float) -> str:
    kilometre = scale / 111.2
    length = next((step for step in STEPS if step * kilometre >= 60), STEPS[-1])
    wide = round(length * kilometre, 1)
    y = HEIGHT - 20
    return (
        f'<path d="M20 {y}h{wide}" stroke="#222" stroke-width="3"/><text x="20" y="{y - 6}" font-size="12">'
        f'{length:g} km</text><text x="{WIDTH - 24}" y="30" font-size="18" text-anchor="middle">N</text>'
        f'<path d="M{WIDTH - 24} 36v28m-6 -20l6 -8l6 8" stroke="#222" stroke-width="2" fill="none"/>'
    )
