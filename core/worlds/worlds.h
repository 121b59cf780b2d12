// The batch engine: many worlds of one game, stepped together, their fields lent as tensors that are written in place.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/snapshot.h"
#include "core/base/thread_pool.h"
#include "core/worlds/background.h"
#include "core/worlds/field.h"
#include "core/worlds/game.h"

namespace penstock::core {

enum class Autoreset : int32_t { next_step = 0, same_step = 1, disabled = 2 };

// What becomes of an action out of its bounds.  None is ever let through as it is to a game that has no meaning for it.
enum class ActionRule : int32_t {
  refuse = 0,  // the step is refused, naming world and value, and nothing has changed
  clamp = 1,   // to the nearest bound, in the tensor itself; NaN becomes the lower one
  game = 2,    // as the original game does: those that clip get every finite number; the others refuse
};

struct WorldsOptions {
  int64_t num_worlds = 1;
  std::vector<uint64_t> seeds;  // one a world; or one, s: world i has s + i
  Autoreset autoreset = Autoreset::same_step;
  ActionRule actions = ActionRule::refuse;
  int32_t threads = 0;         // 0: the process's pool
  int32_t buffers = 1;         // 2: a step writes the buffer that the one before it did not
  int64_t episode_length = 0;  // 0: the game's own
  GameOptions game;
  std::vector<std::pair<std::string, double>> parameters;
};

// A world whose state was no longer finite, and the step (from 0, counted over all of the manager's) at which that was
// seen.
struct WorldFault {
  int64_t world;
  int64_t step;
};

class Recorder;

// One thread at a time, but for what says otherwise.
class Worlds {
 public:
  static constexpr int64_t most_worlds = int64_t{1} << 31;

  // Every world is at the start of its episode 0.
  Worlds(std::string_view game, const WorldsOptions &options);
  ~Worlds();  // waits for a step that runs, and ends a recording
  Worlds(const Worlds &) = delete;
  Worlds &operator=(const Worlds &) = delete;

  const WorldsOptions &options() const { return options_; }
  const Game &game() const { return *game_; }
  int64_t num_worlds() const { return options_.num_worlds; }
  int64_t episode_length() const { return episode_length_; }
  int64_t step_count() const { return step_count_; }

  // The fields that are shown, the game's and the engine's; hidden ones are not.
  int64_t tensor_count() const { return static_cast<int64_t>(shown_.size()); }
  const Field &tensor_field(int64_t index) const { return memory_[shown_[static_cast<size_t>(index)]].field(); }
  const Field &find_field(std::string_view name) const { return memory_[field_index(name)].field(); }
  Tensor tensor(std::string_view name) const;  // of the buffer written last; not_found, with the names there are

  // Starts the next episode of the worlds that mask chooses (all of them where it is empty).  With seeds (one for all
  // worlds, s: world i gets s + i; or one a world) the chosen worlds get new seeds and start at episode 0.
  void reset(std::span<const bool> mask, std::span<const uint64_t> seeds = {});

  void step();
  void step_async();  // returns at once; until wait() every other function but the getters refuses
  void wait();        // throws what the step threw; does nothing when none runs

  std::vector<uint64_t> hashes() const;        // of each world: all that its future and its tensors depend on
  std::vector<uint64_t> field_hashes() const;  // of each shown field over all worlds
  std::vector<std::byte> snapshot() const;
  // Puts worlds of a snapshot into worlds of this manager: from[k] into to[k]; all into their own place where both are
  // empty.  A world that was finished and not reset goes on as this manager's mode has it: the next step resets it, or
  // none does.
  void restore(std::span<const std::byte> snapshot, std::span<const int64_t> from, std::span<const int64_t> to);

  // Writes all that is done to the worlds from here on into a file, as recording.h says, until stop_recording(), which does
  // nothing when there is no recording.
  void start_recording(const std::string &path);
  void stop_recording();

  void get_state(int64_t world, std::span<double> state) const;
  void set_state(int64_t world, std::span<const double> state);  // the episode goes on from it; flags are cleared

  // A picture of one world: uint8 [height, width, 3], red, green and blue.  0 as width and height: as large as the
  // game's own.
  Tensor render(int64_t world, int32_t width, int32_t height) const;

  // The same on a canvas, and what may be shown on top of it (Game::overlays); while no step runs, of a world that there is.
  void draw(Canvas &canvas, int64_t world) const;
  void draw_overlay(Canvas &canvas, int64_t world, size_t overlay) const;

  double parameter(std::string_view name) const;
  void set_parameter(std::string_view name, double value);
  std::span<const GameParameter> parameters() const { return game_->parameters(); }

  uint64_t seed_of(int64_t world) const { return seeds_[static_cast<size_t>(world)]; }
  uint64_t episode_of(int64_t world) const { return episodes_[static_cast<size_t>(world)]; }

  // How many worlds were found with a state that is not finite so far, and the newest 1024 of them by step and then by
  // world.
  int64_t fault_count() const { return fault_count_; }
  std::vector<WorldFault> faults() const;

  void require_world(int64_t world) const;  // out_of_range
  void require_idle() const;                // invalid_argument while a step runs

 private:
  struct KeptWorlds;

  friend class Recorder;
  size_t field_index(std::string_view name) const;
  void allocate_fields();
  void seed_world(int64_t world, uint64_t seed);
  void start_episode(int64_t world, int32_t buffer);
  void clear_outcome(int64_t world, int32_t buffer);
  bool mark_active_worlds();  // whether all are
  void check_actions(const bool *active);
  void run_reset(std::span<const bool> mask, std::span<const uint64_t> seeds);
  bool take_reset_requests(const StepView &view);
  template <typename Number>
  void check_actions_of(ActionRule rule, const bool *active);
  bool is_finished(int64_t world, int32_t buffer) const;
  void run_step();
  void count_steps(Range worlds, const StepView &view);
  void finish_worlds(Range worlds, const StepView &view);
  void finish_world(int64_t world, const StepView &view);
  void stand_still(int64_t world, const StepView &view);
  void quarantine(int64_t world, int32_t buffer);
  void suspect(int64_t world);
  void quarantine_suspects(Range worlds, const StepView &view);
  void add_fault(const WorldFault &fault);
  void check_soundness(Range worlds, const StepView &view);
  bool is_final(size_t field) const;
  void check_parameters(std::span<const std::byte> values) const;
  KeptWorlds read_worlds(const SnapshotReader &reader) const;
  void restore_world(const KeptWorlds &kept, int64_t from, int64_t to);
  std::vector<uint64_t> hash_worlds() const;
  std::vector<uint64_t> hash_fields() const;
  std::vector<std::byte> snapshot_of(std::span<const int64_t> worlds) const;

  WorldsOptions options_;
  std::unique_ptr<Game> game_;
  int64_t episode_length_ = 0;
  std::vector<FieldMemory> memory_;  // the game's fields, then the engine's
  std::vector<size_t> shown_;
  std::vector<std::pair<size_t, size_t>> finals_;  // an observation, and where its last value of an episode is kept
  size_t action_ = 0, reward_ = 0, terminated_ = 0, truncated_ = 0, steps_ = 0;
  const FieldMemory *reset_requests_ = nullptr;  // the field "reset", where the game has one
  std::unique_ptr<bool[]> asked_;                // then: the worlds that a step resets
  std::vector<uint64_t> seeds_, episodes_;
  std::vector<GymnasiumRandom> generators_;                // with Randomness::gymnasium
  std::unique_ptr<bool[]> active_;                         // with same_step only once restore() was called
  int32_t buffer_ = 0;                                     // the one written last
  std::atomic<int64_t> step_count_ = 0, fault_count_ = 0;  // read while a step runs, too
  std::vector<int64_t> suspects_;  // whose state was set or restored since the last step, and was not finite
  std::vector<WorldFault> faults_;
  std::mutex faults_mutex_;
  std::unique_ptr<ThreadPool> own_pool_;
  std::unique_ptr<Recorder> recorder_;  // while there is a recording
  Background background_;
};

}  // namespace penstock::core
