"""Learns to pass the first room of Escape Room with PPO, in torch: two agents, one network, 1024 worlds, one core.

    python escape_room_ppo.py [--minutes 5] [--curve curve.json] [--save policy.pt] [--record run.psr] ...

An agent passes the room when it comes beyond the wall that its door is in: y > 40/3.  That is tried in the plain game,
all 200 steps of it, on seeds that were not trained on.  Training alone has it easier, in three ways:

- Rewards.  To the game's own comes what a state is worth more than the one before (worth(), below): agents near the
  buttons that they go to, cubes near the buttons of their side, a door that is open, agents that are through it.
- Episodes.  One ends when both agents are through, or after 120 steps; the agents do not see the time.
- Seeds.  The more often a kind of room is failed, the more often it is given (class Seeds).
"""

import argparse
import json
import time
from contextlib import nullcontext
from dataclasses import dataclass
from math import pi
from pathlib import Path
from typing import Any

import penstock
import torch
from torch import Tensor, nn

NUM_WORLDS, STEPS, EPISODE, EPOCHS, MINIBATCH = 1024, 32, 120, 2, 2048
DISCOUNT, TRACE, CLIP, LEARNING_RATE, ENTROPY = 0.985, 0.95, 0.2, 1e-3, 0.005
KNOWN_SEEDS = 1 << 17  # what is trained on is below this
TRIED_SEEDS, WATCHED_SEEDS = 10_000_000, 20_000_000  # the first that it is tried on at the end, and meanwhile
REPORT_SECONDS, WATCHED, ROOM_LENGTH = 20, 400, 40 / 3
TENSORS = ("action", "self", "partner", "entities", "door", "reward")
KINDS = ("one button", "two buttons", "cubes before the door", "cubes on the buttons")
CHOICES = (4, 8, 5, 2)  # how hard to push, where to, how to turn, whether to grab or let go


@dataclass
class Scene:
    """Where everything is in the first room of each world, [world, which, x and y], as its agents see it."""

    agents: Tensor
    buttons: Tensor
    cubes: Tensor
    door: Tensor
    is_open: Tensor
    kind: Tensor


class Rooms:
    """Worlds of the game, with their tensors lent to torch: each step writes the same memory."""

    def __init__(self, num_worlds: int, seed: int, episode_length: int = 200) -> None:
        self.worlds = penstock.worlds.make(
            "EscapeRoom", num_worlds, seed=seed, autoreset="disabled", episode_length=episode_length, threads=1
        )
        lent = [torch.from_dlpack(self.worlds.tensor(name)) for name in TENSORS]
        self.action, self.self, self.partner, self.entities, self.door, self.reward = lent

    def step(self, choices: Tensor) -> None:
        """Does what each agent chose."""
        self.action.copy_(choices)
        self.worlds.step()

    def features(self) -> Tensor:
        """What each agent sees, [world, agent, number]: places in tens of units to the right and ahead.  No lidar."""
        things = torch.cat([self.partner, self.door[:, :, None], self.entities[:, :, :5]], 2)  # a sixth there never is
        distance, angle, heading = things[..., 0] * 4, things[..., 1] * pi, self.self[..., 6:7] * pi
        own = [self.self[..., [0, 1, 3, 5, 7]], heading.sin(), heading.cos()]
        return torch.cat([*own, distance * angle.sin(), distance * angle.cos(), distance, things[..., 2]], 2)

    def scene(self) -> Scene:
        """The first rooms, as they look to the agent that is farther behind."""
        agents = self.self[..., [0, 3]] * torch.tensor([10.0, 40.0])
        behind = (torch.arange(len(agents)), agents[..., 1].argmin(1))
        things = torch.cat([self.door[:, :, None], self.entities], 2)[behind]
        angle = (things[..., 1] - self.self[behind][:, 6:7]) * pi
        places = agents[behind][:, None] + 40 * things[..., :1] * torch.stack([angle.sin(), angle.cos()], 2)
        count = (things[:, 1:, 2] > 0).sum(1)
        kind = torch.tensor([0, 0, 1, 1, 3, 2])[count]  # 1 button, 2, with 2 cubes, with 3
        return Scene(agents, places[:, 1:3], places[:, 3:6], places[:, 0], things[:, 0, 2] > 0, kind)


# --- what training adds to the game's rewards


def gap(these: Tensor, those: Tensor, reach: float) -> Tensor:
    """How far places are apart beyond a reach, from each of these to each of those."""
    distances: Tensor = (these[:, :, None] - those[:, None]).norm(dim=-1)
    return (distances - reach).clamp(min=0)


def best_pairing(costs: Tensor) -> Tensor:
    """The cost [world] of giving each of two agents another of two things."""
    return torch.minimum(costs[:, 0, 0] + costs[:, 1, 1], costs[:, 0, 1] + costs[:, 1, 0])


def worth_before_the_door(scene: Scene) -> Tensor:
    """How near they are to having opened it."""
    to_buttons = gap(scene.agents, scene.buttons, 1)
    # Each side's cube and button: 2.15 is half of both, and so is 2.5 of an agent and a cube.
    beyond = ((scene.cubes[:, :2] - scene.buttons).abs() - 2.15).clamp(min=0).norm(dim=-1)
    is_missing = (beyond > 0).float()
    to_cubes = best_pairing(gap(scene.agents, scene.cubes[:, :2], 2.5) * is_missing[:, None])
    both_pressed = -0.1 * best_pairing(to_buttons)
    by_kind = [
        -0.1 * to_buttons[:, :, 0].amin(1),
        both_pressed,
        both_pressed,
        -0.15 * beyond.sum(1) - 0.05 * to_cubes - 0.5 * is_missing.sum(1),
    ]
    return torch.stack(by_kind, 1).gather(1, scene.kind[:, None])[:, 0]


def worth(scene: Scene) -> Tensor:
    """What a state is worth to both agents: its growth is what training adds to their reward."""
    before = worth_before_the_door(scene)
    needs_cubes = scene.kind == 3  # there the door closes when a button is left
    is_through = (scene.agents[..., 1] > ROOM_LENGTH).float()
    # Just beyond the door; 30 is about as far as both can be from it.
    exit_place = torch.stack([scene.door[:, 0], torch.full_like(before, 14)], 1)
    to_exit = ((scene.agents - exit_place[:, None]).norm(dim=-1) * (1 - is_through)).sum(1)
    stays_open = scene.is_open & (~needs_cubes | (before == 0))
    at_door = torch.where(scene.is_open, 0.5 + torch.where(needs_cubes, before, 0), before)
    value = at_door - 0.05 * torch.where(stays_open, to_exit, 30) + is_through.sum(1)
    return torch.where(is_through.all(1), 2.5, value)  # they see the second room then


class Seeds:
    """Which episodes to train on: the more often a kind of room is failed, the more of its seeds."""

    def __init__(self, known: int = KNOWN_SEEDS) -> None:
        kinds = torch.cat([Rooms(4096, first).scene().kind for first in range(0, known, 4096)])
        self.of_kind = [(kinds == kind).nonzero()[:, 0] for kind in range(len(KINDS))]
        self.passed = torch.zeros(len(KINDS))  # the share of each kind's episodes, the last few hundred weighing most

    def draw(self, count: int) -> Tensor:
        """Seeds of as many episodes."""
        given = torch.zeros(count, dtype=torch.int64)
        chosen = torch.multinomial(1.05 - self.passed, count, replacement=True)
        for kind, seeds in enumerate(self.of_kind):
            places = (chosen == kind).nonzero()[:, 0]
            given[places] = seeds[torch.randint(len(seeds), (len(places),))]
        return given

    def learn_of(self, kinds: Tensor, passed: Tensor) -> None:
        """Takes note of episodes that ended."""
        for kind in range(len(KINDS)):
            news = passed[kinds == kind].float()
            if len(news):
                self.passed[kind] += (1 - 0.997 ** len(news)) * (news.mean() - self.passed[kind])


# --- the policy, and how it learns


def layer(inputs: int, outputs: int, gain: float) -> nn.Linear:
    """A layer that begins orthogonal."""
    made = nn.Linear(inputs, outputs)
    nn.init.orthogonal_(made.weight, gain)
    nn.init.zeros_(made.bias)
    return made


class Policy(nn.Module):
    """One network for both agents: how probable each choice is, and what is still to be gained."""

    def __init__(self, features: int, width: int = 128) -> None:
        super().__init__()
        self.body = nn.Sequential(layer(features, width, 1.4), nn.ReLU(), layer(width, width, 1.4), nn.ReLU())
        self.actor, self.critic = layer(width, sum(CHOICES), 0.01), layer(width, 1, 1.0)
        with torch.no_grad():  # it begins turning little and grabbing seldom
            self.actor.bias[sum(CHOICES[:2]) + 2] = 1
            self.actor.bias[sum(CHOICES[:3])] = 3

    def forward(self, features: Tensor) -> tuple[list[Tensor], Tensor]:
        """The logarithms for each of the choices, and the value."""
        seen = self.body(features)
        return [part.log_softmax(-1) for part in self.actor(seen).split(CHOICES, -1)], self.critic(seen)[..., 0]


def drawn(logarithms: list[Tensor]) -> Tensor:
    """A choice of each sort, with the probabilities whose logarithms are given."""
    return torch.stack([(part - torch.empty_like(part).exponential_().log()).argmax(-1) for part in logarithms], -1)


def logarithm_of(choices: Tensor, logarithms: list[Tensor]) -> Tensor:
    """That of the probability of all of an agent's choices together."""
    parts = [part.gather(-1, choices[..., sort, None])[..., 0] for sort, part in enumerate(logarithms)]
    return torch.stack(parts).sum(0)


@dataclass
class Rollout:
    """What was seen, done and given in STEPS steps: [step, world, agent, ...]; whether the episode ended then."""

    features: Tensor
    choices: Tensor
    logarithms: Tensor
    values: Tensor
    rewards: Tensor
    ends: Tensor


class Learner:
    """A policy, and the worlds that it learns in."""

    def __init__(self, seed: int, num_worlds: int = NUM_WORLDS, known_seeds: int = KNOWN_SEEDS) -> None:
        torch.manual_seed(seed)
        self.seeds = Seeds(known_seeds)
        self.rooms = Rooms(num_worlds, 0, episode_length=1_000_000)  # learning ends them itself
        self.seed_of_world = self.seeds.draw(num_worlds)
        self.rooms.worlds.reset(seed=self.seed_of_world.tolist())
        self.age = torch.randint(EPISODE, (num_worlds,))  # so that they do not all end at once
        scene = self.rooms.scene()
        self.kind, self.worth = scene.kind, worth(scene)
        self.policy = Policy(self.rooms.features().shape[-1])
        self.optimizer = torch.optim.Adam(self.policy.parameters(), LEARNING_RATE, eps=1e-5)
        self.mean, self.deviation = 0.0, 0.0  # of what the critic is to say: it says how many deviations off the mean

    def value(self, said: Tensor) -> Tensor:
        """What the critic means."""
        return said * self.deviation + self.mean

    @torch.no_grad()
    def collect(self, steps: int = STEPS) -> Rollout:
        """Steps the worlds.  Both agents get what is added, and their mean of the game's own."""
        taken: list[tuple[Tensor, ...]] = []
        for _ in range(steps):
            features = self.rooms.features()
            logarithms, said = self.policy(features)
            choices = drawn(logarithms)
            self.rooms.step(choices)
            scene = self.rooms.scene()
            now = worth(scene)
            rewards = ((now - self.worth)[:, None] + self.rooms.reward.mean(1)).repeat(1, 2)
            self.worth = now
            ends = self.end_episodes(scene, rewards)
            taken.append((features, choices, logarithm_of(choices, logarithms), self.value(said), rewards, ends))
        return Rollout(*map(torch.stack, zip(*taken, strict=True)))

    def end_episodes(self, scene: Scene, rewards: Tensor) -> Tensor:
        """Begins others where both are through or the time is over; what was cut off is worth what the critic says."""
        self.age += 1
        passed = (scene.agents[..., 1] > ROOM_LENGTH).all(1)
        ends = passed | (self.age >= EPISODE)
        if not ends.any():
            return ends
        cut_off = ends & ~passed
        rewards[cut_off] += DISCOUNT * self.value(self.policy(self.rooms.features()[cut_off])[1])
        self.seeds.learn_of(self.kind[ends], passed[ends])
        self.seed_of_world[ends] = self.seeds.draw(int(ends.sum()))
        self.rooms.worlds.reset(ends, seed=self.seed_of_world.tolist())
        scene = self.rooms.scene()
        self.age[ends], self.kind, self.worth = 0, scene.kind, worth(scene)
        return ends

    @torch.no_grad()
    def advantages(self, rollout: Rollout) -> Tensor:
        """How much better each choice turned out than the critic thought, by generalised advantage estimation."""
        advantages = torch.zeros_like(rollout.rewards)
        next_value = self.value(self.policy(self.rooms.features())[1])
        later = torch.zeros_like(next_value)
        for step in reversed(range(len(advantages))):
            goes_on = (~rollout.ends[step]).float()[:, None]
            surprise = rollout.rewards[step] + DISCOUNT * next_value * goes_on - rollout.values[step]
            later = advantages[step] = surprise + DISCOUNT * TRACE * goes_on * later
            next_value = rollout.values[step]
        return advantages

    @torch.no_grad()
    def follow(self, goals: Tensor) -> None:
        """Moves mean and deviation towards those of the goals, and the critic so that it means what it meant."""
        mean, deviation, share = float(goals.mean()), float(goals.std()), 0.02 if self.deviation else 1.0
        mean, deviation = self.mean + share * (mean - self.mean), self.deviation + share * (deviation - self.deviation)
        critic = self.policy.critic
        if self.deviation:
            critic.weight *= self.deviation / deviation
            critic.bias.copy_((critic.bias * self.deviation + self.mean - mean) / deviation)
        self.mean, self.deviation = mean, deviation

    def update(self, rollout: Rollout, left: float) -> float:
        """Makes what turned out well more probable, by a clipped step; left, of the time, goes from 1 to 0."""
        advantages = self.advantages(rollout)
        goals = advantages + rollout.values
        self.follow(goals)
        goals = ((goals - self.mean) / self.deviation).flatten()
        advantages = ((advantages - advantages.mean()) / (advantages.std() + 1e-8)).flatten()
        features, choices = rollout.features.flatten(0, 2), rollout.choices.flatten(0, 2)
        before = rollout.logarithms.flatten()
        self.optimizer.param_groups[0]["lr"] = LEARNING_RATE * (0.1 + 0.9 * left)
        for _ in range(EPOCHS):
            for batch in torch.split(torch.randperm(len(before)), MINIBATCH):
                logarithms, said = self.policy(features[batch])
                ratio = (logarithm_of(choices[batch], logarithms) - before[batch]).exp()
                gains = ratio * advantages[batch], ratio.clamp(1 - CLIP, 1 + CLIP) * advantages[batch]
                entropy = -torch.stack([(part.exp() * part).sum(-1) for part in logarithms]).sum(0).mean()
                error = (said - goals[batch]).square().mean()
                loss = 0.5 * error - torch.minimum(*gains).mean() - ENTROPY * left * entropy
                self.optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(self.policy.parameters(), 0.5)
                self.optimizer.step()
        return float(loss.detach())


@torch.no_grad()
def passed(policy: Policy | None, count: int, seed: int, record: Path | None = None) -> tuple[Tensor, Tensor]:
    """The kind of the first room of count episodes of the plain game, and which agents passed it, [episode, agent].

    Choices are drawn from the policy's probabilities; without a policy all are equally probable.
    """
    rooms = Rooms(count, seed)
    kind = rooms.scene().kind
    even = [torch.zeros(count, 2, choices) for choices in CHOICES]
    with rooms.worlds.record(record) if record else nullcontext():
        for _ in range(200):
            rooms.step(drawn(policy(rooms.features())[0] if policy else even))
    return kind, rooms.self[..., 5] * 40 > ROOM_LENGTH  # the largest y of the episode


def rates(policy: Policy | None, count: int, seed: int) -> dict[str, dict[str, float]]:
    """The share of episodes in which both agents passed, and at least one did: of all, and of each kind."""
    kind, who = passed(policy, count, seed)
    chosen = {"all": torch.ones_like(kind, dtype=torch.bool)} | {name: kind == k for k, name in enumerate(KINDS)}
    return {
        name: {
            "episodes": int(which.sum()),
            "both": round(float(who.all(1)[which].float().mean()), 4),
            "one": round(float(who.any(1)[which].float().mean()), 4),
        }
        for name, which in chosen.items()
        if which.any()
    }


def learn(learner: Learner, seconds: float) -> list[dict[str, Any]]:
    """Learns for as much processor time, and says how it goes; the curve is that of the plain game on watched seeds."""
    curve: list[dict[str, Any]] = []
    began, reported, steps = time.process_time(), 0.0, 0
    while (used := time.process_time() - began) < seconds:
        rollout = learner.collect()
        loss = learner.update(rollout, left=1 - used / seconds)
        steps += rollout.rewards.numel()
        used = time.process_time() - began
        if used - reported >= REPORT_SECONDS or used >= seconds:
            reported = used
            now = rates(learner.policy, WATCHED, WATCHED_SEEDS)
            curve.append({"cpu_seconds": round(used, 1), "agent_steps": steps, "rates": now})
            both = ", ".join(f"{name} {rate['both']:.2f}" for name, rate in now.items())
            print(f"{used:4.0f} s, {steps / 1e6:5.1f} M agent-steps, loss {loss:6.3f}; both passed: {both}", flush=True)
    return curve


def main() -> None:
    """Learns, then tries seeds that were never looked at, and puts random choices beside."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5, help="of one core's time (default: 5)")
    parser.add_argument("--seed", type=int, default=1, help="of the policy's first weights and of its choices")
    parser.add_argument("--seeds", type=int, default=1000, help="how many episodes to try at the end")
    parser.add_argument("--curve", type=Path, help="a JSON file to write, with the curve and the rates at the end")
    parser.add_argument("--save", type=Path, help="a file to write the policy to, for torch.load")
    parser.add_argument("--record", type=Path, help="a recording of 16 episodes to write, for penstock replay")
    options = parser.parse_args()
    began = time.perf_counter()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    random = rates(None, options.seeds, TRIED_SEEDS)
    learner = Learner(options.seed)
    curve = learn(learner, 60 * options.minutes)
    learnt = rates(learner.policy, options.seeds, TRIED_SEEDS)
    print(f"the first room of {options.seeds} new seeds  both: random, learnt    one: random, learnt")
    for name, rate in learnt.items():
        both, one = (f"{random[name][who]:12.1%} {rate[who]:7.1%}" for who in ("both", "one"))
        print(f"{name:34} {both}   {one}")
    used = {"cpu_seconds": round(time.process_time()), "seconds": round(time.perf_counter() - began)}
    print(f"{used['cpu_seconds']} s of processor time in all, {used['seconds']} s by the clock")
    if options.curve:
        options.curve.write_text(json.dumps({"random": random, "learnt": learnt, **used, "curve": curve}) + "\n")
    if options.save:
        torch.save(learner.policy.state_dict(), options.save)
    if options.record:
        passed(learner.policy, 16, TRIED_SEEDS, options.record)


if __name__ == "__main__":
    main()

# It prints:
#   ... s, ... M agent-steps, loss ...; both passed: all ..., one button ...
#   the first room of ... new seeds  both: random, learnt    one: random, learnt
#   all ...
#   one button ...
#   two buttons ...
#   cubes before the door ...
#   cubes on the buttons ...
#   ... s of processor time in all, ... s by the clock
