// The handle of worlds, for the shims that take one.
#pragma once

#include <penstock/worlds.h>

#include "capi/src/guard.h"
#include "core/base/reference.h"
#include "core/worlds/worlds.h"

namespace penstock {

struct WorldsHandle : core::Counted<WorldsHandle> {
  WorldsHandle(std::string_view game, const core::WorldsOptions &options) : worlds(game, options) {}
  core::Worlds worlds;
};

inline WorldsHandle *handle_of(ps_worlds *worlds) { return reinterpret_cast<WorldsHandle *>(worlds); }
inline core::Worlds &unwrap(ps_worlds *worlds) { return handle_of(worlds)->worlds; }
inline const core::Worlds &unwrap(const ps_worlds *worlds) {
  return reinterpret_cast<const WorldsHandle *>(worlds)->worlds;
}

// A getter of a number; -1 for NULL.
template <typename Body>
int64_t worlds_number(const ps_worlds *worlds, Body body) {
  return guarded_getter<int64_t>(-1, [&] {
    require_not_null(worlds, "worlds");
    return body(unwrap(worlds));
  });
}

}  // namespace penstock
