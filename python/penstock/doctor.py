"""What `penstock doctor` finds out: what is built in, what is there, and whether an exchange works with each framework.

Importing this imports no framework; examine() tries each in a process of its own.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import penstock
from penstock.base import HAS_EXTENSION
from penstock.base_without_extension import ADVICE
from penstock.self_test import FRAMEWORKS

__all__ = ["as_json", "as_text", "examine"]

Report = dict[str, Any]

# What leans on a heavy library is a plug-in of the engine's, a file of its own beside the library.
PLUGINS = {
    "cuda": "GPU memory",
    "dnnl": "oneDNN",
    "net": "network reading",
    "jpeg": "JPEG decoding",
}

JPEG_ADVICE = "a build that finds libjpeg-turbo has it (Debian and Ubuntu: apt-get install libjpeg62-turbo-dev)"
CUDA_ADVICE = "a build with NVIDIA's nvcc on PATH, or with its wheel in the build's Python, has it"

# The instructions that matter to numeric code, in the names that Linux gives them on x86-64 and on aarch64.
CPU_FEATURES = (
    "sse4_2", "avx", "avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni", "avx512_bf16",
    "avx512_fp16", "avx_vnni", "amx_tile", "amx_int8", "amx_bf16", "asimd", "asimdhp", "asimddp", "bf16", "i8mm", "sve",
    "sve2",
)  # fmt: skip

SELF_TEST_SECONDS = 300  # the first import of a framework reads hundreds of megabytes


# ---- What is found ----


def examine() -> Report:
    """Everything that `penstock doctor` prints; "passed" says whether all that is installed works."""
    frameworks = try_frameworks()
    built_in = examine_build()
    passed = HAS_EXTENSION and all(framework["state"] != "failed" for framework in frameworks.values())
    return {
        "penstock": {
            "version": penstock.__version__,
            "package": str(Path(penstock.__file__).parent),
            "library": str(library_path()),
            "abi_version": ".".join(map(str, penstock.abi_version())),
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
        },
        "built_in": built_in,
        "plugins": examine_plugins(),
        "cpu": examine_cpu(),
        "devices": [examine_device(device) for device in penstock.get_devices()],
        "frameworks": frameworks,
        "passed": passed,
    }


def library_path() -> Path:
    """The file of the engine's that this process has loaded."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        path = Path(line.split(maxsplit=5)[-1])
        if path.name.startswith("libcore.so"):
            return path
    raise penstock.NotFoundError("/proc/self/maps names no libcore.so")


def examine_build() -> dict[str, str]:
    """Each part that a build has, or how to get it."""
    return {
        "DLPack extension": "built in" if HAS_EXTENSION else f"not built in: {ADVICE}",
        "libdeflate (compressed .npz, .gz, .png)": "built in",
        "zlib (.tar.gz), libzstd (.tar.zst)": "built in",
        "xxHash (checksums)": "built in",
    }


def examine_plugins() -> dict[str, str]:
    """Where each plug-in lies, or that this release has none."""
    found = {}
    for name, purpose in PLUGINS.items():
        path = library_path().with_name(f"libcore_{name}.so")
        missing = f"not built in: this penstock {penstock.__version__} comes without {purpose}"
        found[name] = f"found: {path}" if path.exists() else missing
    if not found["jpeg"].startswith("found"):
        found["jpeg"] += f"; {JPEG_ADVICE}"
    found["cuda"] += f"; {cuda_state()}" if found["cuda"].startswith("found") else f"; {CUDA_ADVICE}"
    return found


def cuda_state() -> str:
    """How many GPUs the plug-in serves, or why none."""
    try:
        penstock.set_stream(None, "cuda:0")
    except penstock.Error as error:
        return f"no GPU is served: {error}"
    return f"{len(penstock.get_devices()) - 1} served"


def examine_cpu() -> dict[str, Any]:
    model, flags = platform.machine(), set[str]()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = (part.strip() for part in line.partition(":"))
        if name == "model name":
            model = value
        elif name in ("flags", "Features"):
            flags = set(value.split())
            break
    threads = penstock.get_num_threads()  # nobody has set it in this process: the engine's own count
    return {
        "model": model,
        "features": [feature for feature in CPU_FEATURES if feature in flags],
        "cores_by_affinity": len(os.sched_getaffinity(0)),
        "cores_within_limits": threads,
        "threads": threads,
    }


def examine_device(device: penstock.Device) -> dict[str, Any]:
    capability = device.compute_capability
    return {
        "name": device.name,
        "model": device.model,
        "kind": device.kind,
        "memory_gb": round(device.memory_gb, 1),
        "compute_capability": None if capability is None else ".".join(map(str, capability)),
        "memory": penstock.memory_stats(device)._asdict(),
    }


# ---- Frameworks ----


def try_frameworks() -> dict[str, Any]:
    """Tries each framework, all at once, each in a process of its own."""
    # -P: what lies in the current folder is not the package of that name.
    children = {
        name: subprocess.Popen(
            [sys.executable, "-P", "-m", "penstock.self_test", name],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        for name in FRAMEWORKS
    }
    return {name: outcome(child) for name, child in children.items()}


def outcome(child: subprocess.Popen[str]) -> dict[str, Any]:
    try:
        output, complaint = child.communicate(timeout=SELF_TEST_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        return failure(f"did not end within {SELF_TEST_SECONDS} s")
    told = [line for line in output.splitlines() if line.startswith('{"state": ')]
    if child.returncode == 0 and told:
        found: dict[str, Any] = json.loads(told[-1])
        return found
    if child.returncode < 0:
        how = f"ended by signal {signal.Signals(-child.returncode).name}"
    else:
        how = f"ended with status {child.returncode}"
    last = complaint.strip().splitlines()[-1:]
    return failure(": ".join([how, *last]))


def failure(seen: str) -> dict[str, Any]:
    return {
        "state": "failed",
        "version": None,
        "checks": [{"check": "the self-test ends", "passed": False, "seen": seen}],
    }


# ---- How it is told ----


def as_json(report: Report) -> str:
    """A report for a program."""
    return json.dumps(report, indent=2)


def as_text(report: Report) -> str:
    """A report for a person."""
    cpu = report["cpu"]
    about = report["penstock"]
    lines = [
        f"penstock {about['version']}",
        *columns(
            {
                "library": f"{about['library']}, ABI {about['abi_version']}",
                "package": about["package"],
                "Python": f"{about['python']} on {about['system']}",
            }
        ),
        "\nbuilt in",
        *columns(report["built_in"]),
        "\nplug-ins",
        *columns(report["plugins"]),
        "\nCPU",
        *columns(
            {
                "model": cpu["model"],
                "features": " ".join(cpu["features"]) or "none that matter here",
                "cores": f"{cpu['cores_by_affinity']} by affinity, {cpu['cores_within_limits']} with cgroup limits",
                "threads": f"{cpu['threads']} for one job",
            }
        ),
        "\ndevices",
        *columns({device["name"]: device_text(device) for device in report["devices"]}),
        "\nframeworks",
        *columns({name: framework_text(found) for name, found in report["frameworks"].items()}),
        "",
        verdict(report),
    ]
    return "\n".join(lines)


def columns(values: dict[str, str]) -> list[str]:
    width = max(map(len, values))
    return [f"  {name:<{width}}  {value}" for name, value in values.items()]


def device_text(device: dict[str, Any]) -> str:
    memory = device["memory"]
    capability = f", compute capability {device['compute_capability']}" if device["compute_capability"] else ""
    return (
        f"{device['model']}, {device['memory_gb']:g} GB{capability}; penstock holds {memory['live_bytes']} bytes in "
        f"{memory['live_storages']} storages, at most {memory['peak_bytes']} so far"
    )


def framework_text(found: dict[str, Any]) -> str:
    if found["state"] == "not installed":
        return "not installed"
    version = found["version"] or ""
    wrong = [check for check in found["checks"] if not check["passed"]]
    if not wrong:
        return f"{version}: lends and borrows memory without a copy ({len(found['checks'])} checks)"
    reasons = "; ".join(f"{check['check']}: {check['seen']}" for check in wrong)
    return f"{version} FAILED: {reasons}".strip()


def verdict(report: Report) -> str:
    failed = [name for name, found in report["frameworks"].items() if found["state"] == "failed"]
    if failed:
        return f"The exchange does not work with {', '.join(failed)}."
    if not report["passed"]:
        return "No memory is lent or borrowed without the DLPack extension."
    working = [name for name, found in report["frameworks"].items() if found["state"] == "works"]
    if not working:
        return "All is well; no framework is installed to exchange memory with."
    return f"All is well: memory is exchanged with {', '.join(working)}."
