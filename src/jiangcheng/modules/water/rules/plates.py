"""The form of an outfall's code (HJ 1235), as the installation's table says it."""

from __future__ import annotations

import re

from jiangcheng.modules.water.rules import tables


def outfall_code(code: str, *, county: str = "") -> str:
    """Return what is wrong with a code, empty where nothing is.

    Parameters
    ----------
    county
        Code of the area the outfall lies in; its county must be the code's. Empty: not compared.

    Returns
    -------
    str
        ``parts`` for another number of parts, the code of the first part that has another form, or
        ``elsewhere``.
    """
    table = tables.settings("outfall_code")
    parts = code.split(table["separator"])
    if len(parts) != len(table["parts"]):
        return "parts"
    for text, part in zip(parts, table["parts"], strict=True):
        if not re.fullmatch(part["pattern"], text):
            return str(part["code"])
    named = dict(zip((part["code"] for part in table["parts"]), parts, strict=True))
    return "elsewhere" if county and named["county"] != county[: len(named["county"])] else ""
