"""Puts what examples/python/escape_room_ppo.py reached into docs/guides/train-escape-room.md: the table and the curve.

    python examples/python/escape_room_ppo.py --curve curve.json
    python tests/docs/training.py curve.json

It keeps the figures, with the day and the machine, in train-escape-room.json beside it.  test_training.py goes red when
the page says anything else, or when they do not reach what they should.
"""

import importlib
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pages import CHECKOUT

sys.path.insert(0, str(CHECKOUT / "bench"))
measure: Any = importlib.import_module("measure")

PAGE = CHECKOUT / "docs" / "guides" / "train-escape-room.md"
PICTURE = PAGE.with_suffix(".svg")
RESULTS = PAGE.with_suffix(".json")
BEGIN, END = "<!-- training.py makes this of train-escape-room.json -->\n\n", "\n<!-- end -->"


def section(results: dict[str, Any]) -> str:
    """The table, with the time it took, the day and the machine."""
    random, learnt, last = results["random"], results["learnt"], results["curve"][-1]
    said = (
        f"| the first room of {learnt['all']['episodes']} new seeds | episodes | both agents pass | random choices "
        "| at least one passes | random choices |\n|---|---|---|---|---|---|\n"
    )
    for name, rate in learnt.items():
        shares = " | ".join(f"{whose[name][who]:.1%}" for who in ("both", "one") for whose in (learnt, random))
        said += f"| {name} | {rate['episodes']} | {shares} |\n"
    packages = ", ".join(f"{name} {version.partition('+')[0]}" for name, version in results["versions"].items())
    learning = (
        f"{last['cpu_seconds']:.0f} s of learning on one core, {last['agent_steps'] / 1e6:.1f} million agent-steps"
    )
    measured = f"{results['date'][:10]} ({results['machine']['cpu']}; {packages})"
    in_all = f"{results['cpu_seconds']} s of processor time in all, {results['seconds']} s by the clock"
    return f"{said}\nAfter {learning}; {in_all}. Measured on {measured}.\n"


def with_section(page: str, results: dict[str, Any]) -> str:
    """The page with its table made anew; it stands between marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the marks of the table are not both in {PAGE.name}")
    return before + begin + section(results) + end + after


def draw(results: dict[str, Any], picture: Path) -> None:
    """The curve: the share of rooms of each kind that both agents pass, over the time."""
    import matplotlib as mpl  # noqa: PLC0415 only who draws needs it

    mpl.use("svg")
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "penstock", "font.family": "sans-serif"})
    from matplotlib import pyplot  # noqa: PLC0415

    figure, axes = pyplot.subplots(figsize=(7.5, 3.6), layout="constrained")
    seconds = [0, *(point["cpu_seconds"] for point in results["curve"])]
    for name, random in results["random"].items():
        shares = [random["both"], *(point["rates"][name]["both"] for point in results["curve"])]
        style: dict[str, Any] = (
            {"color": "black", "linewidth": 2.5} if name == "all" else {"marker": ".", "linewidth": 1.2}
        )
        axes.plot(seconds, shares, label=name, **style)
    axes.axhline(results["random"]["all"]["both"], color="grey", linestyle=":", label="all, random choices")
    axes.set(xlabel="seconds of one core", ylabel="share that both agents pass", ylim=(-0.02, 1.02), xlim=(0, None))
    axes.grid(alpha=0.3)
    axes.legend(loc="center right", fontsize="small")
    figure.savefig(picture, metadata={"Date": None, "Creator": None})


def results_of_training() -> dict[str, Any]:
    """What was kept last."""
    read: dict[str, Any] = json.loads(RESULTS.read_text())
    return read


def keep(curve: Path) -> None:
    """Keeps what the example wrote, and makes table and picture of it."""
    machine = {"cpu": measure.cpu_model()}
    facts = {"date": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine}
    results = facts | {"versions": measure.versions(["penstock", "torch"])} | json.loads(curve.read_text())
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    draw(results, PICTURE)
    PAGE.write_text(with_section(PAGE.read_text(), results))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    keep(Path(sys.argv[1]))
