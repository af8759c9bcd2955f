"""Which check each data logger computes, learned from its frames.

A device that uses a foreign check uses it always. Knowing which one makes two things possible: its frames are read
without a guess, and a frame that suddenly fits another check is seen for what it is.
"""

from __future__ import annotations

import collections
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from jiangcheng.hj212 import codec, crc
from jiangcheng.hj212.errors import FrameError
from jiangcheng.hj212.messages import Frame

STANDARD: Final = "hj212"
"""Name of the standard's own check beside those of `crc.DIALECTS`."""

Trust = Literal["learning", "usual", "unusual", "changed", "unfit"]


class Standing(NamedTuple):
    """What one frame says about the check of its logger.

    Attributes
    ----------
    mn : str
        The logger.
    fits : tuple of str
        Every check that fits this frame; empty where it is damaged or of an unknown dialect.
    usual : str or None
        The check on which the logger's frames agree, None while they are too few.
    trust : {'learning', 'usual', 'unusual', 'changed', 'unfit'}
        Too few frames yet; the usual check; not the usual one, so the frame is probably damaged; this frame
        settled the logger on another check than before; no check fits at all.
    """

    mn: str
    fits: tuple[str, ...]
    usual: str | None
    trust: Trust


class _Logger:
    __slots__ = ("streaks", "usual")

    def __init__(self) -> None:
        self.streaks: dict[str, int] = {}
        self.usual: str | None = None


class DialectLedger:
    """Settle, per MN, on the check that so many frames in a row have fitted.

    Parameters
    ----------
    needed : int
        Frames in a row. A frame fits a check that it was not made with once in 65,536 times, so three in a row
        are no accident.
    max_loggers : int
        How many MN are remembered; the one not heard for longest is forgotten.
    """

    def __init__(self, *, needed: int = 3, max_loggers: int = 65_536) -> None:
        self.needed = needed
        self.max_loggers = max_loggers
        self._loggers: collections.OrderedDict[str, _Logger] = collections.OrderedDict()

    def __len__(self) -> int:
        return len(self._loggers)

    def usual(self, mn: str) -> str | None:
        """Return the check of a logger, `STANDARD` or a name of `crc.DIALECTS`, None while it is not known."""
        logger = self._loggers.get(mn)
        return logger.usual if logger else None

    def recall(self, mn: str, usual: str | None, streaks: Mapping[str, int]) -> None:
        """Put back what `memory` gave before a restart, or in another process."""
        logger = self._loggers[mn] = _Logger()
        logger.usual, logger.streaks = usual or None, dict(streaks)

    def memory(self, mn: str) -> tuple[str | None, dict[str, int]]:
        """Return what `recall` takes: the settled check of a logger, and the frames in a row by check."""
        logger = self._loggers.get(mn)
        return (logger.usual, dict(logger.streaks)) if logger else (None, {})

    def hear(self, event: Frame | FrameError) -> Standing | None:
        """Take what a `Framer` found; None where it holds no check that could be judged."""
        if isinstance(event, Frame):
            return self.observe(codec.header(event.segment).mn, event.segment, int(event.crc_given, 16))
        if event.code != "crc_mismatch":
            return None
        # A frame with this code is as long as it declares.
        end = 6 + int(event.raw[2:6])
        segment, given = event.raw[6:end], event.raw[end : end + 4]
        return self.observe(codec.header(segment).mn, segment, int(given, 16))

    def observe(self, mn: str, segment: bytes, given: int) -> Standing:
        """Take one frame of a logger.

        Parameters
        ----------
        segment : bytes
            The data segment, in clear.
        given : int
            The check that came with it.
        """
        logger = self._loggers.setdefault(mn, _Logger())
        self._loggers.move_to_end(mn)
        if len(self._loggers) > self.max_loggers:
            self._loggers.popitem(last=False)
        standard = crc.crc16(segment) == given
        if standard and logger.usual == STANDARD:
            # What nearly always comes; the foreign checks cost a loop over the bytes each.
            logger.streaks = {}
            return Standing(mn, (STANDARD,), STANDARD, "usual")
        fits = (*((STANDARD,) if standard else ()), *crc.foreign(segment, given))
        if not fits:
            return Standing(mn, fits, logger.usual, "unfit")
        before = logger.usual
        self._count(logger, fits)
        return Standing(mn, fits, logger.usual, _trust(before, logger.usual, fits))

    def _count(self, logger: _Logger, fits: tuple[str, ...]) -> None:
        logger.streaks = {name: logger.streaks.get(name, 0) + 1 for name in fits}
        settled = [name for name, streak in logger.streaks.items() if streak >= self.needed]
        if len(settled) == 1:
            logger.usual = settled[0]


def _trust(before: str | None, after: str | None, fits: tuple[str, ...]) -> Trust:
    if after is None:
        return "learning"
    if before is not None and before != after:
        return "changed"
    return "usual" if after in fits else "unusual"
