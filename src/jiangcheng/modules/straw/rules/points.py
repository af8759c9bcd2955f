"""One reader for all satellites: the header line tells whose text it is."""

from __future__ import annotations

from jiangcheng.modules.straw.rules import fengyun, firms, wlf


def read(text: str, name: str = "") -> firms.Reading:
    """Read fire points of FIRMS, of Himawari (JAXA) or of FY-3 and FY-4.

    Raises
    ------
    firms.NotFirms
        If the header is of none of them, or a table of FY does not say which zone its times are in.
    """
    lines = text.lstrip("\ufeff").splitlines()
    if wlf.header(lines) is not None:
        return wlf.read(text, name)
    if fengyun.known(lines) and "acq_time" not in lines[0].lower():
        try:
            return fengyun.read(text)
        except ValueError as error:
            raise firms.NotFirms(f"{error}: {lines[0][: firms.MOST_FIELD]}") from error
    return firms.read(text)
