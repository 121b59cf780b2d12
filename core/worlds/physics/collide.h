// Where two shapes touch, or soon will: up to two points, with how far apart the surfaces are there.
#pragma once

#include "core/worlds/physics/body.h"

namespace penstock::core {

struct TouchPoint {
  Vector place;      // in the world, midway between the surfaces
  float separation;  // along the normal; below 0 where they overlap
  int32_t feature;   // which corners and sides: the same point has the same number in the next step
};

struct Touch {
  Vector normal;  // unit, from the first shape to the second
  int32_t count;  // 0: farther apart than the margin
  TouchPoint points[2];
};

// A box as it lies in the world.
struct PlacedBox {
  Vector centre, rotation, half_size;
};
PS_HD inline PlacedBox placed(const Body &body) { return {body.position, body.rotation, body.half_size}; }
PS_HD inline PlacedBox placed(const StaticBox &box) { return {box.centre, {1, 0}, box.half_size}; }

PS_HD inline Touch touch_circles(Vector first, float first_radius, Vector second, float second_radius, float margin) {
  Touch touch;
  touch.count = 0;
  const Vector across = second - first;
  const float square = dot(across, across), radii = first_radius + second_radius, farthest = radii + margin;
  if (square > farthest * farthest) return touch;
  const float distance = std::sqrt(square);
  touch.normal = distance > 0 ? (1 / distance) * across : Vector{0, 1};
  touch.count = 1;
  const float middle = 0.5f * (first_radius + (distance - second_radius));
  touch.points[0] = {first + middle * touch.normal, distance - radii, 0};
  return touch;
}

// The point of a box that is nearest to a place given in the box's own frame, with how far outside (or, below 0, inside) it is.
struct NearestOnBox {
  Vector direction;  // unit, from the box outwards
  float distance;
};
PS_HD inline NearestOnBox nearest_on_box(Vector place, Vector half_size) {
  const Vector inside = {clamped(place.x, -half_size.x, half_size.x), clamped(place.y, -half_size.y, half_size.y)};
  const Vector outwards = place - inside;
  const float square = dot(outwards, outwards);
  if (square > 0) {
    const float distance = std::sqrt(square);
    return {(1 / distance) * outwards, distance};
  }
  const float to_side = half_size.x - std::fabs(place.x), to_top = half_size.y - std::fabs(place.y);
  if (to_side < to_top) return {{place.x < 0 ? -1.0f : 1.0f, 0}, -to_side};
  return {{0, place.y < 0 ? -1.0f : 1.0f}, -to_top};
}

PS_HD inline Touch touch_circle_and_box(Vector centre, float radius, const PlacedBox &box, float margin) {
  Touch touch;
  touch.count = 0;
  const Vector place = rotate_back(box.rotation, centre - box.centre);
  const NearestOnBox nearest = nearest_on_box(place, box.half_size);
  if (!(nearest.distance <= radius + margin)) return touch;
  touch.normal = -rotate(box.rotation, nearest.direction);
  touch.count = 1;
  touch.points[0] = {centre + 0.5f * (nearest.distance + radius) * touch.normal, nearest.distance - radius, 0};
  return touch;
}

// The side of one box along which another is farthest away from it.
struct SideApart {
  int32_t side;  // 0 right, 1 top, 2 left, 3 bottom, before it is turned
  float separation;
};
PS_HD inline SideApart farthest_side(const PlacedBox &box, const PlacedBox &other) {
  const Vector between = rotate_back(box.rotation, other.centre - box.centre);
  // The other's axes in this one's frame: how far it reaches along each of this one's axes.
  const Vector axis = rotate_back(box.rotation, other.rotation);
  const float cosine = std::fabs(axis.x), sine = std::fabs(axis.y);
  const float x_apart =
      std::fabs(between.x) - box.half_size.x - (cosine * other.half_size.x + sine * other.half_size.y);
  const float y_apart =
      std::fabs(between.y) - box.half_size.y - (sine * other.half_size.x + cosine * other.half_size.y);
  if (x_apart > y_apart) return {between.x < 0 ? 2 : 0, x_apart};
  return {between.y < 0 ? 3 : 1, y_apart};
}

PS_HD inline Vector side_normal(int32_t side) {
  const float sign = side < 2 ? 1.0f : -1.0f;
  return side % 2 == 0 ? Vector{sign, 0} : Vector{0, sign};
}

// The side of the incident box that faces the reference side most, cut to the width of that side, as two points.
PS_HD inline Touch clip_boxes(const PlacedBox &reference, int32_t side, const PlacedBox &incident, float margin,
                              bool reference_is_first) {
  const Vector normal = rotate(reference.rotation, side_normal(side));
  const Vector along = {-normal.y, normal.x};
  const bool is_upright = side % 2 == 0;
  const float depth = is_upright ? reference.half_size.x : reference.half_size.y;
  const float half_width = is_upright ? reference.half_size.y : reference.half_size.x;

  const Vector facing = rotate_back(incident.rotation, -normal);
  const bool faces_sideways = std::fabs(facing.x) > std::fabs(facing.y);
  const int32_t incident_side = faces_sideways ? (facing.x > 0 ? 0 : 2) : (facing.y > 0 ? 1 : 3);
  const Vector outwards = side_normal(incident_side);
  const Vector half = incident.half_size;
  const Vector middle = {outwards.x * half.x, outwards.y * half.y};
  const Vector sideways = {-outwards.y * half.x, outwards.x * half.y};
  Vector ends[2] = {incident.centre + rotate(incident.rotation, middle - sideways) - reference.centre,
                    incident.centre + rotate(incident.rotation, middle + sideways) - reference.centre};
  const float from = dot(ends[0], along), to = dot(ends[1], along);

  Touch touch;
  touch.normal = reference_is_first ? normal : -normal;
  touch.count = 0;
  if (larger(from, to) < -half_width || smaller(from, to) > half_width) return touch;
  for (int32_t end = 0; end < 2; ++end) {
    const float here = end == 0 ? from : to, there = end == 0 ? to : from;
    Vector place = ends[end];
    const float cut = clamped(here, -half_width, half_width);
    if (cut != here) place = place + ((cut - here) / (there - here)) * (ends[1 - end] - place);
    const float separation = dot(place, normal) - depth;
    if (!(separation <= margin)) continue;
    const int32_t feature = 1 + (reference_is_first ? 0 : 64) + 16 * side + 4 * incident_side + end;
    touch.points[touch.count++] = {reference.centre + place - 0.5f * separation * normal, separation, feature};
  }
  return touch;
}

PS_HD inline Touch touch_boxes(const PlacedBox &first, const PlacedBox &second, float margin) {
  const SideApart of_first = farthest_side(first, second), of_second = farthest_side(second, first);
  if (!(larger(of_first.separation, of_second.separation) <= margin)) {
    Touch none;
    none.count = 0;
    return none;
  }
  // Of two sides about as far away the first's is kept, so that it does not change from step to step.
  constexpr float preference = 0.01f;
  if (of_second.separation > of_first.separation + preference)
    return clip_boxes(second, of_second.side, first, margin, false);
  return clip_boxes(first, of_first.side, second, margin, true);
}

PS_HD inline Touch touch_bodies(const Body &first, const Body &second, float margin) {
  if (first.shape == Shape::circle && second.shape == Shape::circle)
    return touch_circles(first.position, first.half_size.x, second.position, second.half_size.x, margin);
  if (first.shape == Shape::circle)
    return touch_circle_and_box(first.position, first.half_size.x, placed(second), margin);
  if (second.shape == Shape::circle) {
    Touch touch = touch_circle_and_box(second.position, second.half_size.x, placed(first), margin);
    touch.normal = -touch.normal;
    return touch;
  }
  return touch_boxes(placed(first), placed(second), margin);
}

PS_HD inline Touch touch_static(const Body &body, const StaticBox &box, float margin) {
  if (body.shape == Shape::circle) return touch_circle_and_box(body.position, body.half_size.x, placed(box), margin);
  return touch_boxes(placed(body), placed(box), margin);
}

}  // namespace penstock::core
