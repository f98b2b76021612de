"""The log of `flinkmock serve` on standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

from flinkmock.cli.non_blocking_output import NonBlockingOutput
from flinkmock.cli.terminal import paint_status, printable

if TYPE_CHECKING:
    from flinkmock.control.findings import Findings
    from flinkmock.engine import Engine
    from flinkmock.server import Exchange
    from flinkmock.server.control_server import ControlOptions
    from flinkmock.server.tls import Tls

_END_TIMEOUT_S = 5.0
"""How long the command waits at its end for the reader of the log, in seconds."""


class ServeLog:
    """Logs the start, the requests and the findings of a cluster, without waiting for the reader of the log."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._output = NonBlockingOutput(sys.stdout, on_error=_note_end_of_log)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._output.end(timeout_s=_END_TIMEOUT_S)

    def ready(self, urls: Sequence[str], engine: Engine) -> None:
        """Log the start. `urls` has one URL for each JobManager."""
        version, clock_mode = engine.contract.release.version, engine.clock.text
        if self._as_json:
            all_urls = {"urls": urls} if len(urls) > 1 else {}
            entry = {"event": "ready", "url": urls[0], **all_urls, "flink": version, "clock": clock_mode}
            self._output.print(json.dumps(entry))
        else:
            note = ", which advances only on request" if clock_mode == "virtual" else ""
            self._output.print(f"Flink {version} at {', '.join(urls)} (fake; clock: {clock_mode}{note})")

    def control(self, url: str, options: ControlOptions) -> None:
        """Log the URLs of the console and the control API. The JSON log has them only if clients can't derive them."""
        token = options.token
        if not self._as_json:
            console = url.removesuffix("v1") + (f"#token={quote(token, safe='')}" if token else "")
            self._output.print(
                f"Console at {console}" + (f" (control API: Authorization: Bearer {token})" if token else "")
            )
        elif token or options.port is not None:
            self._output.print(json.dumps({"event": "control", "control-url": url, "control-token": token}))

    def tls(self, tls: Tls) -> None:
        """Log the certificate that clients have to trust, and the one that they have to send, if there is one."""
        certificate = tls.client_certificate_file
        if self._as_json:
            entry = {"event": "tls", "ca-file": str(tls.ca_file), "ca": tls.ca.decode("ascii", "replace")}
            self._output.print(json.dumps(entry | ({"client-certificate": str(certificate)} if certificate else {})))
        else:
            clients = f"; the certificate of clients with its key: {certificate}" if certificate else ""
            self._output.print(f"Clients have to trust the certificate in {tls.ca_file}{clients}")

    def findings(self, findings: Findings) -> None:
        """Log the findings at the end, if there are any."""
        if self._as_json and (findings.unused or findings.ignored):
            entry = {"event": "findings", "unused": findings.unused, "ignored": findings.ignored}
            self._output.print(json.dumps(entry))
        elif not self._as_json:
            for sentence in (*findings.unused, *findings.ignored):
                self._output.print(sentence)

    def request(self, exchange: Exchange) -> None:
        """Log one request with its response."""
        job = exchange.job or exchange.job_id
        if self._as_json:
            entry = {
                "event": "request",
                "time": exchange.time,
                "status": exchange.status,
                "method": exchange.method,
                "path": exchange.target,
                "operation": exchange.operation,
                "job": job,
                "fault": exchange.fault,
            }
            self._output.print(json.dumps(entry))
        else:
            time = datetime.fromtimestamp(exchange.time / 1000, UTC).strftime("%H:%M:%S.%f")[:-3]
            parts = [f"{exchange.method:6} {exchange.target}", job, exchange.fault and f"({exchange.fault})"]
            self._output.print("  ".join([time, paint_status(exchange.status), *map(printable, filter(None, parts))]))


def _note_end_of_log(error: OSError) -> None:
    """Report an error that ends the log, such as a full disk. The cluster keeps running."""
    if not isinstance(error, BrokenPipeError):
        print(f"flinkmock: the log ends here: {error.strerror}.", file=sys.stderr)
