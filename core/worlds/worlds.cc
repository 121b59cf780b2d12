#include "core/worlds/worlds.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "core/base/error.h"
#include "core/tensor/create.h"
#include "core/worlds/canvas.h"
#include "core/worlds/recording.h"

namespace penstock::core {
namespace {

constexpr size_t most_faults = 1024;
constexpr int32_t smallest_picture_side = 16;

void check_options(const WorldsOptions &options) {
  if (options.num_worlds < 1 || options.num_worlds > Worlds::most_worlds)
    fail(Status::out_of_range, "num_worlds is ", options.num_worlds, ": expected 1 to ", Worlds::most_worlds);
  if (options.buffers != 1 && options.buffers != 2)
    fail(Status::out_of_range, "buffers is ", options.buffers, ": expected 1 or 2");
  if (options.threads < 0 || options.threads > ThreadPool::most_threads)
    fail(Status::out_of_range, "threads is ", options.threads, ": expected 0 to ", ThreadPool::most_threads);
  if (options.episode_length < 0 || options.episode_length > INT32_MAX)
    fail(Status::out_of_range, "episode_length is ", options.episode_length, ": expected 0 to ", INT32_MAX);
}

void check_seeds(std::span<const uint64_t> seeds, int64_t num_worlds) {
  if (seeds.size() != 1 && static_cast<int64_t>(seeds.size()) != num_worlds)
    fail(Status::invalid_argument, seeds.size(), " seeds were given: expected 1 or ", num_worlds, ", one a world");
}

uint64_t seed_for(std::span<const uint64_t> seeds, int64_t world) {
  return seeds.size() == 1 ? seeds[0] + static_cast<uint64_t>(world) : seeds[static_cast<size_t>(world)];
}

bool &flag(const FieldMemory &memory, int64_t world, int32_t buffer) {
  return reinterpret_cast<bool *>(memory.data(buffer))[world];
}

int32_t &count(const FieldMemory &memory, int64_t world) { return reinterpret_cast<int32_t *>(memory.data(0))[world]; }

bool is_written_by_step(FieldRole role) { return role == FieldRole::observation || role == FieldRole::outcome; }

// For those who keep a tensor of a buffer to read it again: it is about to be another.
void note_writes(std::span<const FieldMemory> memory, int32_t buffer) {
  for (const FieldMemory &field : memory) field.tensor(buffer).storage->note_write();
}

}  // namespace

Worlds::Worlds(std::string_view game, const WorldsOptions &options) : options_(options) {
  check_options(options);
  if (options_.seeds.empty()) options_.seeds = {0};
  check_seeds(options_.seeds, num_worlds());
  options_.game.episode_length = options.episode_length;
  game_ = make_game(game, options_.game);
  for (const auto &[name, value] : options.parameters) set_parameter(name, value);
  episode_length_ = options.episode_length != 0 ? options.episode_length : game_->episode_length();
  if (options.threads != 0) {
    own_pool_ = std::make_unique<ThreadPool>();
    own_pool_->set_num_threads(options.threads);
  }
  allocate_fields();
  const auto worlds = static_cast<size_t>(num_worlds());
  seeds_.resize(worlds);
  episodes_.resize(worlds);
  if (options.game.randomness == Randomness::gymnasium) generators_.resize(worlds);
  if (options.autoreset != Autoreset::same_step) active_ = std::make_unique<bool[]>(worlds);
  if (reset_requests_ != nullptr) asked_ = std::make_unique<bool[]>(worlds);
  faults_.reserve(most_faults);
  reset({}, options_.seeds);
}

Worlds::~Worlds() {
  try {
    wait();
    stop_recording();
  } catch (const std::exception &) {  // nobody is left to be told
  }
}

void Worlds::allocate_fields() {
  const std::vector<Field> fields = game_->fields();
  memory_.reserve(2 * fields.size() + 2);  // the game keeps a view of its part
  for (const Field &field : fields)
    memory_.emplace_back(field, num_worlds(), is_written_by_step(field.role) ? options_.buffers : 1);
  game_->bind(memory_);
  memory_.emplace_back(Field{"truncated", DType::bool8, {}, FieldRole::outcome, false, {0}, {1}}, num_worlds(),
                       options_.buffers);
  memory_.emplace_back(
      Field{"steps", DType::int32, {}, FieldRole::state, false, {0}, {static_cast<double>(episode_length_)}},
      num_worlds(), 1);
  for (size_t index = 0; index < fields.size(); ++index) {
    if (fields[index].role != FieldRole::observation) continue;
    Field last = fields[index];
    last.name = "final_" + last.name;
    finals_.emplace_back(index, memory_.size());
    memory_.emplace_back(std::move(last), num_worlds(), options_.buffers);
  }
  for (size_t index = 0; index < memory_.size(); ++index) {
    if (memory_[index].field().role != FieldRole::hidden) shown_.push_back(index);
    if (memory_[index].field().name == "reset") reset_requests_ = &memory_[index];
  }
  action_ = field_index("action");
  reward_ = field_index("reward");
  terminated_ = field_index("terminated");
  truncated_ = field_index("truncated");
  steps_ = field_index("steps");
}

size_t Worlds::field_index(std::string_view name) const {
  const auto name_of = [&](size_t index) -> const std::string & { return memory_[index].field().name; };
  for (const size_t index : shown_)
    if (name_of(index) == name) return index;
  fail(Status::not_found, game_->name(), " has no tensor named ", name, ": expected one of ", listed(shown_, name_of));
}

Tensor Worlds::tensor(std::string_view name) const {
  require_idle();
  return memory_[field_index(name)].tensor(buffer_);
}

void Worlds::require_world(int64_t world) const {
  if (world < 0 || world >= num_worlds())
    fail(Status::out_of_range, "world is ", world, ": expected 0 to ", num_worlds() - 1);
}

void Worlds::require_idle() const {
  if (background_.is_running()) fail(Status::invalid_argument, "a step of these worlds is running: wait for it first");
}

void Worlds::seed_world(int64_t world, uint64_t seed) {
  const auto index = static_cast<size_t>(world);
  seeds_[index] = seed;
  episodes_[index] = 0;
  if (!generators_.empty()) generators_[index] = GymnasiumRandom::seeded(seed);
}

// Puts a world at the start of its episode, whose number is already set.
void Worlds::start_episode(int64_t world, int32_t buffer) {
  const auto index = static_cast<size_t>(world);
  EpisodeRandom random{{seeds_[index], episodes_[index]}, nullptr};
  if (!generators_.empty()) random.generator = &generators_[index];
  count(memory_[steps_], world) = 0;
  game_->reset(world, random, buffer);
}

void Worlds::clear_outcome(int64_t world, int32_t buffer) {
  memory_[reward_].clear_world(world, buffer);
  flag(memory_[terminated_], world, buffer) = false;
  flag(memory_[truncated_], world, buffer) = false;
}

void Worlds::reset(std::span<const bool> mask, std::span<const uint64_t> seeds) {
  require_idle();
  run_reset(mask, seeds);
}

void Worlds::run_reset(std::span<const bool> mask, std::span<const uint64_t> seeds) {
  if (!mask.empty() && static_cast<int64_t>(mask.size()) != num_worlds())
    fail(Status::invalid_argument, "the mask has ", mask.size(), " entries: expected ", num_worlds(), ", one a world");
  if (!seeds.empty()) check_seeds(seeds, num_worlds());
  note_writes(memory_, buffer_);
  const auto *chosen =
      mask.empty() ? nullptr : reinterpret_cast<const uint8_t *>(mask.data());  // any byte, from outside
  parallel_for(own_pool_ ? *own_pool_ : process_pool(), num_worlds(), game_->worlds_a_shard(), [&](Range range) {
    for (int64_t world = range.begin; world < range.end; ++world) {
      if (chosen != nullptr && chosen[world] == 0) continue;
      if (seeds.empty())
        ++episodes_[static_cast<size_t>(world)];
      else
        seed_world(world, seed_for(seeds, world));
      start_episode(world, buffer_);
      clear_outcome(world, buffer_);
    }
  });
  if (recorder_) recorder_->reset(mask, seeds);
}

void Worlds::step() {
  require_idle();
  run_step();
}

void Worlds::step_async() {
  require_idle();
  background_.start([this] { run_step(); });
}

void Worlds::wait() { background_.wait(); }

bool Worlds::is_finished(int64_t world, int32_t buffer) const {
  return flag(memory_[terminated_], world, buffer) || flag(memory_[truncated_], world, buffer);
}

// A world whose episode has ended and was not yet followed by another, which has no steps yet.  With same_step there is
// one only where restore() has brought it from worlds of another mode.
bool Worlds::mark_active_worlds() {
  const bool *terminated = &flag(memory_[terminated_], 0, buffer_), *truncated = &flag(memory_[truncated_], 0, buffer_);
  const int32_t *steps = &count(memory_[steps_], 0);
  bool *active = active_.get();
  bool all = true;
  for (int64_t world = 0, worlds = num_worlds(); world < worlds; ++world) {
    active[world] = !((terminated[world] | truncated[world]) & (steps[world] != 0));
    all &= active[world];
  }
  return all;
}

void Worlds::run_step() {
  StepView view{options_.buffers == 2 ? 1 - buffer_ : 0, buffer_, nullptr};
  if (active_ && !mark_active_worlds()) view.active = active_.get();
  check_actions(view.active);
  note_writes(memory_, view.buffer);
  std::erase_if(suspects_, [&](int64_t world) { return game_->is_finite(world); });
  parallel_for(own_pool_ ? *own_pool_ : process_pool(), num_worlds(), game_->worlds_a_shard(), [&](Range range) {
    const bool is_sound = game_->step(range, view);
    quarantine_suspects(range, view);
    if (!is_sound) check_soundness(range, view);
    count_steps(range, view);
    finish_worlds(range, view);
  });
  suspects_.clear();
  buffer_ = view.buffer;
  ++step_count_;
  const bool is_asked = reset_requests_ != nullptr && take_reset_requests(view);
  const std::span<const bool> asked(asked_.get(), is_asked ? static_cast<size_t>(num_worlds()) : 0);
  try {
    if (recorder_) recorder_->step();
  } catch (...) {  // the step is done all the same, and what belongs to it
    if (is_asked) run_reset(asked, {});
    throw;
  }
  if (is_asked) run_reset(asked, {});  // recorded as a reset after the step
}

// Which worlds are to be reset, whether any.  A world that began an episode in this step does not skip it, nor does one
// that ended an episode lose its outcome: autoreset does with both what it always does.
bool Worlds::take_reset_requests(const StepView &view) {
  auto *requests = reinterpret_cast<uint8_t *>(reset_requests_->data(0));  // any byte, from outside
  bool is_any = false;
  for (int64_t world = 0, worlds = num_worlds(); world < worlds; ++world) {
    asked_[world] = requests[world] != 0;
    if (requests[world] == 0) continue;
    requests[world] = 0;
    const bool stood_still = view.active != nullptr && !view.active[world];
    const bool has_begun = count(memory_[steps_], world) == 0;
    asked_[world] = !has_begun && (stood_still || !is_finished(world, buffer_));
    is_any |= asked_[world];
  }
  return is_any;
}

void Worlds::count_steps(Range range, const StepView &view) {
  int32_t *steps = &count(memory_[steps_], 0);
  bool *truncated = &flag(memory_[truncated_], 0, view.buffer);
  const auto limit = static_cast<int32_t>(episode_length_);
  if (view.active == nullptr) {
    for (int64_t world = range.begin; world < range.end; ++world) {
      ++steps[world];
      truncated[world] = steps[world] >= limit;
    }
    return;
  }
  const bool *were_truncated = &flag(memory_[truncated_], 0, view.previous_buffer);
  for (int64_t world = range.begin; world < range.end; ++world) {
    steps[world] += view.active[world] ? 1 : 0;
    truncated[world] = view.active[world] ? steps[world] >= limit : were_truncated[world];
  }
}

// Most worlds are in the midst of an episode: eight are passed over at a time.
void Worlds::finish_worlds(Range range, const StepView &view) {
  const bool *terminated = &flag(memory_[terminated_], 0, view.buffer);
  const bool *truncated = &flag(memory_[truncated_], 0, view.buffer);
  int64_t world = range.begin;
  for (; world + 8 <= range.end; world += 8) {
    uint64_t ended, cut;
    std::memcpy(&ended, terminated + world, sizeof(ended));
    std::memcpy(&cut, truncated + world, sizeof(cut));
    for (uint64_t finished = ended | cut; finished != 0; finished &= finished - 1) {
      // Each flag is the lowest bit of its byte: little-endian machines only, as little_endian.h asserts.
      const int64_t next = world + __builtin_ctzll(finished) / 8;
      finish_world(next, view);
    }
  }
  for (; world < range.end; ++world)
    if (terminated[world] || truncated[world]) finish_world(world, view);
}

void Worlds::finish_world(int64_t world, const StepView &view) {
  const bool was_active = view.active == nullptr || view.active[world];
  if (!was_active && options_.autoreset == Autoreset::disabled) {
    stand_still(world, view);
    return;
  }
  if (was_active) {
    for (const auto &[observation, final] : finals_)
      memory_[final].copy_world(world, view.buffer, memory_[observation], view.buffer);
    if (options_.autoreset != Autoreset::same_step) return;
  }
  ++episodes_[static_cast<size_t>(world)];
  start_episode(world, view.buffer);
  if (!was_active) clear_outcome(world, view.buffer);
}

// What is seen of a world that waits for reset() is what its last step left, whichever the buffer.
void Worlds::stand_still(int64_t world, const StepView &view) {
  for (const auto &[observation, final] : finals_) {
    memory_[final].copy_world(world, view.buffer, memory_[final], view.previous_buffer);
    memory_[observation].copy_world(world, view.buffer, memory_[final], view.buffer);
  }
}

// Takes note of a state that was set from outside, where it is not finite; suspects_ has room.
void Worlds::suspect(int64_t world) {
  if (!game_->is_finite(world) && std::find(suspects_.begin(), suspects_.end(), world) == suspects_.end())
    suspects_.push_back(world);
}

// A game that bounds its numbers makes a finite state of an infinite one, and a reward that is not.
void Worlds::quarantine_suspects(Range range, const StepView &view) {
  for (const int64_t world : suspects_)
    if (world >= range.begin && world < range.end && (view.active == nullptr || view.active[world]))
      quarantine(world, view.buffer);
}

void Worlds::check_soundness(Range range, const StepView &view) {
  for (int64_t world = range.begin; world < range.end; ++world)
    if ((view.active == nullptr || view.active[world]) && !game_->is_finite(world)) quarantine(world, view.buffer);
}

// A world whose state is of no use any more: its episode ends here, terminated, with reward 0 and observations of
// zeros.
void Worlds::quarantine(int64_t world, int32_t buffer) {
  for (size_t field = 0; field < memory_.size(); ++field)
    if (field != action_ && field != steps_) memory_[field].clear_world(world, buffer);
  flag(memory_[terminated_], world, buffer) = true;
  const std::lock_guard lock(faults_mutex_);
  ++fault_count_;
  add_fault({world, step_count_});
}

// Those of one step come in any order, and stay in that of their worlds: threads do not show.
void Worlds::add_fault(const WorldFault &fault) {
  const auto is_before = [](const WorldFault &a, const WorldFault &b) {
    return a.step != b.step ? a.step < b.step : a.world < b.world;
  };
  const auto place = std::upper_bound(faults_.begin(), faults_.end(), fault, is_before);
  if (faults_.size() < most_faults) {
    faults_.insert(place, fault);  // within what was reserved: a step allocates nothing
    return;
  }
  if (place == faults_.begin()) return;
  std::move(faults_.begin() + 1, place, faults_.begin());
  *(place - 1) = fault;
}

std::vector<WorldFault> Worlds::faults() const {
  require_idle();
  return faults_;
}

void Worlds::get_state(int64_t world, std::span<double> state) const {
  require_idle();
  require_world(world);
  assert(static_cast<int64_t>(state.size()) == game_->state_count());
  game_->get_state(world, state);
}

void Worlds::set_state(int64_t world, std::span<const double> state) {
  require_idle();
  require_world(world);
  assert(static_cast<int64_t>(state.size()) == game_->state_count());
  suspects_.reserve(suspects_.size() + 1);  // nothing below can fail
  game_->set_state(world, state, buffer_);
  clear_outcome(world, buffer_);
  suspect(world);
  if (recorder_) recorder_->set_state(world, state);
}

namespace {

GameParameter &find_parameter(Game &game, std::string_view name) {
  for (GameParameter &parameter : game.parameters())
    if (parameter.name == name) return parameter;
  const auto name_of = [](const GameParameter &parameter) { return parameter.name; };
  fail(Status::not_found, game.name(), " has no parameter named ", name, ": expected one of ",
       listed(game.parameters(), name_of));
}

}  // namespace

Tensor Worlds::render(int64_t world, int32_t width, int32_t height) const {
  require_idle();
  require_world(world);
  if (width == 0 && height == 0) {
    width = game_->picture_size().width;
    height = game_->picture_size().height;
  }
  for (const auto &[name, side] : {std::pair{"width", width}, std::pair{"height", height}})
    if (side < smallest_picture_side || side > Canvas::largest_side)
      fail(Status::out_of_range, name, " is ", side, ": expected ", smallest_picture_side, " to ", Canvas::largest_side,
           ", or 0 for both");
  Tensor picture = zeros(DType::uint8, {height, width, 3}, {});
  PixelCanvas canvas(reinterpret_cast<uint8_t *>(picture.data), width, height);
  draw(canvas, world);
  return picture;
}

void Worlds::draw(Canvas &canvas, int64_t world) const {
  game_->draw(canvas, world, count(memory_[steps_], world) > 0);
}

void Worlds::draw_overlay(Canvas &canvas, int64_t world, size_t overlay) const {
  game_->draw_overlay(canvas, world, overlay, buffer_);
}

double Worlds::parameter(std::string_view name) const { return find_parameter(*game_, name).value; }

void Worlds::set_parameter(std::string_view name, double value) {
  require_idle();
  GameParameter &parameter = find_parameter(*game_, name);
  if (!(value >= parameter.lowest && value <= parameter.highest))
    fail(Status::out_of_range, "parameter ", name, " is ", value, ": expected ", parameter.lowest, " to ",
         parameter.highest);
  parameter.value = value;
  if (recorder_) recorder_->set_parameter(name, value);
}

}  // namespace penstock::core
