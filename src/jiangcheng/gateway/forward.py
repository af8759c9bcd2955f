"""Forwarding to an upper platform: what sites uploaded is sent on, at least once, in the order of arrival.

``settings.GATEWAY["forward"]`` is a list of mappings: ``name`` (of the cursor; keep it), ``host``, ``port``, ``mn``
(patterns like ``2202*``; all without it), ``commands`` (CN; all uploads without it), ``edition`` (``2005``, ``2017`` or
``2025`` to write into Flag; as received without it), ``password`` (PW to show; as received without it), ``start``
(``now``, or ``begin`` for the whole journal the first time).

The cursor moves when the platform has acknowledged everything up to it. When nothing is acknowledged the link counts
as down and is tried again after a growing pause; when others are and one frame never is, that frame is set aside
and shown with the refusals, so that it does not hold up the rest for ever. A restart sends the last portion again.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import fnmatch
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from django.db import transaction

from jiangcheng import hj212
from jiangcheng.gateway import client, control, ledger, queries
from jiangcheng.gateway import journal as journals
from jiangcheng.gateway.models import IntakeCursor, Reject
from jiangcheng.hj212 import commands, flags

log = logging.getLogger(__name__)

POLL = 1.0
"""Seconds between two looks at a journal that had nothing new."""
PORTION = 200
"""Entries after which the cursor is moved."""
WINDOW = 32
"""Frames under way at a time."""
ROUNDS = 3
"""Rounds in which others were acknowledged before a frame that never is, is set aside."""
LONGEST_PAUSE = 60.0
NUMBER = 17


class Sending(NamedTuple):
    """A frame on its way up."""

    entry: journals.Stored
    qn: str
    frame: bytes


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """An upper platform, and what it is to get."""

    name: str
    host: str
    port: int
    mn: tuple[str, ...] = ("*",)
    commands: frozenset[str] = frozenset()
    edition: str = ""
    password: str = ""
    start: str = "now"
    timeout: float = client.TIMEOUT

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Target:
        """Return the target that settings describe.

        Raises
        ------
        ValueError
            If name, host or port are missing, or the edition is unknown.
        """
        try:
            found = cls(
                name=str(options["name"])[:20],
                host=str(options["host"]),
                port=int(options["port"]),
                mn=tuple(options.get("mn") or ("*",)),
                commands=frozenset(options.get("commands") or ()),
                edition=str(options.get("edition", "")),
                password=str(options.get("password", "")),
                start=str(options.get("start", "now")),
                timeout=float(options.get("timeout", client.TIMEOUT)),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"GATEWAY['forward']: {error}") from error
        if found.edition not in ("", *flags.EDITIONS.values()):
            raise ValueError(f"GATEWAY['forward']: no edition {found.edition!r}")
        return found

    def wants(self, entry: journals.Stored) -> bool:
        """Tell whether an entry is to be sent on."""
        if entry.state != journals.State.REGISTERED:
            return False
        if self.commands and entry.cn not in self.commands:
            return False
        known = commands.find(entry.cn, direction="up", edition=self.edition or "2017")
        return (known is not None and known.kind == "upload") and any(
            fnmatch.fnmatchcase(entry.mn, pattern) for pattern in self.mn
        )

    def rewritten(self, entry: journals.Stored) -> Sending:
        """Return the frame as the platform is to get it: with a number, and asking for an answer.

        The frame is empty where this cannot be written.
        """
        number = _number_of(entry)
        try:
            message = hj212.decode(entry.raw, tolerant=True)
            header = message.header
            if len(header.qn) == NUMBER and header.qn.isdigit():
                number = header.qn
            made = hj212.compose(
                cn=header.cn,
                mn=header.mn,
                st=header.st,
                pw=self.password or header.pw,
                qn=number,
                flag=flags.compose(self.edition or message.version, answer=True, parts=message.has_parts),
                pnum=header.pnum,
                pno=header.pno,
                rf=header.rf,
            )
            whole = dataclasses.replace(made, items=message.items, encoding=message.encoding)
            return Sending(entry, number, hj212.encode(whole))
        except (hj212.RemoteProtocolError, hj212.LocalProtocolError):
            return Sending(entry, number, b"")


def _number_of(entry: journals.Stored) -> str:
    """Return a number for a frame without a usable one: the same every time the entry is sent."""
    return client.qn_of(queries.moment(entry.received))[:-3] + f"{entry.seq % 1000:03d}"


class Forwarder:
    """Sends the journal on to one platform.

    Parameters
    ----------
    target
        Where to, and what.
    journal
        What to read.
    clock
        The time, UTC.
    run
        Does work on database and journal; by default in a thread.
    """

    def __init__(
        self,
        target: Target,
        journal: journals.Journal,
        *,
        clock: Callable[[], dt.datetime],
        run: control.Runner = control.in_thread,
        poll: float = POLL,
    ) -> None:
        self.target = target
        self._journal = journal
        self._clock = clock
        self._run = run
        self._poll = poll
        self._cursor = f"forward:{target.name}"
        self.seq = 0
        self.acknowledged = 0
        self.set_aside = 0
        self.error = ""

    def reading(self) -> dict[str, Any]:
        """Return how things stand, for the operator's page."""
        return {
            "name": self.target.name,
            "address": f"{self.target.host}:{self.target.port}",
            "seq": self.seq,
            "acknowledged": self.acknowledged,
            "set_aside": self.set_aside,
            "error": self.error,
        }

    async def follow(self) -> None:
        """Send on whatever comes, until cancelled."""
        pause = self._poll
        async with _Closing(self.target) as site:
            while True:
                try:
                    moved = await self._step(site)
                    pause = self._poll
                except client.NotAcknowledged as error:
                    self.error = f"{error or 'not acknowledged'}"
                    pause = min(LONGEST_PAUSE, pause * 2)
                    moved = False
                except Exception as error:
                    log.exception("forwarding to %s has stopped for a while", self.target.name)
                    self.error = str(error)[:200] or type(error).__name__
                    pause = min(LONGEST_PAUSE, pause * 2)
                    moved = False
                if not moved:
                    await asyncio.sleep(pause)

    async def _step(self, site: client.Site) -> bool:
        """Send one portion and move the cursor; False where there was nothing."""
        if not self.seq:
            self.seq = await self._run(self._begin)
        entries: list[journals.Stored] = await self._run(self._journal.tail, after=self.seq, limit=PORTION)
        if not entries:
            self.error = ""
            return False
        wanted = [self.target.rewritten(entry) for entry in entries if self.target.wants(entry)]
        unwritable = [sending for sending in wanted if not sending.frame]
        left = await self._deliver(site, [sending for sending in wanted if sending.frame])
        await self._run(self._move, seq=entries[-1].seq, left=[*unwritable, *left])
        self.seq = entries[-1].seq
        self.error = ""
        return True

    async def _deliver(self, site: client.Site, waiting: Sequence[Sending]) -> list[Sending]:
        """Send frames until all are acknowledged, or some never are while others are; return the latter.

        Raises
        ------
        client.NotAcknowledged
            If nothing is acknowledged: the link is down.
        """
        probe: list[Sending] = []
        for _ in range(ROUNDS):
            left = await self._send(site, [*probe, *waiting])
            if not left:
                return []
            done = [sending for sending in (*probe, *waiting) if sending not in left]
            if not done:
                raise client.NotAcknowledged(f"{self.target.host}:{self.target.port}")
            # One that was acknowledged goes again with those that were not: it tells whether the link lives.
            probe, waiting = done[:1], left
        return list(waiting)

    async def _send(self, site: client.Site, waiting: Sequence[Sending]) -> list[Sending]:
        """Send frames and return those that were not acknowledged."""
        left: list[Sending] = []
        for number, window in enumerate(_windows(waiting)):
            results = await asyncio.gather(
                *(site.send(sending.frame, sending.qn) for sending in window), return_exceptions=True
            )
            for sending, result in zip(window, results, strict=True):
                if result is None:
                    self.acknowledged += 1
                elif isinstance(result, client.NotAcknowledged):
                    left.append(sending)
                else:
                    raise result
            if number == 0 and len(left) == len(window):
                # Nobody answers: the others need not be tried.
                return list(waiting)
        return left

    def _begin(self) -> int:
        start = self._journal.last() if self.target.start == "now" else 0
        held, _ = IntakeCursor.objects.get_or_create(name=self._cursor, defaults={"seq": start})
        return held.seq

    def _move(self, *, seq: int, left: Sequence[Sending]) -> None:
        rejects = ledger.Rejects()
        for sending in left:
            rejects.note(
                sending.entry,
                reason=Reject.Reason.NOT_FORWARDED,
                code=self.target.name,
                field=sending.entry.cn,
                text=sending.qn,
            )
        with transaction.atomic():
            IntakeCursor.objects.filter(name=self._cursor).update(seq=seq)
            rejects.save()
        self.set_aside += len(left)


class _Closing:
    """A line to a platform that is opened by the first frame and closed in the end."""

    def __init__(self, target: Target) -> None:
        self._site = client.Site(target.host, target.port, timeout=target.timeout)

    async def __aenter__(self) -> client.Site:
        return self._site

    async def __aexit__(self, *_: object) -> None:
        await self._site.close()


def _windows(waiting: Sequence[Sending]) -> list[list[Sending]]:
    """Return frames in groups in which every number occurs once: an answer names nothing but the number."""
    groups: list[list[Sending]] = [[]]
    for sending in waiting:
        last = groups[-1]
        if len(last) >= WINDOW or any(other.qn == sending.qn for other in last):
            groups.append([])
        groups[-1].append(sending)
    return [group for group in groups if group]
