"""Learns CartPole from nothing with PPO, in torch, on one core: 64 worlds stepped at once, and no NumPy between.

    python cartpole_ppo.py [SEED]

Observations, rewards and flags come out of the worlds as tensors of torch's, and actions go in as such.
"""

import sys
import time
from dataclasses import dataclass
from typing import Any

import penstock.gym
import torch
from torch import Tensor, nn

NUM_ENVS, STEPS, EPOCHS, MINIBATCH = 64, 32, 6, 512
DISCOUNT, TRACE, CLIP, LEARNING_RATE, ENTROPY = 0.98, 0.9, 0.2, 2e-3, 0.005
MOST_UPDATES, SOLVED, MARGIN = 300, 475.0, 15.0


def network(outputs: int, scale: float) -> nn.Sequential:
    """From what is seen of cart and pole to some numbers, which begin near 0 where scale is small."""
    last = nn.Linear(64, outputs)
    nn.init.orthogonal_(last.weight, scale)
    nn.init.zeros_(last.bias)
    return nn.Sequential(nn.Linear(4, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), last)


@dataclass
class Rollout:
    """What was seen, done and given in STEPS steps of NUM_ENVS worlds: the first axis is time."""

    observations: Tensor
    actions: Tensor
    log_probabilities: Tensor
    values: Tensor
    rewards: Tensor
    ends: Tensor


class Learner:
    """A policy, what it thinks its chances are, and the worlds that it learns in."""

    def __init__(self, seed: int) -> None:
        torch.manual_seed(seed)
        self.environments = penstock.gym.make_vec(
            "CartPole-v1", NUM_ENVS, seed=seed, to="torch", autoreset_mode="SameStep"
        )
        self.observation: Tensor = self.environments.reset()[0]
        self.actor, self.critic = network(2, 0.01), network(1, 1.0)
        self.parameters = [*self.actor.parameters(), *self.critic.parameters()]
        self.optimizer = torch.optim.Adam(self.parameters, LEARNING_RATE, eps=1e-5)

    @torch.no_grad()
    def collect(self) -> Rollout:
        """Steps the worlds.  What was cut off is worth what the critic says of its last observation."""
        steps: list[tuple[Tensor, ...]] = []
        for _ in range(STEPS):
            choice: Any = torch.distributions.Categorical(logits=self.actor(self.observation), validate_args=False)
            action = choice.sample()
            observation, reward, terminated, truncated, infos = self.environments.step(action)
            if truncated.any():
                reward += DISCOUNT * truncated * self.critic(infos["final_obs"])[:, 0]
            value = self.critic(self.observation)[:, 0]
            steps.append((self.observation, action, choice.log_prob(action), value, reward, terminated | truncated))
            self.observation = observation
        return Rollout(*map(torch.stack, zip(*steps, strict=True)))

    @torch.no_grad()
    def advantages(self, rollout: Rollout) -> Tensor:
        """How much better each action turned out than the critic thought, by generalised advantage estimation."""
        advantages = torch.zeros(STEPS, NUM_ENVS)
        later, next_value = torch.zeros(NUM_ENVS), self.critic(self.observation)[:, 0]
        for step in reversed(range(STEPS)):
            goes_on = (~rollout.ends[step]).float()
            surprise = rollout.rewards[step] + DISCOUNT * next_value * goes_on - rollout.values[step]
            later = advantages[step] = surprise + DISCOUNT * TRACE * goes_on * later
            next_value = rollout.values[step]
        return advantages

    def update(self, rollout: Rollout) -> None:
        """Makes what turned out well more probable, by a clipped step."""
        advantages = self.advantages(rollout).flatten()
        goals = advantages + rollout.values.flatten()
        advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
        observations, actions = rollout.observations.flatten(0, 1), rollout.actions.flatten()
        before = rollout.log_probabilities.flatten()
        for _ in range(EPOCHS):
            for batch in torch.split(torch.randperm(len(actions)), MINIBATCH):
                choice: Any = torch.distributions.Categorical(
                    logits=self.actor(observations[batch]), validate_args=False
                )
                ratio = (choice.log_prob(actions[batch]) - before[batch]).exp()
                gain = torch.minimum(
                    ratio * advantages[batch], ratio.clamp(1 - CLIP, 1 + CLIP) * advantages[batch]
                ).mean()
                error = (self.critic(observations[batch])[:, 0] - goals[batch]).square().mean()
                self.optimizer.zero_grad()
                (0.5 * error - gain - ENTROPY * choice.entropy().mean()).backward()
                nn.utils.clip_grad_norm_(self.parameters, 0.5)
                self.optimizer.step()

    @torch.no_grad()
    def mean_return(self, seed: int, episodes: int = 100) -> float:
        """The mean return of whole episodes, each in a world of its own, always with the more probable action."""
        environments = penstock.gym.make_vec("CartPole-v1", episodes, to="torch", autoreset_mode="Disabled")
        observation: Tensor = environments.reset(seed=seed)[0]
        total, is_over = torch.zeros(episodes), torch.zeros(episodes, dtype=torch.bool)
        while not is_over.all():
            step: Any = environments.step(self.actor(observation).argmax(1))
            observation, total, is_over = step[0], total + step[1], step[2] | step[3]
        return float(total.mean())


def main() -> int:
    """Learns until 100 episodes go well beyond what is asked, then tries 100 that were not looked at before."""
    torch.set_num_threads(1)  # the networks are too small for more
    started = time.perf_counter()
    learner = Learner(seed=int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    for update in range(1, MOST_UPDATES + 1):
        learner.update(learner.collect())
        if update % 5 == 0 and learner.mean_return(seed=10_000) >= SOLVED + MARGIN:
            break
    seconds, steps = time.perf_counter() - started, update * STEPS * NUM_ENVS
    mean = learner.mean_return(seed=20_000)
    print(f"mean return of 100 new episodes: {mean:.1f}, after {steps} steps and {seconds:.1f} s")
    print("solved" if mean >= SOLVED else f"NOT SOLVED: expected at least {SOLVED}")
    return 0 if mean >= SOLVED else 1


if __name__ == "__main__":
    sys.exit(main())

# It prints:
#   mean return of 100 new episodes: ..., after ... steps and ... s
#   solved
