"""The built library beside the committed record of its binary interface."""

import subprocess
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
RECORD = CHECKOUT / "tests/abi/libcore.abi"


def test_the_library_is_that_of_the_record_or_adds_to_it() -> None:
    command = [str(CHECKOUT / "scripts/abi"), "--check"]
    outcome = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout


def test_the_record_holds_nothing_of_the_engine_and_no_path() -> None:
    record = RECORD.read_text()
    for foreign in ("penstock::", "std::", "namespace-decl", str(CHECKOUT), "='/"):
        assert foreign not in record, foreign
