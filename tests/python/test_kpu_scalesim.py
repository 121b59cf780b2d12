"""Compute cycles beside SCALE-Sim's, as bench/scalesim/record.py has kept them: every layer must be equal."""

import json
from pathlib import Path
from typing import Any

import pytest
from penstock import kpu

DATA = Path(__file__).resolve().parents[1] / "data" / "kpu"
RECORD: list[dict[str, Any]] = json.loads((DATA / "scalesim.json").read_text())
HEADER = "name, height, width, filter height, filter width, channels, filters, stride"


def name_of(run: dict[str, Any]) -> str:
    return f"{run['topology']} {run['dataflow']} {run['rows']}x{run['columns']}"


def topology_of(run: dict[str, Any]) -> kpu.Topology:
    if "layers" in run:
        return kpu.Topology("\n".join([HEADER, *(",".join(row) for row in run["layers"])]))
    return kpu.utilities.load_topology(DATA / f"{run['topology']}.csv")


def config_of(run: dict[str, Any], **values: Any) -> kpu.KpuConfig:
    shape: dict[str, Any] = {"rows": run["rows"], "columns": run["columns"], "dataflow": run["dataflow"]}
    return kpu.KpuConfig(**shape, scalesim_compatible=True, **values)


def test_the_record_has_every_run_that_was_asked_for() -> None:
    networks = {(run["topology"], run["dataflow"], run["rows"], run["columns"]) for run in RECORD}
    for dataflow in ("os", "ws", "is"):
        for shape in ((128, 128), (64, 32)):
            assert {("alexnet", dataflow, *shape), ("resnet18", dataflow, *shape)} <= networks
    assert {("mobilenet", "ws", 128, 128), ("resnet50", "ws", 128, 128)} <= networks
    assert len([run for run in RECORD if "layers" in run]) >= 50
    assert {run["scalesim"] for run in RECORD} == {"3.0.0"}
    assert not any(stalls for run in RECORD for stalls in run["stalls"])


@pytest.mark.parametrize("run", RECORD, ids=name_of)
def test_the_estimate_has_scalesims_cycles_in_every_layer(run: dict[str, Any]) -> None:
    estimate = kpu.estimate(topology_of(run), config_of(run))
    assert [layer.compute_cycles for layer in estimate.layers] == run["cycles"]


@pytest.mark.parametrize("run", RECORD, ids=name_of)
def test_the_event_tier_has_scalesims_cycles_in_every_layer(run: dict[str, Any]) -> None:
    with kpu.Simulator(config_of(run)) as stalling, kpu.Simulator(config_of(run, dram="ideal")) as ideal:
        topology = topology_of(run)
        assert [layer.compute_cycles for layer in stalling.run(topology).layers] == run["cycles"]
        assert [layer.cycles for layer in ideal.run(topology).layers] == run["cycles"]


def test_resnet18_takes_the_cycles_that_scalesim_is_known_for() -> None:
    config = kpu.KpuConfig(rows=128, columns=128, dataflow="ws", scalesim_compatible=True)
    assert kpu.estimate(DATA / "resnet18.csv", config).total.compute_cycles == 417_628


def test_without_the_flag_each_layer_takes_what_the_table_says() -> None:
    estimate = kpu.estimate(DATA / "alexnet.csv", kpu.KpuConfig(rows=128, columns=128, dataflow="ws"))
    first = estimate.layers[0]  # 54 x 54 outputs, K = 363, N = 96: three folds
    assert first.compute_cycles == 3 * (2 * 128 + 128 + 54 * 54 - 2)
