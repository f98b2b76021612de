"""`flinkmock coverage`: lists which fields of responses are modelled, and which are placeholders."""

from __future__ import annotations

import argparse
from typing import Any


def configure(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "coverage",
        help="list which response fields are modelled and which are placeholders",
        description="Calls every operation of a fake cluster with running, finished, failed and cancelled jobs. "
        "Reports for each one how many response fields the model provides, and which fields are placeholders.",
        examples=(
            "flinkmock coverage --flink 2.3",
            "flinkmock coverage --operation getJobDetails",
        ),
    )
    parser.add_argument("--flink", metavar="RELEASE", help="default: the newest")
    parser.add_argument(
        "--operation", metavar="ID", help='list all fields of one operation: getJobDetails, "GET /jobs"'
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from flinkmock.conformance.field_coverage import FieldCoverage, measure_coverage
    from flinkmock.contract import LATEST, Contract
    from flinkmock.tables import counted

    contract = Contract.load(args.flink or LATEST)
    operations = [contract.find(args.operation)] if args.operation else list(contract)
    fields_by_operation = measure_coverage(contract)
    if args.operation:
        print(f"{operations[0]}  ({operations[0].id})")
        for pointer, is_modelled in sorted(
            fields_by_operation.get(operations[0], FieldCoverage()).is_modelled_by_pointer.items()
        ):
            print(f"    {'modelled   ' if is_modelled else 'placeholder'}  {pointer or '(the whole body)'}")
        return 0
    for operation in operations:
        fields = fields_by_operation.get(operation, FieldCoverage())
        print(f"{operation!s:90} {fields}")
        for pointer in fields.placeholders:
            print(f"    placeholder  {pointer or '(the whole body)'}")
    modelled_count = sum(len(fields.modelled) for fields in fields_by_operation.values())
    placeholder_count = sum(len(fields.placeholders) for fields in fields_by_operation.values())
    counts = ", ".join(
        [
            counted(len(operations), "operation"),
            counted(modelled_count, "modelled field"),
            counted(placeholder_count, "placeholder"),
        ]
    )
    print(f"Flink {contract.release}: {counts}")
    return 0
