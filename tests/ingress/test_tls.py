"""TLS with the certificates that Flink's options name, and with certificates that flinkmock creates."""

from __future__ import annotations

import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import requests

from flinkmock import FlinkMock, FlinkMockError, InvalidArgument, TlsOptions, small_jar
from tests.timeouts import TEST_TIMEOUT_S

pytest.importorskip("cryptography")
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from flinkmock.server import certificates
from flinkmock.server.key_stores import read_key_store, read_trust_store

JOBS = "jobs: {orders: streaming}\n"
PASSWORD = b"changeit"


@pytest.fixture(scope="module")
def mock() -> Iterator[FlinkMock]:
    with FlinkMock(JOBS, clock="virtual", tls=True) as mock:
        yield mock


def test_a_client_that_trusts_the_certificate_can_use_all_apis(mock: FlinkMock) -> None:
    assert mock.url == f"https://127.0.0.1:{mock.port}"
    assert mock.host == "127.0.0.1"
    context = mock.ssl_context
    with httpx.Client(verify=context, base_url=mock.url) as client:
        assert client.get("/jobs").json()["jobs"]
        assert client.get("/jars").json()["address"] == mock.url
        assert (
            client.post("/jars/upload", files={"jarfile": ("a.jar", small_jar() + bytes(300_000))}).status_code == 200
        )
        assert client.get(f"https://localhost:{mock.port}/jobs").status_code == 200
        assert client.get(mock.control_url + "/clock").status_code == 200


def test_a_client_that_does_not_trust_the_certificate_fails(mock: FlinkMock) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(mock.url)


@pytest.mark.parametrize("target", ["/jobs?a=b", "/", "/ns/job"])
def test_a_request_without_tls_is_redirected(mock: FlinkMock, target: str) -> None:
    """RedirectingSslHandler redirects such requests, on the same port."""
    response = httpx.get(mock.url.replace("https", "http") + target)
    assert (response.status_code, response.headers["location"]) == (301, mock.url + target)
    assert response.headers["connection"] == "close"


@pytest.mark.parametrize("data", [b"", b"\x16", b"\x16\x03\x01\x00\x05hello", b"nonsense\r\n\r\n"])
def test_the_server_survives_connections_without_a_tls_handshake(mock: FlinkMock, data: bytes) -> None:
    with socket.create_connection((mock.host, mock.port), timeout=TEST_TIMEOUT_S) as connection:
        connection.sendall(data)
    assert httpx.get(mock.url + "/jobs", verify=mock.ssl_context).status_code == 200


def test_faults_apply_to_tls_connections() -> None:
    with FlinkMock(JOBS, clock="virtual", tls=True) as mock:
        for drop in ("reset", "close", "truncate"):
            mock.faults.add({"match": "GET /overview", "drop": drop, "times": 1})
            with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
                httpx.get(mock.url + "/overview", verify=mock.ssl_context)
        assert httpx.get(mock.url + "/overview", verify=mock.ssl_context).status_code == 200


def test_client_certificates_can_be_required() -> None:
    config = "{security.ssl.rest.enabled: true, security.ssl.rest.authentication-enabled: true}"
    with FlinkMock(f"cluster: {{config: {config}}}\n", clock="virtual") as mock:
        assert httpx.get(mock.url + "/jobs", verify=mock.ssl_context).status_code == 200
        assert requests.get(mock.url + "/jobs", verify=mock.ca_file, cert=mock.client_certificate).status_code == 200
        with pytest.raises(requests.exceptions.RequestException):
            requests.get(mock.url + "/jobs", verify=mock.ca_file)


@pytest.mark.parametrize(
    ("release", "config", "scheme"),
    [
        ("1.20", {"security.ssl.enabled": True}, "https"),
        ("1.20", {"security.ssl.enabled": True, "security.ssl.rest.enabled": False}, "http"),
        ("2.0", {"security.ssl.enabled": True}, "http"),
    ],
)
def test_the_general_option_enables_tls_before_2_0(release: str, config: dict[str, bool], scheme: str) -> None:
    """SecurityOptions.isRestSSLEnabled of 1.12.5, 1.20.5, 2.0.2 and 2.3.0 returns the same."""
    with FlinkMock({"cluster": {"config": config}}, flink=release, clock="virtual") as mock:
        assert mock.url.startswith(f"{scheme}://")


def test_certificates_can_come_from_files(tmp_path: Path) -> None:
    created, authority_file = certificates.server_certificate("127.0.0.1"), tmp_path / "ca.pem"
    (tmp_path / "cert.pem").write_bytes(created.certificate)
    (tmp_path / "key.pem").write_bytes(created.key)
    authority_file.write_bytes(certificates.authority_certificate())
    options = TlsOptions(
        tmp_path / "cert.pem",
        tmp_path / "key.pem",
        client_certificates=True,
        client_ca=authority_file,
        ca_file=tmp_path / "trusted.pem",
    )
    client = certificates.client_certificate()
    (tmp_path / "client.pem").write_bytes(client.certificate + client.key)
    with FlinkMock(clock="virtual", tls=options) as mock:
        assert mock.ca_file == str(tmp_path / "trusted.pem")
        assert mock.client_certificate is None
        url = mock.url + "/jobs"
        assert requests.get(url, verify=str(authority_file), cert=str(tmp_path / "client.pem")).status_code == 200


def test_clients_trust_a_certificate_whose_file_lacks_the_root(tmp_path: Path) -> None:
    created = certificates.server_certificate("127.0.0.1")
    (tmp_path / "cert.pem").write_bytes(created.certificate)
    (tmp_path / "key.pem").write_bytes(created.key)
    with FlinkMock(clock="virtual", tls=TlsOptions(tmp_path / "cert.pem", tmp_path / "key.pem")) as mock:
        assert httpx.get(mock.url + "/jobs", verify=mock.ssl_context).status_code == 200


@pytest.mark.parametrize("prefixes", [("security.ssl.rest", "security.ssl"), ("security.ssl", "security.ssl.rest")])
def test_certificates_can_come_from_java_key_stores(tmp_path: Path, prefixes: tuple[str, str]) -> None:
    key_prefix, trust_prefix = prefixes
    created, client = certificates.server_certificate("127.0.0.1"), certificates.client_certificate()
    authority = x509.load_pem_x509_certificate(certificates.authority_certificate())
    key = serialization.load_pem_private_key(created.key, None)
    certificate = x509.load_pem_x509_certificate(created.certificate)
    encryption = serialization.BestAvailableEncryption(PASSWORD)
    key_store = pkcs12.serialize_key_and_certificates(b"flink", key, certificate, [authority], encryption)  # type: ignore[arg-type]
    trust_store = pkcs12.serialize_key_and_certificates(None, None, None, [authority], encryption)
    (tmp_path / "keys.p12").write_bytes(key_store)
    (tmp_path / "trusted.p12").write_bytes(trust_store)
    (tmp_path / "client.pem").write_bytes(client.certificate + client.key)
    (tmp_path / "ca.pem").write_bytes(certificates.authority_certificate())
    config = {
        "security.ssl.rest.enabled": True,
        "security.ssl.rest.authentication-enabled": True,
        f"{key_prefix}.keystore": str(tmp_path / "keys.p12"),
        f"{key_prefix}.keystore-password": PASSWORD.decode(),
        f"{trust_prefix}.truststore": str(tmp_path / "trusted.p12"),
        f"{trust_prefix}.truststore-password": PASSWORD.decode(),
    }
    with FlinkMock({"cluster": {"config": config}}, clock="virtual") as mock:
        url, verify, cert = mock.url + "/jobmanager/config", str(tmp_path / "ca.pem"), str(tmp_path / "client.pem")
        configuration = {
            option["key"]: option["value"] for option in requests.get(url, verify=verify, cert=cert).json()
        }
        assert configuration[f"{key_prefix}.keystore-password"] == "******"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "can't be read"),
        (b"\xfe\xed\xfe\xed rest", "JKS, which only Java reads. Convert it: keytool -importkeystore"),
        (b"something else", "is not a PKCS12 key store with this password"),
    ],
)
def test_unreadable_key_stores_are_reported(tmp_path: Path, content: bytes | None, problem: str) -> None:
    if content is not None:
        (tmp_path / "keys.jks").write_bytes(content)
    config = {"security.ssl.rest.enabled": True, "security.ssl.keystore": str(tmp_path / "keys.jks")}
    with pytest.raises(FlinkMockError, match=problem):
        FlinkMock({"cluster": {"config": config}}).start()


def test_unusable_certificates_and_keys_are_reported(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_bytes(certificates.server_certificate("127.0.0.1").certificate)
    (tmp_path / "key.pem").write_bytes(certificates.client_certificate().key)
    with pytest.raises(FlinkMockError, match="has no certificate that fits its key"):
        FlinkMock(tls=TlsOptions(tmp_path / "cert.pem", tmp_path / "key.pem")).start()
    with pytest.raises(FlinkMockError, match=r"missing.pem: file not found"):
        FlinkMock(tls=TlsOptions(tmp_path / "missing.pem")).start()
    with pytest.raises(InvalidArgument, match="needs its certificate"):
        TlsOptions(key=tmp_path / "key.pem")


def test_files_are_private_and_removed() -> None:
    with FlinkMock(clock="virtual", tls=TlsOptions(client_certificates=True)) as mock:
        file = Path(mock.client_certificate or "")
        assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert not file.parent.exists()


def test_the_certificate_stays_when_the_scenario_is_replaced(mock: FlinkMock) -> None:
    """The sockets are not replaced."""
    mock.load_scenario("jobs: {other: streaming}\n")
    assert httpx.get(mock.url + "/jobs", verify=mock.ssl_context).status_code == 200


def test_every_jobmanager_is_served_over_tls() -> None:
    with FlinkMock("cluster: {jobmanagers: 2}\n", clock="virtual", tls=True) as mock:
        for url in mock.urls:
            assert url.startswith("https://")
            assert httpx.get(url + "/overview", verify=mock.ssl_context).status_code == 200


@pytest.fixture
def without_cryptography(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [name for name in sys.modules if name.partition(".")[0] == "cryptography"]:
        monkeypatch.setitem(sys.modules, module, None)


@pytest.mark.usefixtures("without_cryptography")
def test_a_missing_cryptography_package_is_reported() -> None:
    certificates._authority.cache_clear()
    certificates.server_certificate.cache_clear()
    with pytest.raises(FlinkMockError, match=r'pip install "flinkmock\[tls\]"'):
        FlinkMock(tls=True).start()


@pytest.mark.usefixtures("without_cryptography")
@pytest.mark.parametrize("read", [read_key_store, read_trust_store])
def test_a_key_store_can_only_be_read_with_cryptography(read: Callable[[Path, str], object], tmp_path: Path) -> None:
    with pytest.raises(FlinkMockError, match=r'keys.p12 is read with .* pip install "flinkmock\[tls\]"'):
        read(tmp_path / "keys.p12", "")


def test_the_protocol_is_tls_1_3(mock: FlinkMock) -> None:
    context = mock.ssl_context
    assert context is not None
    with (
        socket.create_connection((mock.host, mock.port), timeout=TEST_TIMEOUT_S) as connection,
        context.wrap_socket(connection, server_hostname="localhost") as tls_connection,
    ):
        assert tls_connection.version() == "TLSv1.3"
        assert isinstance(tls_connection, ssl.SSLSocket)
