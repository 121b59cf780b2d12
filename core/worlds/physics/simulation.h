// A room full of bodies, moved on by a fixed time in fixed substeps: no allocation, no state but the struct's, and one
// order in which everything is done, so that the same bytes and forces always give the same bytes.
//
// A body at rest that nothing comes near is left alone.  No two contacts are ever so many that one is dropped unless more
// than most_contacts pairs are near each other at once; then the last in order are.
#pragma once

#include "core/worlds/physics/solver.h"

namespace penstock::core {

inline constexpr int32_t most_bodies = 12, most_contacts = 48, most_welds = 2;

// What is remembered of a pair that touched, for the next step.  pair: the order in which contacts are solved.
struct KeptContact {
  int32_t pair;
  int32_t features[2];  // 0: no such point, but for circles, which have one point of feature 0
  float normal_impulses[2], tangent_impulses[2];
};

struct Simulation {
  Body bodies[most_bodies];
  Weld welds[most_welds];
  int32_t contact_count;
  KeptContact contacts[most_contacts];  // of those beyond the count all is 0
};

struct Force {
  Vector force;
  float torque;
};

struct StepOptions {
  float seconds;     // of the whole step
  int32_t substeps;  // at least 1
  float friction;    // between bodies, and with what never moves
};

// Moves the bodies on.  forces act on the first force_count bodies throughout the step.  Bodies do not collide with what
// they are welded to.  What is not finite makes more of its kind, and nothing worse.
PS_HD inline void simulate(Simulation *simulation, const StaticBox *boxes, int32_t box_count, const Force *forces,
                           int32_t force_count, const StepOptions &options);

// ---------------------------------------------------------------------------------------------------------------------
// How it is done.

// Two that may touch during the step; second is a body, or a box.
struct Pair {
  int32_t order;
  int32_t first, second;
  bool is_static;
};

// Of one step; not kept.
struct StepWork {
  bool is_awake[most_bodies];
  float radius[most_bodies];  // of a circle that holds the body wherever it goes in the step
  int32_t awake[most_bodies];
  int32_t awake_count;
  Pair pairs[most_contacts];
  Contact contacts[most_contacts];
  int32_t pair_count;
  Body ground;  // the second body of contacts with static boxes
};

PS_HD inline bool is_moving(const Body &body) {
  return body.velocity.x != 0 || body.velocity.y != 0 || body.angular_velocity != 0;
}

// How near bodies may come, beyond what they move by themselves, before they are looked at: what others push them.
inline constexpr float pushed_distance = 0.5f;

PS_HD inline void find_radii(StepWork *work, const Simulation &simulation, const Force *forces, int32_t force_count,
                             float seconds) {
  for (int32_t index = 0; index < most_bodies; ++index) {
    const Body &body = simulation.bodies[index];
    work->is_awake[index] = body.shape != Shape::none && (index < force_count || is_moving(body));
    if (body.shape == Shape::none) continue;
    float speed = is_moving(body) ? length(body.velocity) : 0;
    if (index < force_count) speed += length(forces[index].force) * body.inverse_mass * seconds;
    work->radius[index] = reach(body) + speed * seconds + pushed_distance;
  }
}

PS_HD inline bool are_near(const StepWork &work, const Simulation &simulation, int32_t first, int32_t second) {
  const Vector between = simulation.bodies[second].position - simulation.bodies[first].position;
  const float radii = work.radius[first] + work.radius[second];
  return dot(between, between) <= radii * radii;
}

// What is near one that is awake wakes up; and so on, until no more does.
PS_HD inline void wake_neighbours(StepWork *work, const Simulation &simulation) {
  for (const Weld &weld : simulation.welds)
    if (is_welded(weld)) work->is_awake[weld.first] = work->is_awake[weld.second] = true;
  work->awake_count = 0;
  for (int32_t index = 0; index < most_bodies; ++index)
    if (work->is_awake[index]) work->awake[work->awake_count++] = index;
  for (int32_t next = 0; next < work->awake_count; ++next) {
    for (int32_t index = 0; index < most_bodies; ++index) {
      if (work->is_awake[index] || simulation.bodies[index].shape == Shape::none) continue;
      if (!are_near(*work, simulation, work->awake[next], index)) continue;
      work->is_awake[index] = true;
      work->awake[work->awake_count++] = index;
    }
  }
}

PS_HD inline void add_pair(StepWork *work, int32_t first, int32_t second, bool is_static, int32_t id) {
  if (work->pair_count == most_contacts) return;
  const int32_t order = (is_static ? 1 << 16 : 0) + (first << 8) + id;
  work->pairs[work->pair_count++] = {order, first, second, is_static};
}

PS_HD inline void find_pairs(StepWork *work, const Simulation &simulation, const StaticBox *boxes, int32_t box_count) {
  work->pair_count = 0;
  for (int32_t first = 0; first < most_bodies; ++first) {
    if (!work->is_awake[first]) continue;
    for (int32_t second = first + 1; second < most_bodies; ++second) {
      if (!work->is_awake[second] || !are_near(*work, simulation, first, second)) continue;
      bool are_welded = false;
      for (const Weld &weld : simulation.welds)
        are_welded |= is_welded(weld) && weld.first == first && weld.second == second;
      if (!are_welded) add_pair(work, first, second, false, second);
    }
  }
  for (int32_t first = 0; first < most_bodies; ++first) {
    if (!work->is_awake[first]) continue;
    const Vector position = simulation.bodies[first].position;
    const float radius = work->radius[first];
    for (int32_t index = 0; index < box_count; ++index) {
      const Vector between = position - boxes[index].centre;
      const float x = larger(std::fabs(between.x) - boxes[index].half_size.x, 0);
      const float y = larger(std::fabs(between.y) - boxes[index].half_size.y, 0);
      if (x * x + y * y <= radius * radius) add_pair(work, first, index, true, boxes[index].id);
    }
  }
}

// Gives each pair the impulses that it had in the step before.  Both lists are in order.
PS_HD inline void recall_impulses(StepWork *work, Simulation *simulation) {
  int32_t kept = 0;
  for (int32_t index = 0; index < work->pair_count; ++index) {
    const Pair &pair = work->pairs[index];
    Contact &contact = work->contacts[index];
    contact.first = simulation->bodies + pair.first;
    contact.second = pair.is_static ? &work->ground : simulation->bodies + pair.second;
    contact.is_static = pair.is_static;
    contact.count = 0;
    while (kept < simulation->contact_count && simulation->contacts[kept].pair < pair.order) ++kept;
    if (kept == simulation->contact_count || simulation->contacts[kept].pair != pair.order) continue;
    const KeptContact &old = simulation->contacts[kept];
    for (int32_t point = 0; point < 2; ++point) {
      contact.points[point].feature = old.features[point];
      contact.points[point].normal_impulse = old.normal_impulses[point];
      contact.points[point].tangent_impulse = old.tangent_impulses[point];
    }
    contact.count = old.features[0] == 0 ? 1 : 2;
  }
}

PS_HD inline void keep_impulses(const StepWork &work, Simulation *simulation) {
  const int32_t old_count = simulation->contact_count;
  int32_t count = 0;
  for (int32_t index = 0; index < work.pair_count; ++index) {
    const Contact &contact = work.contacts[index];
    KeptContact kept = {work.pairs[index].order, {0, 0}, {0, 0}, {0, 0}};
    bool has_pushed = false;
    for (int32_t point = 0; point < contact.count; ++point) {
      kept.features[point] = contact.points[point].feature;
      kept.normal_impulses[point] = contact.points[point].normal_impulse;
      kept.tangent_impulses[point] = contact.points[point].tangent_impulse;
      has_pushed |= contact.points[point].normal_impulse != 0;
    }
    if (has_pushed) simulation->contacts[count++] = kept;
  }
  simulation->contact_count = count;
  for (; count < old_count; ++count) simulation->contacts[count] = {};
}

// Friction takes so much from a speed, but never more than there is.
PS_HD inline float slowed(float speed, float by) { return speed > by ? speed - by : 0; }

PS_HD inline void push(Body *body, const Force *force, float seconds) {
  if (force != nullptr) {
    body->velocity = body->velocity + (seconds * body->inverse_mass) * force->force;
    body->angular_velocity += seconds * body->inverse_inertia * force->torque;
  }
  if (body->ground_friction == 0 || !is_moving(*body)) return;
  const float speed = length(body->velocity), turn = std::fabs(body->angular_velocity);
  body->velocity = (speed > 0 ? slowed(speed, body->ground_friction * seconds) / speed : 0) * body->velocity;
  const float slower_turn = slowed(turn, body->ground_angular_friction * seconds);
  body->angular_velocity = body->angular_velocity < 0 ? -slower_turn : slower_turn;
}

PS_HD inline void move(Body *body, float seconds) {
  body->position = body->position + seconds * body->velocity;
  if (body->angular_velocity != 0) set_angle(body, wrapped(body->angle + seconds * body->angular_velocity));
}

// How far a point of the body may come in a substep: the sum of the speeds' sizes is at least that of the speed.
PS_HD inline float travel(const Body &body, float seconds) {
  const float turning =
      body.shape == Shape::box ? std::fabs(body.angular_velocity) * (body.half_size.x + body.half_size.y) : 0;
  return (std::fabs(body.velocity.x) + std::fabs(body.velocity.y) + turning) * seconds;
}

// Any body may be pushed as fast as the fastest: contacts are made that far ahead.
PS_HD inline void find_contacts(StepWork *work, const Simulation &simulation, const StaticBox *boxes, float seconds) {
  constexpr float least_margin = 0.02f;
  float farthest = 0;
  for (int32_t index = 0; index < work->awake_count; ++index)
    farthest = larger(farthest, travel(simulation.bodies[work->awake[index]], seconds));
  for (int32_t index = 0; index < work->pair_count; ++index) {
    Contact &contact = work->contacts[index];
    const Touch touch = contact.is_static
                            ? touch_static(*contact.first, boxes[work->pairs[index].second], least_margin + farthest)
                            : touch_bodies(*contact.first, *contact.second, least_margin + 2 * farthest);
    renew_contact(&contact, touch);
  }
}

PS_HD inline void solve(StepWork *work, Simulation *simulation, const SolverStep &step, bool use_bias) {
  for (Weld &weld : simulation->welds)
    if (is_welded(weld)) solve_weld(&weld, simulation->bodies, step, use_bias);
  for (int32_t index = 0; index < work->pair_count; ++index) solve_contact(&work->contacts[index], step, use_bias);
}

PS_HD inline void substep(StepWork *work, Simulation *simulation, const StaticBox *boxes, const Force *forces,
                          int32_t force_count, const SolverStep &step) {
  Body *bodies = simulation->bodies;
  for (int32_t index = 0; index < work->awake_count; ++index) {
    const int32_t body = work->awake[index];
    push(bodies + body, body < force_count ? forces + body : nullptr, step.seconds);
  }
  find_contacts(work, *simulation, boxes, step.seconds);
  for (const Weld &weld : simulation->welds)
    if (is_welded(weld)) warm_start(weld, bodies);
  for (int32_t index = 0; index < work->pair_count; ++index) warm_start(&work->contacts[index]);
  solve(work, simulation, step, true);
  for (int32_t index = 0; index < work->awake_count; ++index) move(bodies + work->awake[index], step.seconds);
  for (int32_t index = 0; index < work->pair_count; ++index) move_contact(&work->contacts[index], step.seconds);
  solve(work, simulation, step, false);
}

PS_HD inline void simulate(Simulation *simulation, const StaticBox *boxes, int32_t box_count, const Force *forces,
                           int32_t force_count, const StepOptions &options) {
  StepWork work;
  work.ground = {};
  find_radii(&work, *simulation, forces, force_count, options.seconds);
  wake_neighbours(&work, *simulation);
  find_pairs(&work, *simulation, boxes, box_count);
  recall_impulses(&work, simulation);
  const SolverStep step = solver_step(options.seconds / static_cast<float>(options.substeps), options.friction);
  for (int32_t count = 0; count < options.substeps; ++count)
    substep(&work, simulation, boxes, forces, force_count, step);
  keep_impulses(work, simulation);
}

}  // namespace penstock::core
