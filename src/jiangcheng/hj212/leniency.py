"""How far a frame departs from the standard, as a list that a program can read and as one grade."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import NamedTuple

from jiangcheng.hj212.errors import FAULTS, FrameError
from jiangcheng.hj212.messages import Deviation, ErrorEvent, Message


class Grade(enum.Enum):
    """What a reader had to do to understand a frame; the values sort from good to bad."""

    CONFORMANT = "A"
    """Nothing deviates."""
    FORM = "B"
    """The form deviates, the meaning is certain; strict reading takes it too."""
    GUESSED = "C"
    """The meaning had to be guessed; only tolerant reading takes it."""
    UNUSABLE = "D"
    """No message came of it."""


class Finding(NamedTuple):
    """One deviation, for a person and for a program.

    Attributes
    ----------
    code : str
        Key of `errors.FAULTS`.
    where : str
        ``frame``, ``segment``, ``CP``, or the name of a field.
    detail : str
        What stood there, or a particular such as the name of a foreign check.
    grade : Grade
        What this deviation alone makes of the frame.
    """

    code: str
    where: str
    detail: str
    grade: Grade

    @property
    def zh(self) -> str:
        """The fault in Chinese."""
        return FAULTS[self.code].zh

    @property
    def en(self) -> str:
        """The fault in English."""
        return FAULTS[self.code].en

    def as_dict(self) -> dict[str, str]:
        """Return the finding for JSON: code, where, detail, grade, and its text in both languages."""
        return {
            "code": self.code,
            "where": self.where,
            "detail": self.detail,
            "grade": self.grade.value,
            "text": self.en,
            "text_zh": self.zh,
        }


def findings(read: Message | ErrorEvent | FrameError) -> tuple[Finding, ...]:
    """Return what deviates in a message, or the one thing that kept it from being one."""
    if isinstance(read, Message):
        return tuple(Finding(*deviation, _grade_of(deviation)) for deviation in read.deviations)
    error = read.error if isinstance(read, ErrorEvent) else read
    return (Finding(error.code, error.where or "frame", error.crc_dialect, Grade.UNUSABLE),)


def _grade_of(deviation: Deviation) -> Grade:
    return Grade.GUESSED if FAULTS[deviation.code].refused else Grade.FORM


def worst(found: Iterable[Finding]) -> Grade:
    """Return the grade of the worst finding, `CONFORMANT` where there is none."""
    return max((finding.grade for finding in found), key=lambda grade: grade.value, default=Grade.CONFORMANT)


def grade(read: Message | ErrorEvent | FrameError) -> Grade:
    """Return the grade of a message or of what gave none."""
    return worst(findings(read))
