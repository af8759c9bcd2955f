"""A site on the other end of the line: sends frames, waits for their acknowledgement, sends again.

Used by ``jiangcheng hj212 simulate``, by the demo city and by the benchmarks.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import re
from collections.abc import Callable, Mapping

from jiangcheng import hj212

TIMEOUT = 10.0
"""Seconds a site on a mobile network waits for the answer (HJ 212-2017 table 1)."""
RESENDS = 3
"""Times it sends again before it holds the link for broken (HJ 212-2017 table 1)."""
READ = 65_536
BEIJING = dt.timezone(dt.timedelta(hours=8))


def report(
    *,
    mn: str,
    st: str,
    cn: str,
    qn: str,
    data_time: dt.datetime,
    factors: Mapping[str, Mapping[str, str]],
    password: str = "123456",
    flag: int = 5,
) -> bytes:
    """Return the frame of a data upload.

    Parameters
    ----------
    mn, st, cn, qn, password, flag
        Header fields; Flag 5 is the edition of 2017 with an answer wanted.
    data_time
        Aware; sent as Beijing time.
    factors
        Fields (``Rtd``, ``Avg``, ``Min``, ``Max``, ``Cou``, ``Flag`` …) and their texts by factor code.
    """
    local = data_time.astimezone(BEIJING)
    data = [f"DataTime={local:%Y%m%d%H%M%S}"]
    data += [
        ",".join(f"{code}-{field}={text}" for field, text in fields.items())
        for code, fields in factors.items()
    ]
    head = f"QN={qn};ST={st};CN={cn};PW={password};MN={mn};Flag={flag}"
    return hj212.frame(f"{head};CP=&&{';'.join(data)}&&".encode())


def qn_of(moment: dt.datetime) -> str:
    """Return the exchange number of an instant: Beijing time to the millisecond."""
    local = moment.astimezone(BEIJING)
    return f"{local:%Y%m%d%H%M%S}{local.microsecond // 1000:03d}"


def _number_inside(segment: bytes) -> str:
    """Return the number an answer of 2005 carries in its data area, which is what it answers."""
    found = re.search(rb"&&QN=([0-9]+)", segment)
    return found[1].decode() if found else ""


class NotAcknowledged(Exception):  # noqa: N818 - the word of the protocol
    """The host has not answered a frame, however often it was sent."""


class Site:
    """One connection of one or more data loggers to a host.

    Parameters
    ----------
    host, port
        Address of the host.
    timeout
        Seconds to wait for an answer before sending again.
    resends
        How often to send again.
    on_acknowledged
        Called with the QN of every 9014 or 9013 that arrives.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        timeout: float = TIMEOUT,
        resends: int = RESENDS,
        on_acknowledged: Callable[[str], None] | None = None,
    ) -> None:
        self._address = host, port
        self._timeout = timeout
        self._resends = resends
        self._on_acknowledged = on_acknowledged
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._connecting = asyncio.Lock()

    async def __aenter__(self) -> Site:
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def connect(self) -> None:
        """Open the connection, unless it is open.

        Raises
        ------
        OSError
            If the host cannot be reached.
        """
        await self._connection()

    async def _connection(self) -> tuple[asyncio.Task[None], asyncio.StreamWriter]:
        async with self._connecting:
            if (
                self._reading is None
                or self._writer is None
                or self._reading.done()
                or self._writer.is_closing()
            ):
                await self.close()
                reader, self._writer = await asyncio.open_connection(*self._address)
                self._reading = asyncio.get_running_loop().create_task(self._read(reader))
            return self._reading, self._writer

    async def _read(self, reader: asyncio.StreamReader) -> None:
        framer = hj212.Framer()
        with contextlib.suppress(OSError):
            while data := await reader.read(READ):
                framer.receive_data(data)
                while (event := framer.next_event()) is not hj212.NEED_DATA:
                    if isinstance(event, hj212.Frame):
                        self._acknowledge(event)

    def _acknowledge(self, frame: hj212.Frame) -> None:
        header = hj212.header(frame.segment)
        if header.cn not in ("9013", "9014"):
            return
        number = header.qn or _number_inside(frame.segment)
        future = self._waiting.pop(number, None)
        if future is not None and not future.done():
            future.set_result(None)
        if self._on_acknowledged is not None:
            self._on_acknowledged(number)

    async def post(self, frame: bytes) -> None:
        """Send a frame and wait for nothing but room in the buffer.

        Raises
        ------
        OSError
            If the connection breaks.
        """
        await self._post(frame)

    async def _post(self, frame: bytes) -> asyncio.Task[None]:
        """Send a frame and return the task that ends with the connection it went over."""
        reading, writer = await self._connection()
        writer.write(frame)
        await writer.drain()
        return reading

    async def send(self, frame: bytes, qn: str) -> None:
        """Send a frame until it is acknowledged, over a new connection if the old one breaks.

        Raises
        ------
        NotAcknowledged
            If no answer came to any of the attempts.
        """
        for _ in range(1 + self._resends):
            try:
                if await self._attempt(frame, qn):
                    return
            except OSError:
                await asyncio.sleep(min(1.0, self._timeout))
        raise NotAcknowledged(qn)

    async def _attempt(self, frame: bytes, qn: str) -> bool:
        future = self._waiting[qn] = asyncio.get_running_loop().create_future()
        try:
            reading = await self._post(frame)
            await asyncio.wait([future, reading], timeout=self._timeout, return_when=asyncio.FIRST_COMPLETED)
            if not future.done() and reading.done():
                await asyncio.sleep(min(1.0, self._timeout))
            return future.done()
        finally:
            self._waiting.pop(qn, None)

    async def close(self) -> None:
        """Close the connection."""
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()
            self._writer = None
        if self._reading is not None:
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await self._reading
            self._reading = None
