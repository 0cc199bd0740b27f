"""How the service is reached: by a client of boto3 within this process, or over HTTP from others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config

from fakeswf.faults import Fault
from fakeswf.service import FakeSWF

SESSION = boto3.session.Session("AKIA", "secret", region_name="us-east-1")
READ_TIMEOUT = 75


def attached(service: FakeSWF) -> Any:
    """A client of boto3 that writes its requests and reads its answers as ever, and sends nothing."""

    def answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        status, body = _answered(service, request.headers["X-Amz-Target"], request.body)
        return AWSResponse(request.url, status, {}, _Raw(body))

    client = SESSION.client("swf", config=Config(read_timeout=READ_TIMEOUT, retries={"total_max_attempts": 1}))
    client.meta.events.register("before-send.swf", answer)
    return client


@contextmanager
def serving(service: FakeSWF) -> Iterator[str]:
    """Within, the service is there at this URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            target = self.headers["X-Amz-Target"]
            status, body = _answered(service, target, self.rfile.read(length))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Raw:
    """What AWSResponse reads a body from."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._body


def _answered(service: FakeSWF, target: str | bytes, body: bytes | str) -> tuple[int, bytes]:
    name = target if isinstance(target, str) else target.decode()
    try:
        answer, status = service.answer(name.rpartition(".")[2], json.loads(body)), 200
    except Fault as fault:
        answer, status = (
            {"__type": f"com.amazonaws.swf.base.model#{fault.code}", "message": fault.message},
            fault.status,
        )
    return status, json.dumps(answer).encode()
