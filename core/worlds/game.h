// What a game is to the engine: its fields, and functions that reset and step worlds in place.  Batching, threads,
// autoreset, seeds, snapshots and hashes are the engine's; a game knows none of them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.h"
#include "core/base/range.h"
#include "core/worlds/field.h"
#include "core/worlds/gymnasium_random.h"

namespace penstock::core {

class Canvas;

// In pixels.
struct PictureSize {
  int32_t width, height;
};

enum class Precision : int32_t { float32 = 0, float64 = 1 };
enum class Randomness : int32_t { counter = 0, gymnasium = 1 };
enum class WorldsKernel : int32_t { automatic = 0, scalar = 1, bytes_16 = 2, bytes_32 = 3, bytes_64 = 4 };

// A text that a game is compiled from, and how messages name it.
struct LevelText {
  std::string source, content;
};

// Reads one from a file, its path as the source.  Throws not_found and io_error as File; data_error for a file of more
// than most_level_bytes.
inline constexpr uint64_t most_level_bytes = uint64_t{16} << 20;
LevelText read_level_file(const std::string &path);

struct GameOptions {
  Precision precision = Precision::float32;
  Randomness randomness = Randomness::counter;
  WorldsKernel kernel = WorldsKernel::automatic;
  int64_t episode_length = 0;     // as WorldsOptions has it: 0 is the game's own
  std::vector<LevelText> levels;  // for a game that has them; none: the game's own
};

// A number of a game's that a user may set.
struct GameParameter {
  std::string name;
  double value;
  double lowest, highest;  // what it may be set to
};

// Where an episode's random numbers come from: the counter's stream of (world seed, episode), or the world's own
// generator, which goes on from episode to episode.
struct EpisodeRandom {
  RandomStream stream;
  GymnasiumRandom *generator = nullptr;
};

// What one step reads and writes, beside the state: which of the buffers, and which worlds take part.
struct StepView {
  int32_t buffer = 0;
  int32_t previous_buffer = 0;
  // By world; null when all are.  A world that is not keeps its state and its flags; its reward is 0.
  const bool *active = nullptr;
};

class Game {
 public:
  virtual ~Game() = default;

  virtual std::string_view name() const = 0;
  virtual int64_t episode_length() const = 0;  // steps after which an episode is truncated
  virtual int64_t worlds_a_shard() const = 0;  // how many are worth handing to another thread
  virtual bool clips_actions() const = 0;      // whether the game gives a meaning to numbers beyond an action's bounds

  // The fields, in a fixed order: the game's alone.  Every game has "action", at least one observation, "reward"
  // (float32), and "terminated" (bool).  One with "reset" (bool, of role action) lets the caller ask there for the next
  // episode: a step resets the worlds whose entry is true, in place of showing what it led to, and sets it to false;
  // where the episode ended in that step, autoreset alone follows.  bind() hands out their memory in the same order, once, before anything else is
  // called.
  virtual std::vector<Field> fields() const = 0;
  virtual void bind(std::span<const FieldMemory> memory) = 0;

  virtual std::span<GameParameter> parameters() = 0;

  // Puts a world at the start of an episode and writes its observations.  Any number of threads, on different worlds.
  virtual void reset(int64_t world, const EpisodeRandom &random, int32_t buffer) = 0;

  // Steps worlds: writes state, observations, reward and terminated.  False when the state of one of them may not be
  // finite.  Any number of threads, on different worlds.
  virtual bool step(Range worlds, const StepView &view) = 0;
  virtual bool is_finite(int64_t world) const = 0;

  // The plain state of a world as numbers.  set_state() writes the observations too.
  virtual int64_t state_count() const = 0;
  virtual void get_state(int64_t world, std::span<double> state) const = 0;
  virtual void set_state(int64_t world, std::span<const double> state, int32_t buffer) = 0;

  // A picture of a world, of the size that the game is usually drawn in, or as large as the canvas.  in_midst: of an
  // episode, so that the action last taken is of a meaning.
  virtual PictureSize picture_size() const = 0;
  virtual void draw(Canvas &canvas, int64_t world, bool in_midst) const = 0;

  // What may be shown on top of the picture, by name: what an agent's sensors see, say.  draw_overlay() is called after
  // draw() on a canvas of the same size; buffer has the world's newest observations.
  virtual std::span<const std::string_view> overlays() const { return {}; }
  virtual void draw_overlay(Canvas & /*canvas*/, int64_t /*world*/, size_t /*overlay*/, int32_t /*buffer*/) const {}

  // What there is to say of a world beneath its picture: its level's name, say.
  virtual std::string caption(int64_t /*world*/) const { return {}; }
};

// The games by name.  Throws not_found, with the names there are; invalid_argument where levels are given to a game that has
// none.
std::unique_ptr<Game> make_game(std::string_view name, const GameOptions &options);
std::span<const std::string_view> game_names();

}  // namespace penstock::core
