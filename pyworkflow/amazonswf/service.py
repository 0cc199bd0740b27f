"""The calls to Amazon SWF: two clients, one domain, errors translated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
from botocore.config import Config

from pyworkflow.amazonswf.errors import translated, translated_once
from pyworkflow.exceptions import ConfigurationException

POLL_HELD = 60  # seconds for which SWF holds a poll
READ_TIMEOUT = 75  # AWS asks for 70 at least: a poll that is given up too early loses the task that comes then
CONNECT_TIMEOUT = 10
CONNECTIONS = 50


class Service:
    """`call` is made again when that helps, as boto3 does; `once` is not, and waits for as long as a poll is held.

    What they raise is BackendException, or one of the errors in errors.py. A `client` that is given serves for both.
    """

    def __init__(
        self,
        domain: str,
        *,
        access_key_id: str | None,
        secret_access_key: str | None,
        region: str,
        endpoint_url: str | None,
        client: Any,
    ) -> None:
        self.domain = domain
        self._given = client is not None
        if client is not None:
            self._calls = self._once = client
            return
        with translated():
            session = boto3.session.Session(access_key_id, secret_access_key, region_name=region)
            common: dict[str, Any] = {
                "connect_timeout": CONNECT_TIMEOUT,
                "tcp_keepalive": True,
                "max_pool_connections": CONNECTIONS,
            }
            patient = Config(read_timeout=READ_TIMEOUT, retries={"total_max_attempts": 1}, **common)
            usual = Config(retries={"mode": "standard"}, **common)
            self._calls = session.client("swf", endpoint_url=endpoint_url, config=usual)
            self._once = session.client("swf", endpoint_url=endpoint_url, config=patient)

    @property
    def region(self) -> str:
        """Where the service is."""
        region: str = self._calls.meta.region_name
        return region

    def call(self, operation: str, **fields: Any) -> dict[str, Any]:
        """The answer to this operation. What is None is left out."""
        with translated():
            return self._made(self._calls, operation, fields)

    def once(self, operation: str, **fields: Any) -> dict[str, Any]:
        """The same for what must not be done twice."""
        with translated_once():
            return self._made(self._once, operation, fields)

    def poll(self, operation: str, **fields: Any) -> dict[str, Any]:
        """The same for a poll. Raises ConfigurationException if the client that was given would break it off."""
        if self._given and self._once.meta.config.read_timeout <= POLL_HELD:
            raise ConfigurationException(
                f"client= gives up after {self._once.meta.config.read_timeout} s, and a poll lasts {POLL_HELD} s: "
                f"make it with config=botocore.config.Config(read_timeout={READ_TIMEOUT})"
            )
        with translated():
            return self._made(self._once, operation, fields)

    def pages(self, operation: str, items: str, **fields: Any) -> Iterator[dict[str, Any]]:
        """The items of all pages of an answer, which are asked for one by one."""
        token: str | None = None
        while True:
            answer = self.call(operation, nextPageToken=token, **fields)
            yield from answer.get(items, ())
            token = answer.get("nextPageToken")
            if not token:
                return

    def _made(self, client: Any, operation: str, fields: dict[str, Any]) -> dict[str, Any]:
        given = {name: value for name, value in fields.items() if value is not None}
        answer: dict[str, Any] = getattr(client, operation)(**given)
        return answer

    def close(self) -> None:
        """Let go of the connections, unless they are those of a client that was given."""
        if not self._given:
            self._calls.close()
            self._once.close()
