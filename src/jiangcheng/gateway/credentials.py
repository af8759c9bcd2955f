"""The access password of a device (PW), checked against the hash in the register.

What follows from a wrong one is a policy of the device: ``ignore`` does not look, ``report`` takes the data in
and says so, ``refuse`` keeps the frame and neither takes it in nor answers it. The standard has no refusal
from host to site (HJ 212-2017 table 7: QnRtn 3, "PW wrong", goes the other way), so silence is the answer.

A hash takes tens of milliseconds by design, and after a restart thousands of sites come at once. So the first time
a password fits, a verifier is kept beside the hash: a keyed digest under the installation's secret key, which is
compared in microseconds. Where there is none yet, the hash is computed in a thread of its own, once for all who show
the same password; only the connections that showed it wait.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import datetime as dt
import enum
import functools
import hashlib
import json
import logging
import pathlib
import secrets
from collections.abc import Callable
from typing import NamedTuple

from django.contrib.auth.hashers import check_password
from django.utils.crypto import constant_time_compare, salted_hmac

log = logging.getLogger(__name__)

REMEMBERED = 65_536
"""Outcomes kept in memory; a device has one password."""


class Policy(enum.StrEnum):
    """What follows from a wrong password."""

    IGNORE = "ignore"
    REPORT = "report"
    REFUSE = "refuse"


class Verdict(enum.Enum):
    """What was found about the password of a frame."""

    RIGHT = "right, or not looked at"
    WRONG = "wrong, and reported"
    REFUSED = "wrong, and refused"


class Secret(NamedTuple):
    """What a device's password must fit, and what follows if it does not."""

    hash: str
    policy: Policy
    mn: str = ""
    verifier: str = ""
    """See `verifier`; empty where the password has not fitted yet."""


def verifier(mn: str, password: str, hashed: str) -> str:
    """Return what tells in microseconds that a password fits a hash; worthless without the secret key."""
    return salted_hmac("gateway.device", f"{mn}\0{hashed}\0{password}", algorithm="sha256").hexdigest()


class Defaults(NamedTuple):
    """What holds where nothing was decided for a device."""

    policy: Policy
    wrong_per_connection: int
    """Different wrong passwords for one MN after which a connection is closed."""


@functools.cache
def _rows() -> tuple[tuple[dt.date, Defaults], ...]:
    path = pathlib.Path(__file__).parent / "data" / "credentials.json"
    rows = json.loads(path.read_text(encoding="utf-8"))
    found = (
        (
            dt.date.fromisoformat(row["valid_from"]),
            Defaults(Policy(row["policy"]), int(row["wrong_per_connection"])),
        )
        for row in rows
    )
    return tuple(sorted(found))


def defaults(on: dt.date) -> Defaults:
    """Return what holds on a day; before the first row, the first row."""
    rows = _rows()
    return next((found for since, found in reversed(rows) if since <= on), rows[0][1])


class Guard:
    """Checks passwords, each once.

    Parameters
    ----------
    secret_of
        Returns what an MN's password must fit, None where it is not checked. Called for every frame.
    wrong_per_connection
        See `Defaults`.
    fits
        Compares a password with a hash; slow.
    learn
        Keeps the verifier of a device: called in the thread with secret and verifier when a password fitted.
    """

    def __init__(
        self,
        secret_of: Callable[[str], Secret | None],
        *,
        wrong_per_connection: int = 3,
        fits: Callable[[str, str], bool] = check_password,
        learn: Callable[[Secret, str], None] = lambda secret, text: None,
    ) -> None:
        self.secret_of = secret_of
        self.wrong_per_connection = wrong_per_connection
        self._fits = fits
        self._learn = learn
        self._checks: dict[bytes, asyncio.Future[bool]] = {}
        self._key = secrets.token_bytes(16)
        self._known: dict[bytes, bool] = {}
        self._thread = concurrent.futures.ThreadPoolExecutor(1, "gateway-passwords")

    def verdict(self, secret: Secret, password: str) -> Verdict | None:
        """Return what is known of a password, None if it has to be checked first."""
        right = self._known.get(self._name(secret, password))
        if right is None and secret.verifier:
            shown = verifier(secret.mn, password, secret.hash)
            right = constant_time_compare(shown, secret.verifier)
        if right is None:
            return None
        if right:
            return Verdict.RIGHT
        return Verdict.REFUSED if secret.policy is Policy.REFUSE else Verdict.WRONG

    async def check(self, secret: Secret, password: str) -> Verdict:
        """Check a password, and remember what came out."""
        name = self._name(secret, password)
        future = self._checks.get(name)
        if future is None:
            loop = asyncio.get_running_loop()
            future = self._checks[name] = loop.run_in_executor(self._thread, self._compare, secret, password)
        try:
            right = await future
        finally:
            self._checks.pop(name, None)
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[name] = right
        found = self.verdict(secret, password)
        assert found is not None
        return found

    def _compare(self, secret: Secret, password: str) -> bool:
        try:
            right = self._fits(password, secret.hash)
        except ValueError:
            log.exception("the stored hash of a device's password cannot be read")
            return False
        if right:
            try:
                self._learn(secret, verifier(secret.mn, password, secret.hash))
            except Exception:
                # It only saves time.
                log.exception("the verifier of a device could not be kept")
        return right

    def _name(self, secret: Secret, password: str) -> bytes:
        """Return a name of password and hash from which neither can be read."""
        text = f"{secret.hash}\0{password}".encode("utf-8", "surrogateescape")
        return hashlib.blake2b(text, key=self._key, digest_size=16).digest()

    def close(self) -> None:
        """Give the thread back."""
        self._thread.shutdown(cancel_futures=True)
