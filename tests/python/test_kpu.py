"""The KPU from Python: values beside NumPy's and torch's, results that add up, and a clear error for each mistake."""

import contextlib
import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import children
import ml_dtypes
import numpy as np
import penstock
import pytest
import torch
from penstock import command, kpu

DATA = Path(__file__).resolve().parents[1] / "data" / "kpu"
SMALL: dict[str, Any] = {"main_memory_size": 1 << 20, "scratchpad_size": 1 << 14}
DATAFLOWS = ("os", "ws", "is")
PRODUCT = "name, M, N, K\n"


def random_integers(shape: tuple[int, ...], seed: int) -> Any:
    return np.random.default_rng(seed).integers(-128, 128, shape, dtype=np.int8)


def in_order(a: Any, b: Any, piece: int) -> Any:
    """The float32 product summed in pieces of K, one term after the other."""
    total = None
    for first in range(0, a.shape[1], piece):
        part = np.zeros((a.shape[0], b.shape[1]), np.float32)
        for k in range(first, min(first + piece, a.shape[1])):
            part = part + a[:, k : k + 1] * b[k : k + 1]
        total = part if total is None else total + part
    return total


# ---- Values ----


@pytest.mark.parametrize("tier", ["event", "pe"])
@pytest.mark.parametrize("dataflow", DATAFLOWS)
def test_a_product_of_int8_is_exact(dataflow: str, tier: str) -> None:
    a, b = random_integers((37, 50), 1), random_integers((50, 21), 2)
    with kpu.Simulator(rows=8, columns=5, dataflow=dataflow, tier=tier, **SMALL) as sim:
        c = sim.matmul(a, b)
    assert c.dtype == penstock.int32
    assert np.array_equal(c.numpy(), a.astype(np.int32) @ b.astype(np.int32))


@pytest.mark.parametrize("tier", ["event", "pe"])
@pytest.mark.parametrize("dataflow", DATAFLOWS)
@pytest.mark.parametrize(
    "dtype", [np.float32, np.float16, ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e5m2]
)
def test_a_product_of_floats_has_the_bits_of_a_sum_in_order(dtype: Any, dataflow: str, tier: str) -> None:
    generator = np.random.default_rng(3)
    a = generator.normal(size=(19, 30)).astype(dtype)
    b = generator.normal(size=(30, 11)).astype(dtype)
    with kpu.Simulator(rows=7, columns=6, dataflow=dataflow, tier=tier, **SMALL) as sim:
        c = sim.matmul(torch_of(a), torch_of(b)).numpy()
    expected = in_order(a.astype(np.float32), b.astype(np.float32), 30 if dataflow == "os" else 7)
    assert np.array_equal(c, expected)


def torch_of(array: Any) -> Any:
    """An array of a small dtype as torch's, which can lend it."""
    names = {"bfloat16": torch.bfloat16, "float8_e4m3fn": torch.float8_e4m3fn, "float8_e5m2": torch.float8_e5m2}
    if array.dtype.name not in names:
        return array
    return torch.from_numpy(array.astype(np.float32)).to(names[array.dtype.name])


@pytest.mark.parametrize("dataflow", DATAFLOWS)
@pytest.mark.parametrize(("stride", "padding", "groups"), [(1, 0, 1), (2, 1, 1), (1, 2, 2), (3, 1, 4)])
def test_a_convolution_is_torchs(dataflow: str, stride: int, padding: int, groups: int) -> None:
    images, filters = random_integers((2, 4, 9, 7), 4), random_integers((8, 4 // groups, 3, 2), 5)
    with kpu.Simulator(rows=8, columns=8, dataflow=dataflow, **SMALL) as sim:
        c = sim.conv2d(images, filters, stride=stride, padding=padding, groups=groups).numpy()
        cycles = sim.report().layers[0].compute_cycles
    convolve = torch.nn.functional.conv2d
    expected = convolve(
        torch.from_numpy(images).double(), torch.from_numpy(filters).double(), None, stride, padding, 1, groups
    )
    assert np.array_equal(c, expected.numpy())
    assert cycles > 0


def test_views_and_transposed_operands_are_read_as_they_are() -> None:
    a, b = random_integers((12, 20), 6), random_integers((30, 12), 7)
    with kpu.Simulator(**SMALL) as sim:
        c = sim.matmul(a.T, b.T[:, ::2])
    assert np.array_equal(c.numpy(), a.T.astype(np.int32) @ b.T[:, ::2].astype(np.int32))


@pytest.mark.parametrize("dataflow", DATAFLOWS)
def test_the_tiers_agree_on_an_ideal_memory(dataflow: str) -> None:
    a, b = random_integers((33, 47), 8), random_integers((47, 29), 9)
    reports = []
    for tier in ("event", "pe"):
        with kpu.Simulator(rows=6, columns=9, dataflow=dataflow, tier=tier, dram="ideal", **SMALL) as sim:
            sim.matmul(a, b)
            reports.append(sim.report().total)
    product = kpu.Topology(PRODUCT + "only, 33, 29, 47")
    config = kpu.KpuConfig(rows=6, columns=9, dataflow=dataflow, dtype="int8", dram="ideal", **SMALL)
    formulas = kpu.estimate(product, config).total
    assert reports[0].cycles == reports[1].cycles == formulas.cycles
    assert reports[0].traffic == reports[1].traffic == formulas.traffic
    assert reports[0].energy == reports[1].energy == formulas.energy


# ---- Results ----


@pytest.fixture
def results() -> kpu.Results:
    with kpu.Simulator("128x128") as sim:
        return sim.run(DATA / "resnet18.csv")


def test_a_run_keeps_its_bounds_in_every_layer(results: kpu.Results) -> None:
    for layer in [*results.layers, results.total]:
        assert layer.least_cycles <= layer.cycles <= layer.most_cycles
        assert layer.cycles == layer.compute_cycles + layer.stall_cycles + layer.bank_conflict_cycles


def test_what_leaves_one_level_enters_the_next(results: kpu.Results) -> None:
    for layer in results.layers:
        assert layer.dram_read_input == layer.scratchpad_written_input
        assert layer.dram_read_weight == layer.scratchpad_written_weight
        assert layer.scratchpad_read_input == layer.array_read_input
        assert layer.scratchpad_read_weight == layer.array_read_weight


def test_energy_sums_to_its_parts_and_each_names_its_source(results: kpu.Results) -> None:
    assert results.total.energy == pytest.approx(sum(layer.energy for layer in results.layers))
    sources = results.energy_sources()
    assert sum(part["total"] for part in sources.values()) == pytest.approx(results.total.energy)
    assert all("Horowitz" in part["source"] for part in sources.values())


def test_the_total_is_the_sum_of_the_layers(results: kpu.Results) -> None:
    for field in ("cycles", "macs", "folds", "dram_read_input", "transfers"):
        assert getattr(results.total, field) == sum(getattr(layer, field) for layer in results.layers)


def test_the_results_read_back_as_json_and_csv(results: kpu.Results) -> None:
    assert json.loads(results.to_json())["total"]["cycles"] == results.total.cycles
    rows = list(csv.DictReader(io.StringIO(results.to_csv())))
    assert [row["name"] for row in rows] == [*(layer.name for layer in results.layers), "total"]
    assert results.to_markdown().count("\n") == len(rows) + 2
    ideal = kpu.estimate(DATA / "alexnet.csv", kpu.KpuConfig(dram="ideal"))
    assert json.loads(ideal.to_json())["total"]["roofline"]["memory_roof"] is None


def test_batches_stream_more_through_the_same_folds() -> None:
    config = kpu.KpuConfig(dataflow="ws")
    one, four = (kpu.estimate(DATA / "resnet18.csv", config, batch=batch).total for batch in (1, 4))
    assert four.folds == one.folds
    assert four.macs == 4 * one.macs
    assert four.compute_cycles < 4 * one.compute_cycles


def test_a_depthwise_layer_is_a_product_for_each_channel() -> None:
    text = "name, height, width, fh, fw, channels, filters, stride\nDPconv, 8, 8, 3, 3, 5, 1, 1"
    grouped = kpu.estimate(kpu.Topology(text), kpu.KpuConfig(rows=4, columns=4))
    split = kpu.estimate(kpu.Topology(text), kpu.KpuConfig(rows=4, columns=4, scalesim_compatible=True))
    assert [layer.name for layer in grouped.layers] == ["DPconv"]
    assert [layer.name for layer in split.layers] == [f"DPconvChannel_{channel}" for channel in range(5)]
    assert grouped.total.compute_cycles == split.total.compute_cycles + 5


def test_the_timeline_is_a_trace_that_fits_the_counters(tmp_path: Path) -> None:
    with kpu.Simulator() as sim:
        total = sim.run(DATA / "alexnet.csv").total
        spans = sim.timeline().numpy()
        sim.save_timeline(tmp_path / "trace.json")
    events = [event for event in json.loads((tmp_path / "trace.json").read_text())["traceEvents"] if event["ph"] == "X"]
    computing = spans[spans[:, 0] == 5]
    assert (computing[:, 3] - computing[:, 2]).sum() == total.compute_cycles
    assert spans[:, 4].sum() == sum(total.traffic["dram"].values())
    assert spans[:, 3].max() == total.cycles
    assert len(events) == len(spans)


def test_bank_activity_counts_every_byte_once() -> None:
    with kpu.Simulator() as sim:
        total = sim.run(DATA / "alexnet.csv").total
        banks, cycles = sim.bank_activity()
        assert banks.numpy().sum() == sum(total.traffic["dram"].values())
        assert banks.shape[0] * cycles >= total.cycles > (banks.shape[0] - 2) * cycles


def test_a_program_moves_multiplies_and_activates() -> None:
    a, b = random_integers((6, 9), 10), random_integers((9, 4), 11)
    with kpu.Simulator(rows=4, columns=4, **SMALL) as sim:
        sim.main_memory.write(0, a)
        sim.main_memory.write(256, b)
        measured = sim.run_program("""
            load to=0 from=0 bytes=54               # the left operand
            load to=64 from=256 bytes=36 operand=weight
            matmul a=0 b=64 c=128 m=6 k=9 n=4 dtype=int8
            activation at=128 count=24 function=relu dtype=int32
            barrier
            store to=0x400 from=128 bytes=96
        """)
        c = np.frombuffer(sim.main_memory.read(0x400, 96), np.int32).reshape(6, 4)
    assert np.array_equal(c, np.maximum(a.astype(np.int32) @ b.astype(np.int32), 0))
    assert (measured.dram_read_input, measured.dram_read_weight, measured.dram_written_output) == (54, 36, 96)
    assert measured.vector_operations == 24
    assert measured.least_cycles <= measured.cycles <= measured.most_cycles


def test_a_program_convolves_in_the_scratchpad() -> None:
    images, filters = random_integers((1, 3, 6, 6), 12), random_integers((4, 3, 3, 3), 13)
    with kpu.Simulator(rows=4, columns=4, **SMALL) as sim:
        sim.scratchpad.write(0, images)
        sim.scratchpad.write(128, filters)
        sizes = "channels=3 height=6 width=6 filters=4 filter_height=3 filter_width=3 padding=1 dtype=int8"
        sim.run_program(f"conv input=0 weight=128 output=1024 {sizes}")
        c = np.frombuffer(sim.scratchpad.read(1024, 4 * 4 * 36), np.int32).reshape(1, 4, 6, 6)
        assert np.array_equal(c, kpu.Simulator(rows=4, columns=4, **SMALL).conv2d(images, filters, padding=1).numpy())


def test_loads_overlap_the_array_unless_a_barrier_stands_between() -> None:
    independent = "matmul a=0 b=4096 c=8192 m=32 k=32 n=32\n{}load to=12288 from=0 bytes=2048\n"
    cycles = []
    for between in ("", "barrier\n"):
        with kpu.Simulator(**SMALL) as sim:
            cycles.append(sim.run_program(independent.format(between)).cycles)
    assert cycles[0] < cycles[1]


def test_memory_timing_is_that_of_the_sheet() -> None:
    timing = kpu.KpuConfig(dram="ddr4-3200", dram_trcd=15, dram_trp=16, dram_tcl=17).memory_timing()
    assert timing[:3] == pytest.approx((15 + 17 + 2.5, 17 + 2.5, 15 + 16 + 17 + 2.5))
    assert timing.streaming_bandwidth == pytest.approx(timing.peak_bandwidth * (1 - 350 / 7800), rel=0.02)


def test_resnet50_with_its_timeline_stays_below_200_mb() -> None:
    program = f"""
import resource
from penstock import kpu
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with kpu.Simulator("128x128") as sim:
    sim.run({str(DATA / "resnet50.csv")!r})
    sim.timeline()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    assert int(children.run(program)) < 200 * 1024


def test_plots_are_saved_without_a_display(tmp_path: Path, results: kpu.Results) -> None:
    kpu.visualization.plot_performance(results, tmp_path / "cycles.png")
    with kpu.Simulator() as sim:
        sim.run(DATA / "alexnet.csv")
        for memory in ("main_memory", "scratchpad"):
            kpu.visualization.memory_heatmap(sim, tmp_path / f"{memory}.svg", memory=memory)
    assert (tmp_path / "cycles.png").read_bytes().startswith(b"\x89PNG")
    assert all((tmp_path / f"{memory}.svg").stat().st_size > 1000 for memory in ("main_memory", "scratchpad"))


def test_the_analyzer_tells_memory_from_fill() -> None:
    analyzer = kpu.analysis.PerformanceAnalyzer()
    slow = kpu.KpuConfig(rows=64, columns=64, clock_mhz=20000, dram="ddr4-3200")
    one_row = kpu.Topology(PRODUCT + "only, 512, 512, 512")
    assert analyzer.analyze(kpu.estimate(one_row, slow)).bottlenecks[0].kind == "memory"
    narrow = kpu.Topology(PRODUCT + "only, 1, 64, 64")
    report = analyzer.analyze(kpu.estimate(narrow, kpu.KpuConfig(rows=64, columns=64, dram="ideal")))
    assert report.bottlenecks[0].kind == "fill"
    assert "folds" in str(report)


# ---- Mistakes ----


def with_simulator(use: Callable[[kpu.Simulator], object]) -> Callable[[], object]:
    def run() -> None:
        with kpu.Simulator(**SMALL) as sim:
            sim.main_memory.write(0, b"before")
            try:
                use(sim)
            finally:  # whatever was refused has not begun
                assert sim.main_memory.read(0, 8) == b"before\0\0"
                assert sim.report().layers == []

    return run


def program(text: str) -> Callable[[], object]:
    return with_simulator(lambda sim: sim.run_program(text))


ZEROS = np.zeros((4, 4), np.float32)
MISTAKES: dict[str, tuple[Callable[[], object], type[Exception], str]] = {
    "a write past the end": (
        with_simulator(lambda sim: sim.main_memory.write((1 << 20) - 1, b"ab")),
        IndexError,
        "address 1048575 with 2 bytes is outside the main memory of 1048576 bytes",
    ),
    "a read past the end": (
        with_simulator(lambda sim: sim.scratchpad.read(1 << 14, 1)),
        IndexError,
        "outside the scratchpad of 16384 bytes",
    ),
    "a read of more than there is": (
        with_simulator(lambda sim: sim.main_memory.read(0, 1 << 60)),
        IndexError,
        "outside the main memory",
    ),
    "a negative address": (with_simulator(lambda sim: sim.main_memory.read(-1, 1)), IndexError, "address -1"),
    "a transfer past the end": (
        with_simulator(lambda sim: sim.transfer("scratchpad", 0, "main_memory", 1 << 20, 1)),
        IndexError,
        "address 1048576",
    ),
    "an overlapping transfer": (
        with_simulator(lambda sim: sim.transfer("main_memory", 8, "main_memory", 0, 9)),
        ValueError,
        "overlaps itself",
    ),
    "shapes that do not fit": (
        with_simulator(lambda sim: sim.matmul(ZEROS, ZEROS[:3])),
        ValueError,
        "(4, 4) and (3, 4)",
    ),
    "a size of zero": (with_simulator(lambda sim: sim.matmul(ZEROS[:0], ZEROS)), ValueError, "at least 1"),
    "one axis": (with_simulator(lambda sim: sim.matmul(ZEROS[0], ZEROS)), ValueError, "expected 2 axes"),
    "two dtypes": (
        with_simulator(lambda sim: sim.matmul(ZEROS, ZEROS.astype(np.float16))),
        TypeError,
        "float32 and float16",
    ),
    "a dtype that the array lacks": (
        with_simulator(lambda sim: sim.matmul(ZEROS.astype(float), ZEROS.astype(float))),
        TypeError,
        "float64",
    ),
    "operands larger than the memory": (
        with_simulator(lambda sim: sim.matmul(np.zeros((600, 600), "f4"), np.zeros((600, 600), "f4"))),
        ValueError,
        "main_memory_size, 1048576",
    ),
    "no tiling": (
        lambda: kpu.estimate(
            kpu.Topology(PRODUCT + "only, 99, 99, 99"), kpu.KpuConfig(tiling=False, scratchpad_size=1024)
        ),
        ValueError,
        "at least 117612 would do",
    ),
    "an unknown dataflow": (
        lambda: kpu.KpuConfig(dataflow="rs"),
        ValueError,
        'dataflow is "rs": expected os, ws or is',
    ),
    "no rows": (lambda: kpu.KpuConfig(rows=0), ValueError, 'rows is "0": expected an integer from 1 to 65536'),
    "a value that there is not": (lambda: kpu.KpuConfig(height=3), KeyError, '"height"'),
    "a preset that there is not": (lambda: kpu.KpuConfig("huge"), KeyError, "128x128"),
    "a contradiction": (
        lambda: kpu.Simulator(skip_partial=True, scalesim_compatible=True),
        ValueError,
        "set one to false",
    ),
    "an array too large for its tier": (lambda: kpu.Simulator(tier="pe", rows=512), ValueError, "set tier to event"),
    "a wrong line of TOML": (
        lambda: kpu.KpuConfig.from_text("rows = 8\n\ncolumns 8", "k.toml"),
        penstock.DataError,
        'k.toml, line 3: expected "=" behind "columns"',
    ),
    "a wrong line of JSON": (
        lambda: kpu.KpuConfig.from_text('{\n"rows": 8,\n"dataflow": "up"}', "k.json"),
        penstock.DataError,
        'k.json, line 3: dataflow is "up"',
    ),
    "a value twice": (
        lambda: kpu.KpuConfig.from_text("rows = 8\nrows = 9", "k"),
        penstock.DataError,
        "k, line 2: rows stands there twice",
    ),
    "an unknown name in a file": (
        lambda: kpu.KpuConfig.from_text("[array]\nwidth = 8", "k"),
        penstock.DataError,
        'k, line 2: a KPU has no value "width"',
    ),
    "a cell that is no number": (
        lambda: kpu.Topology(PRODUCT + "first, 1, 2, 3,\nsecond, 1, two, 3,", "n.csv"),
        penstock.DataError,
        'n.csv, line 3, column 3 (N): "two": expected an integer from 1',
    ),
    "a missing cell": (
        lambda: kpu.Topology(PRODUCT + "first, 1, 2", "n.csv"),
        penstock.DataError,
        'n.csv, line 2, column 4: K of layer "first" is missing',
    ),
    "a negative size": (lambda: kpu.Topology(PRODUCT + "first, 1, -2, 3"), penstock.DataError, '"-2"'),
    "a filter larger than its image": (
        lambda: kpu.Topology("name, h, w, fh, fw, c, n, s\nfirst, 3, 3, 5, 3, 1, 1, 1"),
        penstock.DataError,
        "height 5 is larger than its image of height 3",
    ),
    "no layers": (lambda: kpu.Topology("name, M, N, K\n\n,,,\n"), penstock.DataError, "no layers"),
    "no header": (lambda: kpu.Topology("first, 1, 2, 3\n"), penstock.DataError, "expected a header"),
    "no such file": (lambda: kpu.estimate("missing.csv"), FileNotFoundError, "missing.csv"),
    "an overflow of counts": (
        lambda: kpu.estimate(kpu.Topology(PRODUCT + "only, 1099511627776, 1099511627776, 1")),
        ValueError,
        "2^62",
    ),
    "a batch of none": (lambda: kpu.estimate(DATA / "alexnet.csv", batch=0), ValueError, "size of 0"),
    "an unknown instruction": (program("barrier\njump to=3"), penstock.DataError, 'line 2: "jump" is no instruction'),
    "an instruction past the end": (
        program("load to=0 from=0 bytes=4\nload to=16380 from=0 bytes=8"),
        IndexError,
        "program, line 2: address 16380 with 8 bytes is outside the scratchpad",
    ),
    "a result over its operand": (program("matmul a=0 b=64 c=100 m=4 k=4 n=4"), ValueError, "line 1: the result"),
    "an instruction without a value": (program("matmul a=0 b=64 c=128 m=4 k=4"), penstock.DataError, '"n=" is missing'),
    "an instruction with a value too many": (program("barrier now=1"), penstock.DataError, '"now"'),
    "sizes that overflow": (
        program("matmul a=0 b=64 c=128 m=1000000000000 k=1000000000000 n=1"),
        IndexError,
        "outside the scratchpad",
    ),
    "an empty program": (program("# nothing\n"), penstock.DataError, "no instructions"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_gives_its_message(name: str) -> None:
    call, kind, message = MISTAKES[name]
    with pytest.raises(kind, match=re.escape(message)) as caught:
        call()
    assert isinstance(caught.value, penstock.Error)


def test_a_closed_simulator_says_so() -> None:
    sim = kpu.Simulator(**SMALL)
    sim.close()
    sim.close()
    with pytest.raises(ValueError, match="closed"):
        sim.matmul(ZEROS, ZEROS)


def test_a_configuration_does_not_change() -> None:
    with pytest.raises(AttributeError, match=re.escape("replace(rows=3)")):
        kpu.KpuConfig().rows = 3


# ---- The command ----


def run_command(*words: str) -> tuple[int, str, str]:
    out, error = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
        status = command.main(["kpu", "run", *words])
    return status, out.getvalue(), error.getvalue()


def test_the_command_prints_a_topologys_layers(tmp_path: Path) -> None:
    (tmp_path / "kpu.toml").write_text('[array]\nrows = 128\ncolumns = 128\ndataflow = "ws"\n')
    trace = tmp_path / "trace.json"
    words = [str(DATA / "resnet18.csv"), "--config", str(tmp_path / "kpu.toml"), "--set", "scalesim_compatible=true"]
    status, out, error = run_command(*words, "--format", "csv", "--timeline", str(trace))
    assert (status, error) == (0, "")
    assert list(csv.DictReader(io.StringIO(out)))[-1]["compute_cycles"] == "417628"
    assert json.loads(trace.read_text())["traceEvents"]
    estimated = run_command(*words, "--format", "json", "--estimate")[1]
    assert json.loads(estimated)["total"]["compute_cycles"] == 417_628
    assert run_command(*words)[1].startswith("| name | cycles |")


def test_the_command_says_what_is_wrong_in_one_line() -> None:
    alexnet = str(DATA / "alexnet.csv")
    assert run_command("missing.csv")[0] == 2
    assert "missing.csv" in run_command("missing.csv")[2]
    assert run_command(alexnet, "--config", "huge")[2].startswith('penstock: there is no preset "huge"')
    assert "expected NAME=VALUE" in run_command(alexnet, "--set", "rows")[2]
    assert "--timeline" in run_command(alexnet, "--estimate", "--timeline", "x")[2]
