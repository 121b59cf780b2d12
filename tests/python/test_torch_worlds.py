"""Many worlds with torch's tensors in and out: what the same environments give with NumPy's arrays, and as tensors."""

from typing import Any

import numpy as np
import penstock.gym
import pytest
import torch
from penstock.gym.facts import ORIGINALS

NUM_ENVS = 6
MODES = ["NextStep", "SameStep", "Disabled"]


def make(name: str = "CartPole-v1", num_envs: int = NUM_ENVS, **options: Any) -> Any:
    """A vector of environments, without the types that Gymnasium has for it."""
    return penstock.gym.make_vec(name, num_envs, **options)


def check_equal(tensors: Any, arrays: Any) -> None:
    """The same numbers, in tensors and in arrays."""
    for tensor, array in zip(tensors, arrays, strict=True):
        assert isinstance(tensor, torch.Tensor)
        np.testing.assert_array_equal(tensor.numpy(), array)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ORIGINALS)
def test_each_step_equals_that_with_numpy(name: str, mode: str) -> None:
    options: dict[str, Any] = {"autoreset_mode": mode, "max_episode_steps": 30, "episode_statistics": True}
    tensors, arrays = make(name, to="torch", **options), make(name, **options)
    check_equal([tensors.reset(seed=3)[0]], [arrays.reset(seed=3)[0]])
    ended = np.zeros(NUM_ENVS, np.int64)
    for _ in range(100):
        actions = arrays.action_space.sample()
        with_tensors, with_arrays = tensors.step(torch.from_numpy(actions)), arrays.step(actions)
        check_equal(with_tensors[:4], with_arrays[:4])
        check_same_infos(with_tensors[4], with_arrays[4])
        is_over = with_arrays[2] | with_arrays[3]
        ended += is_over
        if mode == "Disabled" and is_over.any():
            chosen = {"reset_mask": is_over}
            check_equal([tensors.reset(options=chosen)[0]], [arrays.reset(options={**chosen})[0]])
    assert ended.all()


def check_same_infos(tensors: dict[str, Any], arrays: dict[str, Any]) -> None:
    """The same news of episodes that ended, where there are any; times are not told in tensors."""
    assert tensors.keys() == arrays.keys()
    if "final_obs" in arrays:
        is_over = arrays["_final_obs"]
        check_equal([tensors["_final_obs"], tensors["_final_info"]], [is_over, arrays["_final_info"]])
        check_equal(tensors["final_obs"][is_over], np.stack(list(arrays["final_obs"][is_over])))
    if "episode" in arrays:
        check_equal([tensors["_episode"], tensors["episode"]["l"]], [arrays["_episode"], arrays["episode"]["l"]])
        np.testing.assert_allclose(tensors["episode"]["r"], arrays["episode"]["r"], rtol=1e-6)


def test_an_episode_that_stands_still_is_told_of_once() -> None:
    environments = make(to="torch", autoreset_mode="Disabled", max_episode_steps=2, episode_statistics=True)
    environments.reset(seed=1)
    news = [environments.step([step % 2] * NUM_ENVS)[4] for step in range(4)]
    assert ["episode" in infos for infos in news] == [False, True, False, False]
    assert news[1]["episode"]["l"].tolist() == [2] * NUM_ENVS


def test_dtypes_are_those_of_the_engine() -> None:
    environments = make(to="torch")
    assert environments.reset(seed=1)[0].dtype == torch.float32
    step = environments.step(torch.zeros(NUM_ENVS, dtype=torch.int64))
    assert [part.dtype for part in step[:4]] == [torch.float32, torch.float32, torch.bool, torch.bool]


def test_numpy_is_not_asked_to_convert(monkeypatch: pytest.MonkeyPatch) -> None:
    environments = make(to="torch", autoreset_mode="SameStep", episode_statistics=True, max_episode_steps=2)
    observation = environments.reset(seed=1)[0]

    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("a tensor was converted to NumPy")

    monkeypatch.setattr(torch.Tensor, "__array__", refuse)
    monkeypatch.setattr(torch.Tensor, "numpy", refuse)
    for _ in range(4):
        observation = environments.step((observation[:, 2] > 0).long())[0]


@pytest.mark.parametrize("mode", MODES)
def test_what_was_kept_stays_as_it_was(mode: str) -> None:
    environments = make(to="torch", autoreset_mode=mode, max_episode_steps=3, episode_statistics=True)
    kept = [environments.reset(seed=1)[0]]
    for step in range(4):
        observation, *rest, infos = environments.step(torch.full((NUM_ENVS,), step % 2))
        kept += [observation, *rest, *infos.get("episode", {}).values()]
        kept += [news for news in infos.values() if isinstance(news, torch.Tensor)]
    values = [each.clone() for each in kept]
    environments.step(torch.ones(NUM_ENVS, dtype=torch.int64))
    environments.reset()
    assert all(torch.equal(*pair) for pair in zip(kept, values, strict=True))


def test_without_copies_the_same_memory_is_written_each_time() -> None:
    lent, copied = make(to="torch", copy=False), make(to="torch")
    first = lent.reset(seed=1)[0]
    copied.reset(seed=1)
    for _ in range(30):
        actions = (first[:, 2] > 0).long()
        in_place = lent.step(actions)
        check_equal(in_place[:4], copied.step(actions)[:4])
        assert in_place[0] is first


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "int64", "uint16", "uint32", "uint64", "bool"])
def test_any_integers_are_actions(dtype: str) -> None:
    given, expected = make(to="torch"), make(to="torch")
    given.reset(seed=1), expected.reset(seed=1)
    actions = [0, 1, 1, 0, 1, 0]
    stepped = given.step(torch.tensor(actions).to(getattr(torch, dtype)))[0]
    assert torch.equal(stepped, expected.step(actions)[0])


def test_an_action_that_was_computed_takes_its_gradient_nowhere() -> None:
    environments = make("Pendulum-v1", to="torch")
    environments.reset(seed=1)
    force = torch.ones(NUM_ENVS, 1, requires_grad=True)
    assert not environments.step(2 * force)[0].requires_grad


REFUSED: list[tuple[str, Any, str]] = [
    ("CartPole-v1", [0, 0, 2, 0, 0, 0], "the action of world 2 is 2: expected 0 to 1"),
    ("CartPole-v1", torch.tensor([0, 1 << 32, 0, 0, 0, 0]), "the action of world 1 is 4294967296: expected one of"),
    ("CartPole-v1", torch.zeros(NUM_ENVS), r"torch.float32 of shape \(6,\): expected some of MultiDiscrete"),
    ("CartPole-v1", torch.zeros(1, dtype=torch.int64), r"torch.int64 of shape \(1,\)"),
    ("CartPole-v1", None, "of which torch makes no tensor"),
    ("Pendulum-v1", torch.zeros(NUM_ENVS), r"torch.float32 of shape \(6,\): expected some of Box"),
    ("Pendulum-v1", torch.full((NUM_ENVS, 1), torch.nan), "the action of world 0 is nan"),
    ("Pendulum-v1", torch.zeros(NUM_ENVS, 1, dtype=torch.complex64), "torch.complex64"),
]


@pytest.mark.parametrize(("name", "actions", "message"), REFUSED)
def test_actions_that_fit_no_space_are_refused_and_change_nothing(name: str, actions: Any, message: str) -> None:
    environments = make(name, to="torch")
    environments.reset(seed=1)
    before = environments.worlds.hash().tolist()
    with pytest.raises(penstock.Error, match=f"(?s){name}: .*{message}"):
        environments.step(actions)
    assert environments.worlds.hash().tolist() == before


def test_a_library_that_is_none_is_refused() -> None:
    with pytest.raises(penstock.InvalidArgumentError, match="CartPole-v1: to is 'jax': expected 'numpy' or 'torch'"):
        make(to="jax")
