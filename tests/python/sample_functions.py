"""Transforms that tests give to loaders: in a module of their own, which a new process imports quickly."""

import multiprocessing
import os
import signal
import time
from pathlib import Path
from typing import Any


def doubled(sample: dict[str, Any]) -> dict[str, Any]:
    return {"x": sample["x"] * 2, "y": int(sample["y"]), "process": os.getpid(), "word": f"row {sample['y']}"}


def summed(batch: dict[str, Any]) -> dict[str, Any]:
    return {**batch, "sum": batch["x"].sum(axis=1)}


def failing_at_20(sample: dict[str, Any]) -> dict[str, Any]:
    if sample["y"] == 20:
        raise ValueError("twenty is not wanted")
    return sample


def failing_as_a_whole(batch: dict[str, Any]) -> dict[str, Any]:
    if 20 in batch["y"]:
        raise ZeroDivisionError("no twenty")
    return batch


def dying_at_20(sample: dict[str, Any]) -> dict[str, Any]:
    marker = Path(os.environ["PENSTOCK_TEST_MARKER"])
    if sample["y"] == 20 and not marker.exists():
        marker.write_text("it died once")
        os.kill(os.getpid(), signal.SIGKILL)
    return sample


def slow(sample: dict[str, Any]) -> dict[str, Any]:
    time.sleep(0.5)
    return sample


def endless(sample: dict[str, Any]) -> dict[str, Any]:
    time.sleep(3600)
    return sample


def start_method(sample: dict[str, Any]) -> dict[str, Any]:
    return {"process": type(multiprocessing.current_process()).__name__}


def of_two_shapes(sample: dict[str, Any]) -> dict[str, Any]:
    return {"x": sample["x"][: 2 if sample["y"] == 3 else 3]}


def without_x(sample: dict[str, Any]) -> dict[str, Any]:
    return {"y": sample["y"]}


def a_number(sample: dict[str, Any]) -> Any:
    return sample["y"]
