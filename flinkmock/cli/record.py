"""`flinkmock record`: writes a live cluster down as a scenario."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any


def configure(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "record",
        help="watch a live cluster for a while and write it down as a scenario",
        description="Watches a live cluster, asking nothing that changes it, and writes what it saw as an ordinary "
        "scenario: jobs, their graphs, states and failures with relative times, checkpoints, rates.",
    )
    parser.add_argument("url", help="the cluster's address, e.g. http://127.0.0.1:8081")
    parser.add_argument("-o", "--out", type=Path, metavar="FILE", required=True, help="the scenario to be written")
    parser.add_argument(
        "--for", dest="length", type=seconds, default=30, metavar="SECONDS", help="default: %(default)s"
    )
    parser.add_argument(
        "--every", type=seconds, default=1, metavar="SECONDS", help="between looks; default: %(default)s"
    )
    parser.add_argument("--raw", type=Path, metavar="FILE", help="keep each question and its answer too, as JSON lines")
    parser.add_argument("--scrub", action="store_true", help="leave out names, messages and configuration")
    parser.set_defaults(run=run)


def seconds(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?s?", text) or not float(text.rstrip("s")):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds: 30")
    return float(text.rstrip("s"))


def run(args: argparse.Namespace) -> int:
    import time
    from contextlib import ExitStack, closing

    import yaml

    from flinkmock.conformance.fetch import Fetcher, Question, Reader
    from flinkmock.conformance.recording import Recorder
    from flinkmock.errors import FlinkMockError

    class Kept(Fetcher):
        """Writes what passes by."""

        def ask(self, question: Question) -> Any:
            answer = super().ask(question)
            if raw is not None:
                told = {"method": question.method, "target": question.target, "status": answer.status}
                body = answer.raw.decode("utf-8", errors="replace")
                raw.write(json.dumps({**told, "body": None, "answer": body}, ensure_ascii=False) + "\n")
            return answer

    try:
        with closing(Kept(args.url)) as server, ExitStack() as stack:
            raw = stack.enter_context(args.raw.open("w", encoding="utf-8")) if args.raw else None
            recorder = Recorder(Reader(server), lambda ms: time.sleep(ms / 1000))
            server.ask(Question("/overview"))  # complains at once if nobody is there
            recorder.watch(round(args.length * 1000), round(args.every * 1000))
            scenario = recorder.scenario(scrub=args.scrub)
        text = yaml.safe_dump(scenario, sort_keys=False, allow_unicode=True, width=120)
        args.out.write_text(f"# Recorded by flinkmock record.\n{text}", encoding="utf-8")
    except OSError as error:
        raise FlinkMockError(str(error)) from error
    print(f"{args.out}: {len(scenario.get('jobs', {}))} jobs")
    return 0
