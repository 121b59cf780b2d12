"""The plug-in for GPUs as it was built: what it shows to the dynamic linker and asks of it, and for which GPUs it is.

PENSTOCK_CUDA_PLUGIN is its file; scripts/check cuda sets it.  Nothing here needs a GPU.
"""

import ctypes
import os
import re
import subprocess
from pathlib import Path

PLUGIN = Path(os.environ["PENSTOCK_CUDA_PLUGIN"])
# CUDA's runtime is linked in, and the driver opened by it: neither may be asked for.
NEEDED = re.compile(r"(libc|libm|libdl|libpthread|librt|libstdc\+\+|libgcc_s|ld-linux-[a-z0-9-]+)\.so\.[0-9]+")


def lines_of(*command: str) -> list[str]:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def test_it_exports_one_function() -> None:
    assert [line.split()[-1] for line in lines_of("nm", "-D", "--defined-only", str(PLUGIN))] == ["ps_plugin_describe"]


def test_it_needs_only_the_libraries_of_c_and_cplusplus() -> None:
    needed = [line.split("[")[1].rstrip("]") for line in lines_of("readelf", "-d", str(PLUGIN)) if "(NEEDED)" in line]
    assert needed
    assert [name for name in needed if NEEDED.fullmatch(name) is None] == []


def test_it_has_code_for_each_gpu_generation_and_portable_code_for_those_to_come() -> None:
    content = PLUGIN.read_bytes()
    assert {target for target in (b"sm_80", b"sm_90") if target in content} == {b"sm_80", b"sm_90"}
    assert re.search(rb"\.target sm_\d+", content) or b"compute_" in content


def test_it_loads_without_a_driver() -> None:
    assert ctypes.CDLL(str(PLUGIN)).ps_plugin_describe is not None
