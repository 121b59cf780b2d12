// What rays from an agent hit first, several rays side by side.
//
// Rays see walls, doors that are up, cubes and the other agent.  Buttons lie flat on the floor and are not seen.
#pragma once

#include "core/worlds/games/escape_room/world.h"

namespace penstock::core::escape_room {

inline constexpr float ray_range = 200;

// What may be seen from a place, found once for all rays that start there.
struct View {
  Vector from;
  bool is_inside;               // between the side walls
  float bottom, top;            // inside: closed walls nearest below and above, or the ends
  float bottom_door, top_door;  // the middles of their doors; far away where there is none
  bool top_is_open;             // inside: nothing closes the way out
  int32_t wall_count, body_count;
  StaticBox walls[most_walls];  // those that are not the inside's ends
  int32_t bodies[escape_room::body_count];
};

inline constexpr float no_door = 1e6f;

PS_HD inline void find_bounds(View *view, const World &world) {
  const Vector from = view->from;
  view->is_inside = from.x > -half_width && from.x < half_width && from.y > 0 && from.y < whole_length;
  view->bottom = 0;
  view->top = whole_length;
  view->bottom_door = view->top_door = no_door;
  view->top_is_open = true;
  for (int32_t index = 0; index < room_count; ++index) {
    if (!door_blocks(world.rooms[index])) continue;
    if (from.y >= row_top(index)) {
      view->bottom = row_top(index);
      view->bottom_door = world.rooms[index].door_x;
    } else if (from.y <= row_bottom(index)) {
      view->top = row_bottom(index);
      view->top_door = world.rooms[index].door_x;
      view->top_is_open = false;
      return;
    }
  }
}

PS_HD inline View view_of(const World &world, int32_t agent) {
  View view;
  view.from = world.simulation.bodies[agent].position;
  find_bounds(&view, world);
  view.wall_count = view.body_count = 0;
  StaticBox walls[most_walls];
  const int32_t count = find_walls(world, walls);
  for (int32_t index = view.is_inside ? 3 : 0; index < count; ++index) {
    const float low = walls[index].centre.y - walls[index].half_size.y;
    const float high = walls[index].centre.y + walls[index].half_size.y;
    if (view.is_inside && (high <= view.bottom || low >= view.top)) continue;
    view.walls[view.wall_count++] = walls[index];
  }
  for (int32_t index = 0; index < escape_room::body_count; ++index) {
    const Body &body = world.simulation.bodies[index];
    if (body.shape == Shape::none || index == agent) continue;
    const float radius = reach(body);
    if (view.is_inside && !view.top_is_open && body.position.y - radius >= view.top) continue;
    if (view.is_inside && body.position.y + radius <= view.bottom) continue;
    view.bodies[view.body_count++] = index;
  }
  return view;
}

// Rays of length 1 in their directions, and the nearest that they have hit so far.
template <int width>
struct Rays {
  using L = Lanes<float, width>;
  L x, y;            // directions, neither of them 0
  L per_x, per_y;    // 1 / x, 1 / y
  L distance, type;  // of the nearest hit; 0 and none
};

template <int width>
PS_LANES_INLINE Lanes<float, width> never_zero(Lanes<float, width> x) {
  using L = Lanes<float, width>;
  return select(magnitude(x) < L(1e-9f), L(1e-9f), x);
}

template <int width>
PS_LANES_INLINE Rays<width> rays_towards(Lanes<float, width> x, Lanes<float, width> y) {
  using L = Lanes<float, width>;
  Rays<width> rays;
  rays.x = never_zero(x);
  rays.y = never_zero(y);
  rays.per_x = L(1.0f) / rays.x;
  rays.per_y = L(1.0f) / rays.y;
  rays.distance = L(ray_range);
  rays.type = L(0.0f);
  return rays;
}

template <int width>
PS_LANES_INLINE void note_hit(Rays<width> *rays, LaneMask<float, width> hits, Lanes<float, width> distance,
                              Lanes<float, width> type) {
  const auto is_nearer = hits & (distance < rays->distance);
  rays->distance = select(is_nearer, distance, rays->distance);
  rays->type = select(is_nearer, type, rays->type);
}

// Where a ray enters and leaves a box that lies along the axes, whose middle is at a place seen from the ray's start.
template <int width>
struct Crossing {
  Lanes<float, width> x_in, x_out, y_in, y_out;
};
template <int width>
PS_LANES_INLINE Crossing<width> cross_box(Lanes<float, width> per_x, Lanes<float, width> per_y, Vector centre,
                                          Vector half_size) {
  using L = Lanes<float, width>;
  const L left = L(centre.x - half_size.x) * per_x, right = L(centre.x + half_size.x) * per_x;
  const L low = L(centre.y - half_size.y) * per_y, high = L(centre.y + half_size.y) * per_y;
  return {minimum(left, right), maximum(left, right), minimum(low, high), maximum(low, high)};
}

template <int width>
PS_LANES_INLINE void cast_at_box(Rays<width> *rays, Lanes<float, width> per_x, Lanes<float, width> per_y, Vector centre,
                                 Vector half_size, Lanes<float, width> type) {
  using L = Lanes<float, width>;
  const Crossing<width> crossing = cross_box(per_x, per_y, centre, half_size);
  const L enters = maximum(crossing.x_in, crossing.y_in), leaves = minimum(crossing.x_out, crossing.y_out);
  note_hit(rays, (enters <= leaves) & (enters >= L(0.0f)), enters, type);
}

PS_HD inline float code(EntityType type) { return static_cast<float>(type) / type_codes; }

template <int width>
PS_LANES_INLINE Lanes<float, width> door_or_wall(Lanes<float, width> x, float door_x) {
  using L = Lanes<float, width>;
  return select(magnitude(x - L(door_x)) <= L(door_half_width), L(code(EntityType::door)), L(code(EntityType::wall)));
}

// The way that a ray leaves the part of the building that is open to it.
template <int width>
PS_LANES_INLINE void cast_at_ends(Rays<width> *rays, const View &view) {
  using L = Lanes<float, width>;
  const L left = L(-half_width - view.from.x) * rays->per_x, right = L(half_width - view.from.x) * rays->per_x;
  const L low = L(view.bottom - view.from.y) * rays->per_y, high = L(view.top - view.from.y) * rays->per_y;
  const L x_out = maximum(left, right), y_out = maximum(low, high);
  const L hit_x = L(view.from.x) + y_out * rays->x;
  const auto goes_up = rays->y > L(0.0f);
  const L at_top = door_or_wall(hit_x, view.top_door), at_bottom = door_or_wall(hit_x, view.bottom_door);
  const auto through_side = x_out < y_out;
  const L type = select(through_side, L(code(EntityType::wall)), select(goes_up, at_top, at_bottom));
  const auto hits = through_side | !(goes_up & (L(view.top_is_open ? 1.0f : 0.0f) != L(0.0f)));
  note_hit(rays, hits, minimum(x_out, y_out), type);
}

template <int width>
PS_LANES_INLINE void cast_at_wall(Rays<width> *rays, const View &view, const World &world, const StaticBox &wall) {
  using L = Lanes<float, width>;
  const bool has_door = wall.id >= 3 && wall.id % 3 == 0;
  L type = L(code(EntityType::wall));
  if (has_door) {  // seen from outside the building
    const L front = L(wall.centre.y + wall.half_size.y - view.from.y) * rays->per_y;
    type = door_or_wall(L(view.from.x) + front * rays->x, world.rooms[(wall.id - 3) / 3].door_x);
  }
  cast_at_box(rays, rays->per_x, rays->per_y, wall.centre - view.from, wall.half_size, type);
}

template <int width>
PS_LANES_INLINE Lanes<float, width> square_root(Lanes<float, width> x) {
  float numbers[width];
  x.store(numbers);
  for (int lane = 0; lane < width; ++lane) numbers[lane] = std::sqrt(numbers[lane]);
  return Lanes<float, width>::load(numbers);
}

template <int width>
PS_LANES_INLINE void cast_at_body(Rays<width> *rays, const View &view, const Body &body) {
  using L = Lanes<float, width>;
  const Vector middle = body.position - view.from;
  const float radius = reach(body);
  const L along = L(middle.x) * rays->x + L(middle.y) * rays->y, across = L(middle.y) * rays->x - L(middle.x) * rays->y;
  const auto passes = (magnitude(across) <= L(radius)) & (along >= L(-radius));
  if (!passes.any()) return;
  if (body.shape == Shape::circle) {
    const L distance = along - square_root(maximum(L(radius * radius) - across * across, L(0.0f)));
    note_hit(rays, passes & (distance >= L(0.0f)), distance, L(code(EntityType::agent)));
    return;
  }
  const L x = never_zero(L(body.rotation.x) * rays->x + L(body.rotation.y) * rays->y);
  const L y = never_zero(L(body.rotation.x) * rays->y - L(body.rotation.y) * rays->x);
  cast_at_box(rays, L(1.0f) / x, L(1.0f) / y, rotate_back(body.rotation, middle), body.half_size,
              L(code(EntityType::cube)));
}

// Finds what each ray hits first, within its range.
template <int width>
PS_LANES_INLINE void cast(Rays<width> *rays, const View &view, const World &world) {
  if (view.is_inside) cast_at_ends(rays, view);
  for (int32_t index = 0; index < view.wall_count; ++index) cast_at_wall(rays, view, world, view.walls[index]);
  for (int32_t index = 0; index < view.body_count; ++index)
    cast_at_body(rays, view, world.simulation.bodies[view.bodies[index]]);
}

}  // namespace penstock::core::escape_room
