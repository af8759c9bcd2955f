"""What the registers decide by themselves: the type of a file, the position in a photograph."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

BEIJING = dt.timezone(dt.timedelta(hours=8))

MAX_EVIDENCE_BYTES = 20 * 2**20
"""Room for an unreduced photograph of a telephone and for a short report; video is kept elsewhere."""

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (8, b"WEBP", "image/webp"),
    (0, b"%PDF-", "application/pdf"),
)
SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "application/pdf": ".pdf"}


def sniff(head: bytes) -> str:
    """Return the media type the first 16 bytes of a file show, or an empty text if it is not accepted."""
    for offset, signature, media_type in _SIGNATURES:
        if head[offset : offset + len(signature)] == signature:
            return media_type
    return ""


def exif_instant(stamp: str, offset: str) -> dt.datetime | None:
    """Return the instant of an EXIF ``DateTimeOriginal``, or None if it is unreadable.

    Parameters
    ----------
    stamp
        ``2026:11:01 08:30:00``, the camera's local time.
    offset
        ``OffsetTimeOriginal`` as ``+08:00``; where it is missing the camera is taken to stand in China.
    """
    try:
        local = dt.datetime.strptime(stamp.strip("\x00 "), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007
    except ValueError:
        return None
    try:
        return dt.datetime.strptime(f"{stamp.strip(chr(0) + ' ')}{offset}", "%Y:%m:%d %H:%M:%S%z")
    except ValueError:
        return local.replace(tzinfo=BEIJING)


def exif_position(gps: Mapping[int, object]) -> tuple[float, float] | None:
    """Return longitude and latitude [degrees] of an EXIF GPS directory, or None if there is no position."""
    latitude = _degrees(gps.get(2), gps.get(1) == "S")
    longitude = _degrees(gps.get(4), gps.get(3) == "W")
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return longitude, latitude


def _degrees(triple: object, negative: bool) -> float | None:
    if not isinstance(triple, tuple) or len(triple) != 3:
        return None
    try:
        degrees, minutes, seconds = (float(part) for part in triple)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    value = degrees + minutes / 60 + seconds / 3600
    if value != value:  # EXIF writes an unknown coordinate as 0/0
        return None
    return -value if negative else value
