"""Numbers about the running process, in the text format of Prometheus (version 0.0.4)."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator

NAME = re.compile(r"[a-z_][a-z0-9_]*\Z")


@dataclasses.dataclass(frozen=True, slots=True)
class Metric:
    """A number that can be read at any time: ``gauge`` goes up and down, ``counter`` only up."""

    name: str
    help: str
    kind: str
    read: Callable[[], float]


_metrics: dict[str, Metric] = {}


def expose(*, name: str, help: str, kind: str, read: Callable[[], float]) -> None:
    """Make a number readable at ``/metrics``; a second call of the same name replaces the first.

    Raises
    ------
    ValueError
        If the name or the kind is not one Prometheus knows.
    """
    if not NAME.match(name) or kind not in ("gauge", "counter"):
        raise ValueError(f"not a metric: {name!r} ({kind})")
    _metrics[name] = Metric(name=f"jiangcheng_{name}", help=help, kind=kind, read=read)


def lines() -> Iterator[str]:
    """Return the lines of the answer, in the order of the names."""
    for _, metric in sorted(_metrics.items()):
        yield f"# HELP {metric.name} {metric.help}"
        yield f"# TYPE {metric.name} {metric.kind}"
        yield f"{metric.name} {metric.read():.16g}"
