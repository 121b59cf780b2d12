"""Runs SCALE-Sim, in the virtual environment that scalesim.py makes: one topology on one array, printed as JSON.

    python worker.py TOPOLOGY DATAFLOW ROWS COLUMNS

The last line printed has the cycles and the stalls of each layer, as SCALE-Sim's own report gives them, and the seconds
it took.  SCALE-Sim is asked to estimate the bandwidth it needs, so that it never stalls, and to save no traces.
"""

import contextlib
import csv
import io
import json
import sys
import tempfile
import time
from importlib import import_module, metadata
from pathlib import Path

CONFIGURATION = """
[general]
run_name = run
[architecture_presets]
ArrayHeight = {rows}
ArrayWidth = {columns}
IfmapSramSzkB = 1024
FilterSramSzkB = 1024
OfmapSramSzkB = 1024
IfmapOffset = 0
FilterOffset = 10000000
OfmapOffset = 20000000
Dataflow = {dataflow}
Bandwidth = 10
ReadRequestBuffer = 32
WriteRequestBuffer = 32
[layout]
IfmapCustomLayout = False
FilterCustomLayout = False
IfmapSRAMBankBandwidth = 10
IfmapSRAMBankNum = 10
IfmapSRAMBankPort = 2
FilterSRAMBankBandwidth = 10
FilterSRAMBankNum = 10
FilterSRAMBankPort = 2
[sparsity]
SparsitySupport = false
[run_presets]
InterfaceBandwidth = CALC
UseRamulatorTrace = False
"""


def simulate(folder: Path, topology: Path, dataflow: str, rows: int, columns: int) -> None:
    """Lets SCALE-Sim write its reports into a folder."""
    scalesim = import_module("scalesim.scale_sim").scalesim  # its environment has it, and nobody else's
    configuration, layout = folder / "scale.cfg", folder / "layout.csv"
    configuration.write_text(CONFIGURATION.format(rows=rows, columns=columns, dataflow=dataflow))
    layout.write_text("no layer has a layout of its own\n")
    scalesim(
        save_disk_space=True,
        verbose=False,
        config=str(configuration),
        topology=str(topology),
        layout=str(layout),
    ).run_scale(top_path=str(folder))


def main() -> None:
    """Reads the command line, runs, and prints."""
    topology, dataflow, rows, columns = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        began = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            simulate(Path(name), Path(topology), dataflow, int(rows), int(columns))
        seconds = time.perf_counter() - began
        with (Path(name) / "run" / "COMPUTE_REPORT.csv").open() as report:
            layers = [
                {key.strip(): value.strip() for key, value in row.items() if value} for row in csv.DictReader(report)
            ]
    print(
        json.dumps(
            {
                "scalesim": metadata.version("scalesim"),
                "seconds": round(seconds, 2),
                "cycles": [int(float(layer["Total Cycles"])) for layer in layers],
                "stalls": [int(float(layer["Stall Cycles"])) for layer in layers],
            }
        )
    )


if __name__ == "__main__":
    main()
