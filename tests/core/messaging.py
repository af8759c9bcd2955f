"""What the tests of messages share: a kind of message, and servers that answer as told."""

from __future__ import annotations

import contextlib
import dataclasses
import http.server
import json
import socket
import threading

from jiangcheng.core import manifest
from jiangcheng.core.manifest import Manifest, Names, NotificationKind

SAMPLE = Manifest(
    code="sample",
    names=Names("样例", "Sample"),
    notification_kinds=(
        NotificationKind("sample.due", Names("到期提醒", "Reminder"), outside=True),
        NotificationKind("sample.note", Names("内部通知", "Note")),
    ),
)


def declare(monkeypatch, *manifests):
    """Let this installation consist of the portal and the given manifests."""
    kept = {one.code: one for one in manifest.manifests if one.code in ("portal", "access")}
    monkeypatch.setattr(manifest.manifests, "_manifests", kept | {one.code: one for one in manifests})


@dataclasses.dataclass
class Received:
    """A request that came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class Server:
    """An HTTP server on this machine that answers with what it is told and keeps what it gets."""

    def __init__(self):
        self.received: list[Received] = []
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                owner.received.append(Received(self.path, dict(self.headers), body))
                status, headers, answer = owner.answers.pop(0) if owner.answers else (200, {}, b"")
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(answer)

            def log_message(self, *args):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
