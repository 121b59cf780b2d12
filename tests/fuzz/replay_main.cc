// Runs every file of the folders given through a fuzz target, once: what a fuzzer found stays found, with any compiler.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

namespace {

std::vector<std::filesystem::path> files_of(const std::filesystem::path &folder) {
  std::vector<std::filesystem::path> files;
  for (const auto &entry : std::filesystem::directory_iterator(folder))
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

// Copied to the heap at its exact size, so that AddressSanitizer sees a read one byte past it.
std::vector<uint8_t> read_file(const std::filesystem::path &path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path.string() + " cannot be read");
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  return {content.begin(), content.end()};
}

void replay(const std::filesystem::path &folder) {
  const auto files = files_of(folder);
  if (files.empty()) throw std::runtime_error(folder.string() + " has no files");
  for (const auto &file : files) {
    std::fprintf(stderr, "%s\n", file.filename().c_str());  // before it runs: the last line names the one that crashes
    const std::vector<uint8_t> input = read_file(file);
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  std::printf("%zu files of %s replayed\n", files.size(), folder.c_str());
}

}  // namespace

int main(int argument_count, char **arguments) {
  try {
    if (argument_count < 2) throw std::runtime_error("usage: fuzz_replay_<name> <folder>...");
    for (int number = 1; number < argument_count; ++number) replay(arguments[number]);
    return 0;
  } catch (const std::exception &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
