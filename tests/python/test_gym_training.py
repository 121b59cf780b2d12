"""A training loop as people write it for Gymnasium's vectors runs unchanged, and learns."""

from typing import Any

import gymnasium
import numpy as np
import penstock.gym
import pytest
import torch
from torch import nn

NUM_ENVS, STEPS = 32, 64
pytestmark = pytest.mark.usefixtures("one_thread_of_torch")


def proximal_policy_optimization(environments: gymnasium.vector.VectorEnv[Any, Any, Any], updates: int) -> list[float]:
    """The returns of the episodes that ended while it learned, oldest first."""
    torch.manual_seed(1)
    actor = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 2))
    critic = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 1))
    optimizer = torch.optim.Adam([*actor.parameters(), *critic.parameters()], 5e-3)
    returns: list[float] = []
    observation = torch.Tensor(environments.reset(seed=1)[0])
    was_over = torch.zeros(NUM_ENVS)
    for _ in range(updates):
        observations, actions = torch.zeros(STEPS, NUM_ENVS, 4), torch.zeros(STEPS, NUM_ENVS, dtype=torch.int64)
        log_probabilities, rewards, overs, values = torch.zeros(4, STEPS, NUM_ENVS)
        for step in range(STEPS):
            observations[step], overs[step] = observation, was_over
            with torch.no_grad():
                choice: Any = torch.distributions.Categorical(logits=actor(observation))
                actions[step] = choice.sample()
                log_probabilities[step] = choice.log_prob(actions[step])
                values[step] = critic(observation).flatten()
            seen, reward, terminations, truncations, infos = environments.step(actions[step].numpy())
            observation, rewards[step] = torch.Tensor(seen), torch.tensor(reward)
            was_over = torch.Tensor(np.logical_or(terminations, truncations))
            if "episode" in infos:
                returns += infos["episode"]["r"][infos["_episode"]].tolist()
        with torch.no_grad():
            advantages, later = torch.zeros(STEPS, NUM_ENVS), torch.zeros(NUM_ENVS)
            next_value, goes_on = critic(observation).flatten(), 1 - was_over
            for step in reversed(range(STEPS)):
                surprise = rewards[step] + 0.98 * next_value * goes_on - values[step]
                advantages[step] = later = surprise + 0.98 * 0.95 * goes_on * later
                next_value, goes_on = values[step], 1 - overs[step]
            goals = advantages + values
        for _ in range(4):
            choice = torch.distributions.Categorical(logits=actor(observations))
            ratio = (choice.log_prob(actions) - log_probabilities).exp()
            gain = torch.minimum(ratio * advantages, ratio.clamp(0.8, 1.2) * advantages).mean() / advantages.std()
            error = (critic(observations).squeeze(2) - goals).square().mean()
            optimizer.zero_grad()
            (0.01 * error - gain).backward()
            optimizer.step()
    return returns


def test_it_learns_with_gymnasiums_statistics_on_top() -> None:
    environments = penstock.gym.make_vec("CartPole-v1", NUM_ENVS)
    returns = proximal_policy_optimization(gymnasium.wrappers.vector.RecordEpisodeStatistics(environments), 12)
    assert np.mean(returns[-50:]) > 2 * np.mean(returns[:50])


def test_it_learns_the_same_from_gymnasiums_own_environments() -> None:
    options: dict[str, Any] = {"rng": "gymnasium", "precision": "f64", "episode_statistics": True}
    ours = proximal_policy_optimization(penstock.gym.make_vec("CartPole-v1", NUM_ENVS, **options), 3)
    vector = gymnasium.make_vec("CartPole-v1", NUM_ENVS, vectorization_mode="sync")
    theirs = proximal_policy_optimization(gymnasium.wrappers.vector.RecordEpisodeStatistics(vector), 3)
    assert ours == theirs
