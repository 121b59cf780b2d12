#include "core/loader/sampling.h"

#include <algorithm>
#include <cmath>

#include "core/loader/permutation.h"

namespace penstock::core {

RandomStream draw_stream(uint64_t seed, Draw use, uint64_t epoch, uint64_t number) {
  const RandomStream of_use{seed, static_cast<uint64_t>(use)};
  const uint64_t of_epoch = random_u64(of_use, epoch);
  return {of_epoch, random_u64({of_epoch, static_cast<uint64_t>(use)}, number)};
}

bool is_in_share(const LoaderOptions &options, uint64_t chunk_number) {
  const double place = uniform_f64(draw_stream(options.seed, Draw::share, 0, 0), chunk_number);
  return place >= options.share_begin && place < options.share_end;
}

namespace {

bool passes_hanse(const LoaderOptions &options, uint64_t epoch, uint64_t chunk_number, int64_t count) {
  if (options.hanse_threshold == 0) return true;
  const double weight = std::min(1.0, static_cast<double>(count) / options.hanse_threshold);
  return uniform_f64(draw_stream(options.seed, Draw::hanse, epoch, chunk_number), 0) <
         std::pow(weight, options.hanse_gamma);
}

bool passes_focus(const DiffFocus &focus, Lc0Chunk::Focus seen, double draw) {
  if (std::isnan(seen.q_difference)) return true;
  const double weighed =
      (focus.q_weight * double{seen.q_difference} + double{seen.policy_kld}) / (focus.q_weight + focus.policy_scale);
  return draw < std::min(1.0, focus.minimum + focus.slope * weighed);
}

// count of the candidates, in their order.
std::vector<int64_t> choose(std::vector<int64_t> candidates, uint64_t count, RandomStream stream) {
  if (count >= candidates.size()) return candidates;
  const Permutation order(stream, candidates.size());
  std::vector<int64_t> chosen(count);
  for (uint64_t index = 0; index < count; ++index) chosen[index] = candidates[order(index)];
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace

std::vector<int64_t> sample_positions(const LoaderOptions &options, uint64_t epoch, uint64_t chunk_number,
                                      const Lc0Chunk &chunk) {
  if (!passes_hanse(options, epoch, chunk_number, chunk.size())) return {};
  const RandomStream rate = draw_stream(options.seed, Draw::position, epoch, chunk_number);
  const RandomStream focus = draw_stream(options.seed, Draw::focus, epoch, chunk_number);
  std::vector<int64_t> kept;
  for (int64_t position = 0; position < chunk.size(); ++position) {
    const auto index = static_cast<uint64_t>(position);
    if (options.position_rate < 1 && uniform_f64(rate, index) >= options.position_rate) continue;
    if (options.diff_focus.on && !passes_focus(options.diff_focus, chunk.focus(position), uniform_f64(focus, index)))
      continue;
    kept.push_back(position);
  }
  if (options.position_count == 0) return kept;
  return choose(std::move(kept), static_cast<uint64_t>(options.position_count),
                draw_stream(options.seed, Draw::choice, epoch, chunk_number));
}

}  // namespace penstock::core
