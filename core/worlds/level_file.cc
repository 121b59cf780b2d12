// Levels that lie in files.
#include "core/base/error.h"
#include "core/io/file.h"
#include "core/io/utf8.h"
#include "core/worlds/game.h"

namespace penstock::core {

LevelText read_level_file(const std::string &path) {
  const File file = File::open(path);
  if (file.size() > most_level_bytes)
    fail(Status::data_error, in_quotes(path), " has ", file.size(), " bytes: expected levels, ", most_level_bytes,
         " at most");
  LevelText text{in_quotes(path), std::string(file.size(), '\0')};
  file.read(0, std::as_writable_bytes(std::span(text.content)));
  return text;
}

}  // namespace penstock::core
