"""Python's side of GPUs where there is none: the package over the plug-in's sources compiled for the CPU.

tests/cuda_emulated says what is emulated: two devices whose streams put off everything until somebody waits.
"""

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import penstock
import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("PENSTOCK_LIBRARY", CHECKOUT / "build/release/libcore.so")).parent
PLUGIN = BUILD / "tests/cuda_emulated/libcore_cuda.so"


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to import penstock from, with the emulated plug-in in it."""
    made = tmp_path_factory.mktemp("emulated")
    package = Path(penstock.__file__).parent
    shutil.copytree(package, made / "penstock", ignore=shutil.ignore_patterns("libcore_cuda.so", "__pycache__"))
    shutil.copy(PLUGIN, made / "penstock")
    return made


def run(folder: Path, *command: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(folder)}
    ended = subprocess.run(
        [sys.executable, *command], env=environment, capture_output=True, text=True, cwd=CHECKOUT, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_the_tests_on_a_gpu_that_need_no_other_library_pass(folder: Path) -> None:
    told = run(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/gpu/test_tensors.py")
    assert " passed in " in told
    assert "skipped" not in told


def test_the_doctor_lists_the_gpus(folder: Path) -> None:
    program = "from penstock import doctor; print(doctor.examine_plugins()['cuda'])"
    assert run(folder, "-c", program).endswith("; 2 served\n")


START = """
    import penstock
    OURS, THEIRS = 0x1000, 0x2000
    def made_late():
        with penstock.stream(OURS, "cuda:0"):
            return penstock.full(100, 5, dtype="uint8", device="cuda:0")
    class Producer:
        def __init__(self, tensor): self.tensor = tensor
        def __dlpack_device__(self): return self.tensor.__dlpack_device__()
        def __dlpack__(self, *, stream=None, max_version=None):
            with penstock.stream(OURS, "cuda:0"):
                return self.tensor.__dlpack__(stream=stream, max_version=max_version)
"""
PROGRAMS = {
    "a consumer's stream waits for ours": """
        t = made_late()
        with penstock.stream(OURS, "cuda:0"): capsule = t.__dlpack__(stream=THEIRS)
        with penstock.stream(THEIRS, "cuda:0"): print(set(penstock.from_dlpack(capsule).tolist()))
    """,
    "None means the legacy default stream": """
        t = made_late()
        with penstock.stream(OURS, "cuda:0"): capsule = t.__dlpack__(stream=None)
        print(set(penstock.from_dlpack(capsule).tolist()))
    """,
    "a producer is told our stream": """
        producer = Producer(made_late())
        with penstock.stream(THEIRS, "cuda:0"): print(set(penstock.from_dlpack(producer).tolist()))
    """,
    "a copy is lent on the consumer's stream": """
        t = made_late()
        with penstock.stream(OURS, "cuda:0"): capsule = t.__dlpack__(stream=THEIRS, copy=True, max_version=(1, 0))
        t.fill_(9)
        with penstock.stream(THEIRS, "cuda:0"): print(set(penstock.from_dlpack(capsule).tolist()))
    """,
    "the lender may go before the consumer has read": """
        t = made_late()
        with penstock.stream(OURS, "cuda:0"): capsule = t.__dlpack__(stream=THEIRS)
        with penstock.stream(THEIRS, "cuda:0"):
            borrowed = penstock.from_dlpack(capsule)
            read = borrowed.clone()
        del t, borrowed, capsule
        with penstock.stream(OURS, "cuda:0"): penstock.synchronize("cuda:0")
        with penstock.stream(THEIRS, "cuda:0"): print(set(read.tolist()))
    """,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_streams_keep_their_order(name: str, folder: Path) -> None:
    program = textwrap.dedent(START) + textwrap.dedent(PROGRAMS[name])
    assert run(folder, "-c", program) == "{5}\n"


def test_without_a_wait_the_elements_would_be_others(folder: Path) -> None:
    program = """
        t = made_late()
        with penstock.stream(OURS, "cuda:0"): capsule = t.__dlpack__(stream=-1)
        with penstock.stream(THEIRS, "cuda:0"): print(5 in penstock.from_dlpack(capsule).tolist())
    """
    assert run(folder, "-c", textwrap.dedent(START) + textwrap.dedent(program)) == "False\n"


@pytest.mark.parametrize(
    ("stream", "handle"), [("7", 7), ("Torchs()", 8), ("Cupys()", 9), ("Anybodys()", 10), ("None", 1)]
)
def test_a_stream_is_taken_in_any_form(stream: str, handle: int, folder: Path) -> None:
    program = f"""
        import penstock
        class Torchs: cuda_stream = 8
        class Cupys: ptr, device_id = 9, 0
        class Anybodys:
            def __cuda_stream__(self): return 0, 10
        with penstock.stream({stream}, "cuda:0"): print(penstock.get_stream("cuda:0"))
    """
    assert run(folder, "-c", textwrap.dedent(program)) == f"{handle}\n"


@pytest.mark.parametrize("stream", ["'first'", "-1", "1.5", "True"])
def test_what_is_no_stream_is_a_value_error(stream: str, folder: Path) -> None:
    program = f"import penstock\ntry: penstock.set_stream({stream})\nexcept ValueError as error: print(error)"
    assert "is no stream" in run(folder, "-c", program)
