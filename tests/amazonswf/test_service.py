"""How the service is reached: keys, regions, time-outs, retries, URLs. Nothing is called."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from pyworkflow.amazonswf import AmazonSWFBackend, from_url
from pyworkflow.amazonswf.tokens import Token
from pyworkflow.config.backends import open_backend
from pyworkflow.config.settings import BackendSettings
from pyworkflow.exceptions import ConfigurationException, InvalidValueException


def clients(backend: AmazonSWFBackend) -> tuple[Any, Any]:
    return backend._service._calls, backend._service._once


def test_the_constructor_takes_keys_region_and_domain_by_position() -> None:
    with AmazonSWFBackend("ID", "SECRET", "eu-west-1", "foo.bar") as backend:
        assert repr(backend) == "AmazonSWFBackend(region='eu-west-1', domain='foo.bar')"
        for client in clients(backend):
            credentials = client._request_signer._credentials
            assert (credentials.access_key, credentials.secret_key) == ("ID", "SECRET")
            assert client.meta.endpoint_url == "https://swf.eu-west-1.amazonaws.com"


def test_without_keys_they_are_those_that_boto3_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "FROM ENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "SECRET")
    with AmazonSWFBackend(region="us-west-2", domain="d") as backend:
        assert clients(backend)[0]._request_signer._credentials.access_key == "FROM ENVIRONMENT"


def test_polls_outlast_the_service_and_are_not_sent_again() -> None:
    """It holds a poll for 60 s: AWS asks for a time-out of 70 s at least (API reference of PollForDecisionTask)."""
    with AmazonSWFBackend("ID", "SECRET") as backend:
        calls, once = clients(backend)
        assert once.meta.config.read_timeout >= 70
        assert once.meta.config.retries["total_max_attempts"] == 1
        assert calls.meta.config.retries["mode"] == "standard"
        assert calls.meta.config.retries.get("total_max_attempts", 3) > 1


def test_a_client_that_would_break_polls_off_is_refused_at_the_poll() -> None:
    client = boto3.client("swf", "us-east-1", aws_access_key_id="ID", aws_secret_access_key="SECRET")
    with AmazonSWFBackend(client=client) as backend, pytest.raises(ConfigurationException, match="read_timeout=75"):
        backend.poll_decision_task(wait=1)


def test_a_client_that_is_given_is_used_for_everything_and_left_open() -> None:
    config = Config(read_timeout=75)
    client = boto3.client("swf", "eu-west-1", aws_access_key_id="A", aws_secret_access_key="B", config=config)
    with AmazonSWFBackend(client=client, domain="d") as backend:
        assert clients(backend) == (client, client)
        assert repr(backend) == "AmazonSWFBackend(region='eu-west-1', domain='d')"


@pytest.mark.parametrize("domain", ["", "a:b", " a", "a" * 257, "arn"])
def test_a_domain_that_cannot_be_is_refused(domain: str) -> None:
    with pytest.raises(InvalidValueException):
        AmazonSWFBackend("ID", "SECRET", domain=domain)


# --- URLs ---


def opened(url: str, **options: str) -> AmazonSWFBackend:
    backend = open_backend(BackendSettings(url, options))
    assert isinstance(backend, AmazonSWFBackend)
    return backend


def test_a_url_names_region_and_domain_and_an_endpoint() -> None:
    with opened("swf://eu-west-1/my%20orders?endpoint_url=http://127.0.0.1:1&version=2") as backend:
        assert repr(backend) == "AmazonSWFBackend(region='eu-west-1', domain='my orders')"
        assert clients(backend)[0].meta.endpoint_url == "http://127.0.0.1:1"
        assert backend._registration.version == "2"


@pytest.mark.parametrize("url", ["swf:", "swf://", "swf://us-east-1", "swf://us-east-1/", "swf:///orders"])
def test_a_url_without_region_or_domain_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationException, match="write swf://us-east-1/orders"):
        from_url(url, Path.cwd(), {})


def test_a_url_with_an_unknown_option_or_a_wrong_domain_is_refused() -> None:
    with pytest.raises(ConfigurationException, match="endpoint_url"):
        opened("swf://us-east-1/orders", endpoint="http://127.0.0.1")
    with pytest.raises(ConfigurationException, match="does not take"):
        opened("swf://us-east-1/or:ders")


def test_without_boto3_a_url_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("pyworkflow.amazonswf")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(ConfigurationException, match=r"'boto3'.* pip install 'pyworkflow\[swf\]'"):
        opened("swf://us-east-1/orders")


# --- tokens ---


def test_a_token_reads_back() -> None:
    token = Token("activity", "p", "run", 7, "AAA:BBB=")
    assert Token.of(token.text, "activity") == token
    assert Token.of(token.text, "decision") is None
