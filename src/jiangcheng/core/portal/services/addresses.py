"""Which addresses outside of the house may be called at all."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterable


def is_allowed(url: str, allowed: Iterable[str]) -> bool:
    """Tell whether an address lies under one of the allowed ones: same scheme, host and port, path below.

    Addresses with a user name, dot segments, encoded slashes or a backslash are never allowed.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        origin = _origin(parts)
    except ValueError:
        return False
    decoded = urllib.parse.unquote(parts.path)
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or "\\" in decoded:
        return False
    if any(segment in (".", "..") for segment in decoded.split("/")) or "%2f" in parts.path.lower():
        return False
    return any(_lies_under(origin, parts.path, prefix) for prefix in allowed)


def _origin(parts: urllib.parse.SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _lies_under(origin: tuple[str, str | None, int | None], path: str, prefix: str) -> bool:
    allowed = urllib.parse.urlsplit(prefix)
    folder = allowed.path.rstrip("/")
    return origin == _origin(allowed) and (path == folder or path.startswith(f"{folder}/"))
