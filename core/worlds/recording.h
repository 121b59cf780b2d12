// What worlds write while they are recorded: each thing done to them, and the hashes of what came of each step.
// recording_format.h describes the file.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/io/append_file.h"
#include "core/worlds/recording_actions.h"
#include "core/worlds/recording_format.h"
#include "core/worlds/worlds.h"

namespace penstock::core {

// One recording of one manager's worlds.  Each function writes what has just been done to them, at once and whole, so
// that a crash of the process loses nothing that was recorded before.
//
// Where that fails, it throws the failure with a sentence that says what was done but not recorded; the recording has
// ended before it, and later calls write nothing until finish() throws the same.  After fork() the child's calls write
// nothing: the recording is the parent's.
class Recorder {
 public:
  // Writes the header for worlds as they are; they outlive this.  Throws as AppendFile; the file is touched last.
  Recorder(const std::string &path, const Worlds &worlds);

  const std::string &path() const { return file_.path(); }

  void step();
  void reset(std::span<const bool> mask, std::span<const uint64_t> seeds);
  void set_state(int64_t world, std::span<const double> state);
  void restore(std::span<const int64_t> worlds);  // those that were restored
  void set_parameter(std::string_view name, double value);
  void finish();  // the last call

 private:
  template <typename Build>
  void write(EventKind kind, std::string_view what, const Build &build);
  std::vector<std::byte> read_actions() const;
  bool is_forked() const;

  const Worlds &worlds_;
  ActionPacking packing_;
  std::string header_;
  AppendFile file_;
  pid_t process_;
  uint64_t steps_ = 0;
  bool has_failed_ = false;
  Status failure_ = Status::ok;
  std::string failure_sentence_;
};

}  // namespace penstock::core
