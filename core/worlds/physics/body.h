// What moves in the plane: circles and boxes with a place, an angle and velocities; and the boxes that never move.
//
// Units are the game's own: lengths, masses, seconds; angles are in radians, anticlockwise.  All of it is plain data, so
// that a world of bodies can be hashed, kept and restored as bytes.
#pragma once

#include <cmath>
#include <cstdint>

#include "core/base/host_device.h"
#include "core/base/math.h"

namespace penstock::core {

struct Vector {
  float x, y;

  friend PS_HD inline Vector operator+(Vector a, Vector b) { return {a.x + b.x, a.y + b.y}; }
  friend PS_HD inline Vector operator-(Vector a, Vector b) { return {a.x - b.x, a.y - b.y}; }
  friend PS_HD inline Vector operator*(float factor, Vector a) { return {factor * a.x, factor * a.y}; }
  PS_HD inline Vector operator-() const { return {-x, -y}; }
};

PS_HD inline float dot(Vector a, Vector b) { return a.x * b.x + a.y * b.y; }
PS_HD inline float cross(Vector a, Vector b) { return a.x * b.y - a.y * b.x; }
PS_HD inline Vector cross(float turn, Vector a) { return {-turn * a.y, turn * a.x}; }
PS_HD inline float length(Vector a) { return std::sqrt(dot(a, a)); }

// A rotation is its cosine and sine, as x and y.
PS_HD inline Vector rotate(Vector rotation, Vector a) {
  return {rotation.x * a.x - rotation.y * a.y, rotation.y * a.x + rotation.x * a.y};
}
PS_HD inline Vector rotate_back(Vector rotation, Vector a) {
  return {rotation.x * a.x + rotation.y * a.y, rotation.x * a.y - rotation.y * a.x};
}
PS_HD inline Vector rotation_of(float angle) {
  Lanes<float, 1> sine, cosine;
  sine_cosine(Lanes<float, 1>(angle), &sine, &cosine);
  return {cosine.vector, sine.vector};
}

// As std::min and std::max, without their headers: the first where a comparison is false, as NaN makes it.
PS_HD inline float smaller(float a, float b) { return b < a ? b : a; }
PS_HD inline float larger(float a, float b) { return a < b ? b : a; }
PS_HD inline float clamped(float a, float low, float high) { return smaller(larger(a, low), high); }

inline constexpr float pi_f32 = 3.14159265f;

// Within (-pi, pi], for an angle within three times that.
PS_HD inline float wrapped(float angle) {
  if (angle > pi_f32) return angle - 2 * pi_f32;
  if (angle <= -pi_f32) return angle + 2 * pi_f32;
  return angle;
}

enum class Shape : int32_t {
  none = 0,  // no body: a place that is free
  circle = 1,
  box = 2,
};

struct Body {
  Shape shape;
  Vector position;
  float angle;
  Vector rotation;  // of the angle
  Vector velocity;
  float angular_velocity;
  Vector half_size;  // of a box; a circle's radius, twice
  float inverse_mass, inverse_inertia;
  // By how much friction on the ground slows it, in units and radians a second each second.
  float ground_friction, ground_angular_friction;
};
static_assert(sizeof(Body) == 15 * sizeof(float), "no padding: it is hashed and kept as bytes");

// With its sides along the axes; it never moves.
struct StaticBox {
  Vector centre, half_size;
  int32_t id;  // 0 to 255, the same from step to step: contacts are known again by it
};

PS_HD inline void set_angle(Body *body, float angle) {
  body->angle = angle;
  body->rotation = rotation_of(angle);
}

// The radius of a circle around the whole body.
PS_HD inline float reach(const Body &body) {
  return body.shape == Shape::circle ? body.half_size.x : length(body.half_size);
}

PS_HD inline Body circle_body(Vector position, float radius, float mass) {
  return {
      Shape::circle, position, 0, {1, 0}, {0, 0}, 0, {radius, radius}, 1 / mass, 2 / (mass * radius * radius), 0, 0};
}

PS_HD inline Body box_body(Vector position, Vector half_size, float mass) {
  const float inertia = mass * dot(half_size, half_size) / 3;
  return {Shape::box, position, 0, {1, 0}, {0, 0}, 0, half_size, 1 / mass, 1 / inertia, 0, 0};
}

// Friction with the ground that bears its weight evenly: acceleration is friction times gravity.  A square that turns has
// it at 0.3826 of its side from the middle, on average.
PS_HD inline void set_ground_friction(Body *body, float acceleration) {
  constexpr float mean_distance = 0.3826f;
  const float side = body->half_size.x + body->half_size.y;
  body->ground_friction = acceleration;
  body->ground_angular_friction = acceleration * mean_distance * side * body->inverse_inertia / body->inverse_mass;
}

}  // namespace penstock::core
