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
        *(
            _mark(mark, at, place)
            for place, mark in enumerate(marks)
            if _shown(at((mark.longitude, mark.latitude)))
        ),
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


def _mark(mark: Mark, at: object, place: int) -> str:
    assert callable(at)
    x, y = at((mark.longitude, mark.latitude))
    shapes = {
        "circle": f'<circle cx="{x}" cy="{y}" r="5" fill="{mark.colour}"/>',
        "square": f'<rect x="{x - 5}" y="{y - 5}" width="10" height="10" fill="{mark.colour}"/>',
        "triangle": f'<polygon points="{x},{y - 7} {x + 6},{y + 5} {x - 6},{y + 5}" fill="{mark.colour}"/>',
        "cross": f'<path d="M{x - 7} {y - 7}L{x + 7} {y + 7}M{x - 7} {y + 7}L{x + 7} {y - 7}"'
        f' stroke="{mark.colour}" stroke-width="3"/>',
    }
    # Names alternate above and below, so that neighbours do not cover one another.
    above = y - 9 if place % 2 else y + 18
    name = html.escape(mark.name[:14])
    return f'{shapes[mark.shape]}<text x="{x}" y="{above}" font-size="12" text-anchor="middle">{name}</text>'


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
