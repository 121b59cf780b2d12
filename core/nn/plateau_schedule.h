// The schedule that lowers the rate when a metric no longer gets better.
#pragma once

#include <memory>

#include "core/nn/schedule.h"
#include "core/nn/settings.h"

namespace penstock::core::nn {

std::unique_ptr<Schedule> make_plateau_schedule(Settings &settings);

}  // namespace penstock::core::nn
