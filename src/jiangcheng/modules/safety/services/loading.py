"""Bring the room's own tables into the database."""

from __future__ import annotations

from importlib import resources

from jiangcheng.core.registry import services as registry


def load() -> None:
    """Add the property of dose rates if it is not there yet."""
    data = resources.files("jiangcheng.modules.safety").joinpath("data")
    registry.load_derived(data.joinpath("properties.csv").read_text(encoding="utf-8"))
