"""`flinkmock coverage`: which fields of an answer the model tells, and which are made up."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flinkmock.contract import Contract, Operation


def configure(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "coverage",
        help="tell which fields of each answer are modelled and which are synthesized",
        description="Asks a fake cluster with running, finished, failed and cancelled jobs for everything, and tells "
        "for each operation how many fields of its answer the model knows and which ones are made up.",
    )
    parser.add_argument("--flink", metavar="RELEASE", help="default: the newest")
    parser.add_argument("--operation", metavar="ID", help='only this one, field by field: getJobDetails, "GET /jobs"')
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from flinkmock.conformance.field_coverage import FieldCoverage, fields_of
    from flinkmock.contract import LATEST, Contract

    contract = Contract.load(args.flink or LATEST)
    wanted = [_operation(contract, args.operation)] if args.operation else list(contract)
    known = fields_of(contract)
    if args.operation:
        print(f"{wanted[0]}  ({wanted[0].id})")
        for pointer, is_modelled in sorted(known.get(wanted[0], FieldCoverage()).by_pointer.items()):
            print(f"    {'modelled   ' if is_modelled else 'synthesized'}  {pointer or '(the whole body)'}")
        return 0
    for operation in wanted:
        fields = known.get(operation, FieldCoverage())
        print(f"{operation!s:90} {fields}")
        for pointer in fields.synthesized:
            print(f"    synthesized  {pointer or '(the whole body)'}")
    modelled = sum(len(fields.modelled) for fields in known.values())
    synthesized = sum(len(fields.synthesized) for fields in known.values())
    print(f"Flink {contract.release}: {len(wanted)} operations, {modelled} fields modelled, {synthesized} synthesized")
    return 0


def _operation(contract: Contract, named: str) -> Operation:
    from flinkmock.errors import FlinkMockError

    try:
        return contract.find(named)
    except LookupError as error:
        raise FlinkMockError(str(error)) from None
