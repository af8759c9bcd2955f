"""The room's dated tables in ``data``: the version that is in force on a day."""

from __future__ import annotations

import pathlib

from jiangcheng.standards.dated import DatedTables, NotInForce

__all__ = ["NotInForce", "in_force"]

in_force = DatedTables(pathlib.Path(__file__).parents[1] / "data").in_force
