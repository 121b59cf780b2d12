"""Steps 1024 Escape Rooms, trains a small policy on them with NumPy alone, and writes a page that shows it.

    python demo_worlds.py [--seconds 20] [--page escape_room.html]

The policy is linear: from what an agent sees (itself, its partner, buttons, cubes, the door, its lidar) to the scores
of what it may do.  It learns by policy gradients: what was followed by more reward than expected becomes likelier.
"""

import argparse
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import penstock

Array: TypeAlias = npt.NDArray[Any]

SEEN = ["self", "partner", "entities", "door", "lidar"]
CHOICES = [4, 8, 5, 2]  # how much to move, where to, turning, grabbing
BOUNDS = np.cumsum([0, *CHOICES])
ROLLOUT = 20  # steps between two lessons
DISCOUNT = 0.98
LESSON = 0.01  # how far a weight goes in one lesson


class Rooms:
    """Escape Rooms whose agents stand one below the other: [worlds * 2, ...]."""

    def __init__(self, num_worlds: int, seed: int) -> None:
        self.worlds = penstock.worlds.make("EscapeRoom", num_worlds=num_worlds, seed=seed)
        agents = 2 * num_worlds
        self.views = [self.array(name).reshape(agents, -1) for name in SEEN]
        self.action = self.array("action").reshape(agents, len(CHOICES))
        self.reward = self.array("reward").reshape(agents)
        self.ended = self.array("truncated")

    def array(self, name: str) -> Array:
        """One of the worlds' tensors, which each step writes, as NumPy sees it."""
        return np.from_dlpack(self.worlds.tensor(name))

    def see(self) -> Array:
        """What each agent sees, with a 1 behind."""
        return np.hstack([*self.views, np.ones((len(self.reward), 1), np.float32)])

    def farthest(self) -> Array:
        """How far each agent has come in this episode, 40 being the exit."""
        return self.views[0][:, 5] * 40


class Policy:
    """Scores of what an agent may do, and what it expects to get from here on."""

    def __init__(self, inputs: int, seed: int) -> None:
        self.chance = np.random.default_rng(seed)
        self.weights = np.zeros((inputs, BOUNDS[-1] + 1), np.float32)  # the last column is the expectation
        self.mean = np.zeros_like(self.weights)
        self.square = np.zeros_like(self.weights)
        self.lessons = 0

    def probabilities(self, seen: Array) -> Array:
        """Of each choice, side by side."""
        scores: Array = np.exp(np.clip(seen @ self.weights[:, :-1], -20, 20))
        for begin, end in pairwise(BOUNDS):
            scores[:, begin:end] /= scores[:, begin:end].sum(axis=1, keepdims=True)
        return scores

    def act(self, seen: Array, action: Array) -> tuple[Array, Array]:
        """Writes an action for each agent; gives the probabilities, and a 1 for what was chosen."""
        likely = self.probabilities(seen)
        chosen = np.zeros_like(likely)
        for choice, (begin, end) in enumerate(pairwise(BOUNDS)):
            drawn = self.chance.random((len(seen), 1), np.float32)
            action[:, choice] = (likely[:, begin:end].cumsum(axis=1)[:, :-1] < drawn).sum(axis=1)
            chosen[np.arange(len(seen)), begin + action[:, choice]] = 1
        return likely, chosen

    def learn(self, gradient: Array) -> None:
        """Adam, upwards."""
        self.lessons += 1
        self.mean += 0.1 * (gradient - self.mean)
        self.square += 0.01 * (gradient**2 - self.square)
        mean, square = self.mean / (1 - 0.9**self.lessons), self.square / (1 - 0.99**self.lessons)
        self.weights += LESSON * mean / (np.sqrt(square) + 1e-8)


def teach(policy: Policy, rooms: Rooms) -> None:
    """Lets the agents act for some steps, and teaches the policy what came of it."""
    seen, surprise, rewards, goes_on = [], [], [], []
    for _ in range(ROLLOUT):
        seen.append(rooms.see())
        likely, chosen = policy.act(seen[-1], rooms.action)
        rooms.worlds.step()
        surprise.append(chosen - likely)
        rewards.append(rooms.reward.copy())
        goes_on.append(np.repeat(~rooms.ended, 2))
    expected = [row @ policy.weights[:, -1] for row in [*seen, rooms.see()]]
    got = expected[-1]
    gains = []
    for step in reversed(range(ROLLOUT)):
        got = rewards[step] + DISCOUNT * got * goes_on[step]
        gains.append(got - expected[step])
    gain = np.concatenate(gains[::-1])
    what = np.concatenate(seen)
    worth = ((gain - gain.mean()) / (gain.std() + 1e-6))[:, None]
    gradient = np.hstack([what.T @ (np.concatenate(surprise) * worth), (what.T @ gain)[:, None]])
    policy.learn(gradient / len(what))


def play(policy: Policy, rooms: Rooms) -> tuple[float, float, float]:
    """An episode in every room: an agent's mean reward, how far it came, and the share that passed the first room."""
    total = np.zeros_like(rooms.reward)
    farthest = rooms.farthest().copy()
    for _ in range(rooms.worlds.episode_length):
        farthest = np.maximum(farthest, rooms.farthest())
        policy.act(rooms.see(), rooms.action)
        rooms.worlds.step()
        total += rooms.reward
    return float(total.mean()), float(farthest.mean()), float((farthest > 40 / 3).mean())


def speed(rooms: Rooms, seconds: float) -> float:
    """Agent-steps a second, all observations written."""
    begin, steps = time.perf_counter(), 0
    while time.perf_counter() - begin < seconds:
        rooms.worlds.step()
        steps += 1
    return steps * len(rooms.reward) / (time.perf_counter() - begin)


def main() -> None:
    """The demo."""
    words = argparse.ArgumentParser(description="Trains two agents to leave three rooms together, and shows them.")
    words.add_argument("--seconds", type=float, default=20, help="how long to train; by default 20")
    words.add_argument("--page", type=Path, default=Path("escape_room.html"), help="the page to write")
    chosen = words.parse_args()

    rooms = Rooms(1024, seed=0)
    print(f"6. 1024 Escape Rooms, two agents each, are stepped: {speed(rooms, 1):,.0f} agent-steps a second.")
    policy = Policy(rooms.see().shape[1], seed=0)
    said = "   {}: an agent gets {:.2f} in an episode, comes {:.1f} of 40 far; {:.0%} pass the first room"
    print(f"\n7. A linear policy learns for {chosen.seconds:g} s, with NumPy, and is tried in other rooms.")
    before = play(policy, Rooms(256, seed=1_000_000))
    print(said.format("before", *before))
    rooms.worlds.reset()
    end = time.perf_counter() + chosen.seconds
    while time.perf_counter() < end:
        teach(policy, rooms)
    after = play(policy, Rooms(256, seed=1_000_000))
    print(said.format(f"after {policy.lessons} lessons", *after))

    shown = Rooms(8, seed=2_000_000)
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "escape_room.psr"
        with shown.worlds.record(recording):
            play(policy, shown)
        penstock.worlds.replay_page(recording, chosen.page)
    print(f"\n8. Eight other rooms were recorded.  To watch them, open {chosen.page.resolve()} in a browser.")


if __name__ == "__main__":
    main()
