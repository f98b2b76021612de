"""`ProxyProcess` ends the proxy, also if its block raises an error."""

from __future__ import annotations

import pytest
import requests

from flinkmock import FlinkMock
from tests.proxy.proxy_process import ProxyProcess


@pytest.mark.slow
def test_an_error_in_the_block_ends_the_proxy() -> None:
    with FlinkMock() as cluster:
        proxy = ProxyProcess(cluster.url)
        with pytest.raises(KeyError), proxy:
            assert requests.get(f"{proxy.url}/overview").status_code == 200
            raise KeyError
    assert proxy.exit_code == 0
    assert "1 request" in proxy.output
