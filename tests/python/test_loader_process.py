"""The loader in its process: threads, forks, ordinary users, terminals and traces."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import children
import lc0_games
import numpy as np
import penstock
import pytest
from penstock import loader


@pytest.fixture
def games(tmp_path: Path) -> Path:
    """Twelve games of ten positions."""
    folder = tmp_path / "games"
    folder.mkdir()
    for number in range(12):
        (folder / f"game_{number:02}").write_bytes(lc0_games.made_game(number, 10).tobytes())
    return folder


def config_of(folder: Path, **fields: Any) -> dict[str, Any]:
    return {
        "file_path_provider": {"directory": folder},
        "shuffling_frame_sampler": {"reservoir_size_per_thread": 20},
        "tensor_generator": {"batch_size": 8},
        **fields,
    }


def copy_of(batch: tuple[Any, ...]) -> list[bytes]:
    return [np.asarray(part).tobytes() for part in batch]


def test_a_loader_works_in_the_child_after_a_fork_in_the_parent(games: Path) -> None:
    batches = loader.DataLoader(config_of(games))
    held = batches.get_next()
    later = loader.DataLoader(config_of(games))
    later.restore(batches.state())
    expected = [copy_of(later.get_next()) for _ in range(5)]
    before = copy_of(held)
    child = os.fork()
    if child == 0:
        same = copy_of(held) == before and [copy_of(batches.get_next()) for _ in range(5)] == expected
        os._exit(0 if same else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert [copy_of(batches.get_next()) for _ in range(5)] == expected


@pytest.mark.parametrize(
    ("stage", "field"),
    [
        ("chunk_source_loader", "threads"),
        ("shuffling_chunk_pool", "indexing_threads"),
        ("shuffling_chunk_pool", "chunk_loading_threads"),
        ("chunk_unpacker", "threads"),
        ("tensor_generator", "threads"),
    ],
)
def test_a_stage_has_as_many_threads_as_asked_for(stage: str, field: str, games: Path) -> None:
    def threads_of(count: int) -> int:
        own = {"watch": True} if stage in ("chunk_source_loader", "shuffling_chunk_pool") else {}
        config = config_of(games, file_path_provider={"directory": games, **own})
        config[stage] = {**config.get(stage, {}), field: count}
        with loader.DataLoader(config) as batches:
            batches.get_next()
            return len(list(Path("/proc/self/task").iterdir()))

    assert threads_of(6) - threads_of(1) == 5


def test_what_an_ordinary_user_may_not_read_is_an_error_with_the_systems_reason(games: Path) -> None:
    printed = children.run(
        f"""
        import os, shutil, tempfile
        import penstock
        from penstock import loader

        folder = tempfile.mkdtemp()
        os.chmod(folder, 0o755)
        shutil.copytree({str(games)!r}, folder + "/games")
        os.chmod(folder + "/games/game_03", 0)
        os.mkdir(folder + "/closed", 0)
        if os.geteuid() == 0:
            os.setgid(65534)
            os.setuid(65534)
        for directory in (folder + "/games", folder + "/closed"):
            try:
                list(loader.DataLoader({{"file_path_provider": {{"directory": directory}}, "epochs": 1}}))
            except penstock.IoError as error:
                print(str(error).replace(folder, ""))
        skipping = {{"file_path_provider": {{"directory": folder + "/games"}}, "epochs": 1, "on_bad_sample": "skip"}}
        with loader.DataLoader(skipping) as batches:
            print(sum(len(planes) for planes, policy, values in batches), batches.metrics()["bad_samples"])
        """
    ).splitlines()
    assert "/games/game_03" in printed[0]
    assert "ermission denied" in printed[0]
    assert "/closed" in printed[1]
    assert "ermission denied" in printed[1]
    assert printed[2] == "110 1"


def on_a_terminal(words: list[str]) -> str:
    """What a Python program writes where standard error is a terminal."""
    parent_end, child_end = pty.openpty()
    with subprocess.Popen([sys.executable, *words], stderr=child_end) as child:
        os.close(child_end)
        written = b""
        try:
            while piece := os.read(parent_end, 4096):
                written += piece
        except OSError:  # how Linux says that nobody has the other end any more
            pass
        os.close(parent_end)
    assert child.returncode == 0, written
    return written.decode()


def test_an_epochs_progress_is_shown_where_a_terminal_is_attached(games: Path, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        f"""
import sys, time
from penstock import loader
config = {{"file_path_provider": {{"directory": {str(games)!r}}}, "epochs": 1, "tensor_generator": {{"batch_size": 8}},
          "shuffling_frame_sampler": {{"reservoir_size_per_thread": 20}}}}
for _ in loader.DataLoader(config, progress=sys.argv[1] == "1"):
    time.sleep(0.05)
"""
    )
    assert "%" in on_a_terminal([str(program), "1"])
    assert on_a_terminal([str(program), "0"]) == ""


def test_a_trace_has_the_work_of_every_stage(games: Path, tmp_path: Path) -> None:
    with penstock.trace(tmp_path / "trace.json"), loader.DataLoader(config_of(games, epochs=1)) as batches:
        assert sum(len(planes) for planes, _, _ in batches) == 120
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    found = {event["name"] for event in events if event["ph"] == "X"}
    assert found >= {
        "open file",
        "index file",
        "load chunk",
        "unpack chunk",
        "sample chunk",
        "make tensors",
        "wait for batch",
    }
