// Tar archives beside Go's archive/tar, on the samples that Go itself is tested with.
#include "core/io/tar.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "core/base/text.h"
#include "core/io/deflate.h"
#include "tests/cpp/engine/io_testing.h"

namespace penstock::core {
namespace {

struct ClosePipe {
  void operator()(FILE *pipe) const { pclose(pipe); }
};

std::string output_of(const std::string &command) {
  const std::unique_ptr<FILE, ClosePipe> pipe(popen(command.c_str(), "r"));
  std::string output;
  std::array<char, 4096> piece;
  while (const size_t count = fread(piece.data(), 1, piece.size(), pipe.get())) output.append(piece.data(), count);
  return output;
}

// What an archive holds: "SIZE CRC32" for each regular member, "error" where it is damaged, and "large" at a member whose
// stated size is beyond what a test reads.
using Listing = std::vector<std::string>;

Listing our_listing(const std::string &path) {
  Listing listing;
  try {
    FileStream stream(File::open(path));
    TarReader tar(stream, path);
    while (const auto member = tar.next()) {
      if (member->kind == TarKind::sparse) return listing.push_back("sparse"), listing;
      if (member->kind != TarKind::file) continue;
      if (member->size > uint64_t{16} << 20) return listing.push_back("large"), listing;
      std::vector<std::byte> content(member->size);
      tar.read(content);
      listing.push_back(text(member->size, ' ', crc32(0, content)));
    }
  } catch (const Error &error) {
    EXPECT_EQ(error.status(), Status::data_error);
    listing.push_back("error");
  }
  return listing;
}

std::map<std::string, Listing> gos_listings(const std::vector<std::string> &paths) {
  std::string command = "go run '" TEST_DATA_DIR "/tar_list.go'";
  for (const std::string &path : paths) command += " '" + path + "'";
  std::istringstream lines(output_of(command));
  std::map<std::string, Listing> found;
  Listing *current = nullptr;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("== ")) {
      current = &found[line.substr(3)];
      continue;
    }
    const size_t tab = line.find('\t');
    if (tab != std::string::npos) line = line.substr(tab + 1);
    std::replace(line.begin(), line.end(), '\t', ' ');
    current->push_back(line);
  }
  return found;
}

std::vector<std::string> samples() {
  std::string root = output_of("go env GOROOT");
  root.erase(root.find_last_not_of('\n') + 1);
  std::vector<std::string> paths;
  for (const auto &entry : std::filesystem::directory_iterator(root + "/src/archive/tar/testdata"))
    if (entry.path().extension() == ".tar") paths.push_back(entry.path());
  return paths;
}

TEST(TarReader, GivesWhatGoGivesOnItsSamplesOrAnError) {
  const std::vector<std::string> paths = samples();
  ASSERT_GT(paths.size(), 30U);
  const auto by_go = gos_listings(paths);
  ASSERT_EQ(by_go.size(), paths.size());
  int same = 0;
  for (const std::string &path : paths) {
    const Listing ours = our_listing(path);
    const bool gave_up = !ours.empty() && (ours.back() == "error" || ours.back() == "sparse");
    if (!gave_up) {
      EXPECT_EQ(ours, by_go.at(path)) << path;
      ++same;
    }
    for (size_t index = 0; gave_up && index + 1 < ours.size() && index < by_go.at(path).size(); ++index)
      EXPECT_EQ(ours[index], by_go.at(path)[index]) << path;
  }
  EXPECT_GE(same, 12) << "of " << paths.size();
}

}  // namespace
}  // namespace penstock::core
