"""Runs SCALE-Sim over the topologies of tests/data/kpu and keeps its cycles in tests/data/kpu/scalesim.json.

    python bench/scalesim/record.py         what the file does not have yet; about half an hour for all of it
    python bench/scalesim/record.py --list  what there is to run

SCALE-Sim runs in a virtual environment of its own, build/scalesim, made here from requirements.txt.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
DATA = ROOT / "tests" / "data" / "kpu"
RECORD = DATA / "scalesim.json"
ENVIRONMENT = ROOT / "build" / "scalesim"
DATAFLOWS = ("os", "ws", "is")
HEADER = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,"

Run = dict[str, Any]


def interpreter() -> Path:
    """SCALE-Sim's Python; its environment is made when it is not there or not of today's requirements."""
    python, stamp = ENVIRONMENT / "bin" / "python", ENVIRONMENT / "requirements.txt"
    wanted = (HERE / "requirements.txt").read_text()
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--requirement", str(HERE / "requirements.txt")], check=True)
        stamp.write_text(wanted)
    return python


def plain_rows(topology: Path) -> list[list[str]]:
    """The rows of a topology file as SCALE-Sim can read them: nothing blank, nothing after the stride."""
    rows = [[cell.strip() for cell in line.split(",")[:8]] for line in topology.read_text().splitlines()[1:]]
    return [row for row in rows if row[0]]


def random_rows(generator: random.Random) -> list[list[str]]:
    """One to four small layers, one in five of them depthwise."""
    rows = []
    for number in range(generator.randint(1, 4)):
        height, width = generator.randint(1, 3), generator.randint(1, 3)
        sizes = [generator.randint(height, 12), generator.randint(width, 12), height, width]
        sizes += [generator.randint(1, 9), generator.randint(1, 14), generator.randint(1, 4)]
        name = "DPconv" if generator.random() < 0.2 else "Conv"
        rows.append([f"{name}{number}", *map(str, sizes)])
    return rows


def runs() -> list[Run]:
    """All there is to run, smallest first."""
    generator = random.Random(20261121)
    wanted: list[Run] = []
    for number in range(50):
        rows, columns = generator.randint(1, 9), generator.randint(1, 13)
        topology = random_rows(generator)
        wanted.append(
            {"topology": f"random {number}", "dataflow": DATAFLOWS[number % 3], "rows": rows, "columns": columns}
            | {"layers": topology}
        )
    networks = [("alexnet", 128, 128), ("alexnet", 64, 32), ("resnet18", 128, 128), ("resnet18", 64, 32)]
    wanted += [
        {"topology": name, "dataflow": dataflow, "rows": rows, "columns": columns}
        for name, rows, columns in networks
        for dataflow in DATAFLOWS
    ]
    wanted += [{"topology": name, "dataflow": "ws", "rows": 128, "columns": 128} for name in ("mobilenet", "resnet50")]
    return wanted


def simulate(run: Run) -> dict[str, Any]:
    """What SCALE-Sim says of one run: its version, the cycles and stalls of each layer, and the seconds it took."""
    rows = run.get("layers") or plain_rows(DATA / f"{run['topology']}.csv")
    with tempfile.TemporaryDirectory() as folder:
        topology = Path(folder) / "topology.csv"
        topology.write_text("\n".join([HEADER, *(",".join(row) + "," for row in rows)]) + "\n")
        words = [str(interpreter()), str(HERE / "worker.py"), str(topology)]
        words += [run["dataflow"], str(run["rows"]), str(run["columns"])]
        printed = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    said: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return said


def main() -> None:
    """Runs what is missing, and keeps each result as soon as it is there."""
    if sys.argv[1:] == ["--list"]:
        for run in runs():
            print(run["topology"], run["dataflow"], f"{run['rows']}x{run['columns']}")
        return
    record: list[Run] = json.loads(RECORD.read_text()) if RECORD.exists() else []
    asked = {
        json.dumps({key: run[key] for key in run if key in ("topology", "dataflow", "rows", "columns")})
        for run in record
    }
    for run in runs():
        if json.dumps({key: run[key] for key in ("topology", "dataflow", "rows", "columns")}) in asked:
            continue
        record.append(run | simulate(run))
        RECORD.write_text("[\n" + ",\n".join(json.dumps(entry) for entry in record) + "\n]\n")
        print(
            run["topology"], run["dataflow"], f"{run['rows']}x{run['columns']}", record[-1]["seconds"], "s", flush=True
        )


if __name__ == "__main__":
    main()
