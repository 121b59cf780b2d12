// How touching bodies push each other, and how welded ones hold together: velocities are corrected, one contact or weld
// after another, by impulses that are remembered (warm starting) and that give way a little, like damped springs (soft
// constraints, as E. Catto's "Solver2D", 2024, compares them), so that few corrections a substep suffice.
#pragma once

#include "core/worlds/physics/collide.h"

namespace penstock::core {

// What makes a constraint a spring of a given frequency, critically damped or more, in steps of some seconds.
struct Softness {
  float bias_rate, mass_scale, impulse_scale;
};
PS_HD inline Softness softness(float hertz, float damping_ratio, float seconds) {
  const float omega = 2 * pi_f32 * hertz;
  const float first = 2 * damping_ratio + seconds * omega, second = seconds * omega * first;
  const float third = 1 / (1 + second);
  return {omega / first, second * third, third};
}

// Of one substep.
struct SolverStep {
  float seconds, per_second;
  float friction;        // of surfaces against each other: tangential over normal force
  Softness soft, stiff;  // between two bodies; against what never moves, and of welds
};
PS_HD inline SolverStep solver_step(float seconds, float friction) {
  const float highest = 0.25f / seconds;  // a spring that is faster than that is not seen by the substeps
  return {seconds, 1 / seconds, friction, softness(highest, 10, seconds), softness(2 * highest, 10, seconds)};
}

// The fastest at which overlap is pushed apart, in units a second.
inline constexpr float fastest_push = 10;

struct ContactPoint {
  Vector first_arm, second_arm;  // from the bodies' middles
  float separation;
  float normal_mass, tangent_mass;
  float normal_impulse, tangent_impulse;
  int32_t feature;
};

// The second body of a contact with a static box is one that never moves: its inverse mass is 0.
struct Contact {
  Body *first, *second;
  bool is_static;
  Vector normal;
  int32_t count;
  ContactPoint points[2];
};

PS_HD inline Vector velocity_at(const Body &body, Vector arm) {
  return body.velocity + cross(body.angular_velocity, arm);
}

PS_HD inline void push_apart(Contact *contact, const ContactPoint &point, Vector impulse) {
  Body &first = *contact->first, &second = *contact->second;
  first.velocity = first.velocity - first.inverse_mass * impulse;
  first.angular_velocity -= first.inverse_inertia * cross(point.first_arm, impulse);
  second.velocity = second.velocity + second.inverse_mass * impulse;
  second.angular_velocity += second.inverse_inertia * cross(point.second_arm, impulse);
}

// The mass that an impulse at the point, in this direction, has to move.
PS_HD inline float mass_along(const Contact &contact, const ContactPoint &point, Vector direction) {
  const Body &first = *contact.first, &second = *contact.second;
  const float first_turn = cross(point.first_arm, direction), second_turn = cross(point.second_arm, direction);
  const float inverse = first.inverse_mass + second.inverse_mass + first.inverse_inertia * first_turn * first_turn +
                        second.inverse_inertia * second_turn * second_turn;
  return inverse > 0 ? 1 / inverse : 0;
}

// Makes the contact of what touches now, with the impulses of the points that it had before.
PS_HD inline void renew_contact(Contact *contact, const Touch &touch) {
  ContactPoint old[2] = {contact->points[0], contact->points[1]};
  const int32_t old_count = contact->count;
  contact->count = touch.count;
  if (touch.count == 0) return;
  contact->normal = touch.normal;
  const Vector tangent = {-touch.normal.y, touch.normal.x};
  for (int32_t index = 0; index < touch.count; ++index) {
    ContactPoint &point = contact->points[index];
    const TouchPoint &touched = touch.points[index];
    point.first_arm = touched.place - contact->first->position;
    point.second_arm = contact->is_static ? Vector{0, 0} : touched.place - contact->second->position;
    point.separation = touched.separation;
    point.feature = touched.feature;
    point.normal_impulse = point.tangent_impulse = 0;
    for (int32_t other = 0; other < old_count; ++other) {
      if (old[other].feature != touched.feature) continue;
      point.normal_impulse = old[other].normal_impulse;
      point.tangent_impulse = old[other].tangent_impulse;
    }
    point.normal_mass = mass_along(*contact, point, touch.normal);
    point.tangent_mass = mass_along(*contact, point, tangent);
  }
}

PS_HD inline void warm_start(Contact *contact) {
  const Vector tangent = {-contact->normal.y, contact->normal.x};
  for (int32_t index = 0; index < contact->count; ++index) {
    const ContactPoint &point = contact->points[index];
    push_apart(contact, point, point.normal_impulse * contact->normal + point.tangent_impulse * tangent);
  }
}

// use_bias: also push apart what overlaps.  Without it what that added to the velocities is taken out again.
PS_HD inline void solve_contact(Contact *contact, const SolverStep &step, bool use_bias) {
  const Vector normal = contact->normal, tangent = {-normal.y, normal.x};
  const Softness soft = contact->is_static ? step.stiff : step.soft;
  for (int32_t index = 0; index < contact->count; ++index) {
    ContactPoint &point = contact->points[index];
    float bias = 0, mass_scale = 1, impulse_scale = 0;
    if (point.separation > 0) {
      bias = point.separation * step.per_second;  // they may come as near as that
    } else if (use_bias) {
      bias = larger(soft.bias_rate * point.separation, -fastest_push);
      mass_scale = soft.mass_scale;
      impulse_scale = soft.impulse_scale;
    }
    const Vector apart =
        velocity_at(*contact->second, point.second_arm) - velocity_at(*contact->first, point.first_arm);
    const float change =
        -point.normal_mass * mass_scale * (dot(apart, normal) + bias) - impulse_scale * point.normal_impulse;
    const float impulse = larger(point.normal_impulse + change, 0);
    const float added = impulse - point.normal_impulse;
    point.normal_impulse = impulse;
    if (added != 0) push_apart(contact, point, added * normal);
  }
  for (int32_t index = 0; index < contact->count; ++index) {
    ContactPoint &point = contact->points[index];
    const float most = step.friction * point.normal_impulse;
    if (most == 0 && point.tangent_impulse == 0) continue;
    const Vector apart =
        velocity_at(*contact->second, point.second_arm) - velocity_at(*contact->first, point.first_arm);
    const float impulse = clamped(point.tangent_impulse - point.tangent_mass * dot(apart, tangent), -most, most);
    const float added = impulse - point.tangent_impulse;
    point.tangent_impulse = impulse;
    if (added != 0) push_apart(contact, point, added * tangent);
  }
}

// After the bodies moved: how far apart the points are now.
PS_HD inline void move_contact(Contact *contact, float seconds) {
  for (int32_t index = 0; index < contact->count; ++index) {
    ContactPoint &point = contact->points[index];
    const Vector apart =
        velocity_at(*contact->second, point.second_arm) - velocity_at(*contact->first, point.first_arm);
    point.separation += seconds * dot(apart, contact->normal);
  }
}

// Holds one body to another at a point and at an angle.
struct Weld {
  int32_t first, second;               // bodies; both 0 where there is no weld
  Vector first_anchor, second_anchor;  // the point, in each body's own frame
  float angle;                         // the second's less the first's
  Vector impulse;
  float angular_impulse;
};
static_assert(sizeof(Weld) == 10 * sizeof(float), "no padding: it is hashed and kept as bytes");

PS_HD inline bool is_welded(const Weld &weld) { return weld.first != weld.second; }

PS_HD inline Weld weld_at(const Body *bodies, int32_t first, int32_t second, Vector place) {
  const Body &a = bodies[first], &b = bodies[second];
  return {first,
          second,
          rotate_back(a.rotation, place - a.position),
          rotate_back(b.rotation, place - b.position),
          wrapped(b.angle - a.angle),
          {0, 0},
          0};
}

PS_HD inline void apply_weld(Body *first, Body *second, Vector first_arm, Vector second_arm, Vector impulse,
                             float turn) {
  first->velocity = first->velocity - first->inverse_mass * impulse;
  first->angular_velocity -= first->inverse_inertia * (cross(first_arm, impulse) + turn);
  second->velocity = second->velocity + second->inverse_mass * impulse;
  second->angular_velocity += second->inverse_inertia * (cross(second_arm, impulse) + turn);
}

PS_HD inline void warm_start(const Weld &weld, Body *bodies) {
  Body *first = bodies + weld.first, *second = bodies + weld.second;
  apply_weld(first, second, rotate(first->rotation, weld.first_anchor), rotate(second->rotation, weld.second_anchor),
             weld.impulse, weld.angular_impulse);
}

PS_HD inline void solve_weld(Weld *weld, Body *bodies, const SolverStep &step, bool use_bias) {
  Body &first = bodies[weld->first], &second = bodies[weld->second];
  const Vector first_arm = rotate(first.rotation, weld->first_anchor);
  const Vector second_arm = rotate(second.rotation, weld->second_anchor);
  const Softness soft = use_bias ? step.stiff : Softness{0, 1, 0};

  const float twist = wrapped(second.angle - first.angle - weld->angle);
  const float turn_rate = second.angular_velocity - first.angular_velocity + soft.bias_rate * twist;
  const float turn_mass = 1 / (first.inverse_inertia + second.inverse_inertia);
  const float turn = -turn_mass * soft.mass_scale * turn_rate - soft.impulse_scale * weld->angular_impulse;
  weld->angular_impulse += turn;
  apply_weld(&first, &second, first_arm, second_arm, {0, 0}, turn);

  const Vector gap = second.position + second_arm - first.position - first_arm;
  const Vector rate = velocity_at(second, second_arm) - velocity_at(first, first_arm) + soft.bias_rate * gap;
  const float mass = first.inverse_mass + second.inverse_mass;
  const float xx =
      mass + first.inverse_inertia * first_arm.y * first_arm.y + second.inverse_inertia * second_arm.y * second_arm.y;
  const float yy =
      mass + first.inverse_inertia * first_arm.x * first_arm.x + second.inverse_inertia * second_arm.x * second_arm.x;
  const float xy =
      -first.inverse_inertia * first_arm.x * first_arm.y - second.inverse_inertia * second_arm.x * second_arm.y;
  const float per_determinant = 1 / (xx * yy - xy * xy);
  const Vector needed = per_determinant * Vector{yy * rate.x - xy * rate.y, xx * rate.y - xy * rate.x};
  const Vector impulse = -soft.mass_scale * needed - soft.impulse_scale * weld->impulse;
  weld->impulse = weld->impulse + impulse;
  apply_weld(&first, &second, first_arm, second_arm, impulse, 0);
}

}  // namespace penstock::core
