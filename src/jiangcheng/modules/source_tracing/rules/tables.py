"""The dated tables of the room: which version holds on a day."""

from __future__ import annotations

import pathlib

from jiangcheng.standards.dated import DatedTables

DATA = pathlib.Path(__file__).parents[1] / "data"
TABLES = DatedTables(DATA)
table = TABLES.versions
in_force = TABLES.in_force
