"""Configurations are checked when they are built, come back from every text, and are documented."""

import dataclasses
import doctest
import inspect
import json
from pathlib import Path
from typing import Any

import lc0_games
import penstock
import pytest
from penstock import command, loader

FULL = loader.DataLoaderConfig(
    stages=[
        loader.FilePathProviderConfig(directory='games "of" all', sources=["a\\b", "ü/*"], anchor="x"),
        loader.ShufflingChunkPoolConfig(hanse_sampling_threshold=1e-7),
        loader.ChunkUnpackerConfig(
            position_count=3,
            diff_focus_min=0.0,
            diff_focus_slope=1e6,
            diff_focus_q_weight=2,
            diff_focus_policy_scale=1.5,
        ),
        loader.TensorGeneratorConfig(dtype="bfloat16", drop_last=True, overflow="keep_newest"),
    ],
    seed=2**64 - 1,
    epochs=3,
    outputs={"train": 0.9, "a name": 0.1},
    on_bad_sample="skip",
    bad_sample_limit=0,
)


@pytest.mark.parametrize("config", [FULL, loader.DataLoaderConfig()], ids=["full", "empty"])
def test_a_configuration_comes_back_from_every_text(config: loader.DataLoaderConfig) -> None:
    kind = loader.DataLoaderConfig
    assert kind.from_dict(config.to_dict()) == config
    assert kind.from_json(config.to_json()) == config
    if config.seed < 2**63:  # TOML's integers have 64 bits with a sign; Python's reader takes more
        assert kind.from_toml(config.to_toml()) == config
    assert kind.from_toml(config.to_toml()) == config
    assert json.loads(json.dumps(config.to_dict())) == config.to_dict()


TWO_WAYS = {"position_count": 2, "position_sampling_rate": 0.5}
TWICE = [loader.ChunkSourceLoaderConfig()] * 2
WRONG: list[tuple[type[Any], dict[str, Any], type[Exception], str]] = [
    (loader.TensorGeneratorConfig, {"batch_size": 0}, penstock.OutOfRangeError, "batch_size is 0"),
    (loader.TensorGeneratorConfig, {"batch_size": "8"}, penstock.TypeMismatchError, "'8'"),
    (loader.TensorGeneratorConfig, {"dtype": "int8"}, penstock.InvalidArgumentError, "int8"),
    (loader.TensorGeneratorConfig, {"overflow": "spill"}, penstock.InvalidArgumentError, "spill"),
    (loader.ChunkUnpackerConfig, {"position_sampling_rate": 0.0}, penstock.OutOfRangeError, "above 0"),
    (loader.ChunkUnpackerConfig, {"position_sampling_rate": float("nan")}, penstock.OutOfRangeError, "nan"),
    (loader.ChunkUnpackerConfig, TWO_WAYS, penstock.InvalidArgumentError, "only one"),
    (loader.ChunkUnpackerConfig, {"diff_focus_min": 0.5}, penstock.InvalidArgumentError, "diff_focus_slope"),
    (loader.ShufflingFrameSamplerConfig, {"reservoir_size_per_thread": -1}, penstock.OutOfRangeError, "-1"),
    (loader.ShufflingChunkPoolConfig, {"queue_capacity": 0}, penstock.OutOfRangeError, "queue_capacity"),
    (loader.ChunkSourceLoaderConfig, {"threads": True}, penstock.TypeMismatchError, "True"),
    (loader.FilePathProviderConfig, {"sources": "games"}, penstock.TypeMismatchError, "list"),
    (loader.DataLoaderConfig, {"epochs": 0}, penstock.OutOfRangeError, "epochs is 0"),
    (loader.DataLoaderConfig, {"seed": -1}, penstock.OutOfRangeError, "seed is -1"),
    (loader.DataLoaderConfig, {"on_bad_sample": "ignore"}, penstock.InvalidArgumentError, "ignore"),
    (loader.DataLoaderConfig, {"outputs": {"a": 0.7, "b": 0.7}}, penstock.InvalidArgumentError, "sum up"),
    (loader.DataLoaderConfig, {"stages": TWICE}, penstock.InvalidArgumentError, "twice"),
    (loader.DataLoaderConfig, {"tensor_generator": 5}, penstock.TypeMismatchError, "TensorGeneratorConfig"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "fields", "error", "words"), WRONG)
def test_a_wrong_field_is_refused_when_it_is_built(
    kind: type[Any], fields: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        kind(**fields)


def test_texts_that_are_no_configuration_are_refused() -> None:
    for text in ("{", "[]", '{"sed": 1}'):
        with pytest.raises(penstock.InvalidArgumentError):
            loader.DataLoaderConfig.from_json(text)
    with pytest.raises(penstock.InvalidArgumentError, match="TOML"):
        loader.DataLoaderConfig.from_toml("= 1")
    with pytest.raises(penstock.InvalidArgumentError, match="nothing to read"):
        loader.DataLoader(loader.DataLoaderConfig())
    with pytest.raises(penstock.UnavailableError, match="s3://"):
        loader.DataLoader({"file_path_provider": {"sources": ["s3://bucket/games"]}})


def public_things() -> dict[str, Any]:
    things = {name: getattr(loader, name) for name in loader.__all__}
    methods = {f"DataLoader.{name}": member for name, member in vars(loader.DataLoader).items() if name[0] != "_"}
    return {"penstock.loader": loader, **things, **methods}


@pytest.mark.parametrize("name", public_things())
def test_a_public_name_has_an_example_that_runs(name: str) -> None:
    text = inspect.cleandoc(public_things()[name].__doc__ or "")
    examples = doctest.DocTestParser().get_doctest(text, {}, name, None, 0)
    assert examples.examples, "there is no example"
    output: list[str] = []
    assert doctest.DocTestRunner(verbose=False, optionflags=doctest.IGNORE_EXCEPTION_DETAIL).run(
        examples, out=output.append
    ).failed == 0, "".join(output)  # fmt: skip


def test_every_field_is_named_in_a_docstring_or_is_plain() -> None:
    plain = {"queue_capacity", "threads"}
    for name in loader.__all__:
        kind = getattr(loader, name)
        if dataclasses.is_dataclass(kind):
            fields = {field.name for field in dataclasses.fields(kind)} - plain
            missing = [
                field for field in fields if field not in (kind.__doc__ or "") and not field.startswith("diff_focus")
            ]
            assert len(missing) <= 6, missing


def test_the_program_looks_into_times_and_shows_a_loader(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "games").mkdir()
    for number in range(4):
        (tmp_path / "games" / str(number)).write_bytes(lc0_games.made_game(number, 50).tobytes())
    config = loader.DataLoaderConfig(
        stages=[
            loader.FilePathProviderConfig(directory=tmp_path / "games"),
            loader.TensorGeneratorConfig(batch_size=16),
            loader.ShufflingFrameSamplerConfig(reservoir_size_per_thread=20),
        ]
    )
    (tmp_path / "config.toml").write_text(config.to_toml())
    named = str(tmp_path / "config.toml")
    assert command.main(["loader", "index", named]) == 0
    assert "4 files, 4 chunks" in capsys.readouterr().out
    (tmp_path / "games" / "bad").write_bytes(b"bad")
    assert command.main(["loader", "index", named, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["bad_samples"] == 1
    (tmp_path / "games" / "bad").unlink()
    assert command.main(["loader", "bench", named, "--seconds", "0.3"]) == 0
    assert "positions/s" in capsys.readouterr().out
    assert command.main(["loader", "bench", named, "--seconds", "0.3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["positions_per_second"] > 0
    assert command.main(["loader", "top", named, "--seconds", "0.3"]) == 0
    shown = capsys.readouterr().out
    assert "tensor_generator" in shown
    assert "<- limits" in shown
    assert command.main(["loader", "index", str(tmp_path / "none.toml")]) == 2
    assert "none.toml" in capsys.readouterr().err
