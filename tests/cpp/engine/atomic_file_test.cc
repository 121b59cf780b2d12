#include "core/io/atomic_file.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "tests/cpp/engine/io_testing.h"

namespace penstock::core {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

void replace(const std::string &path, const std::string &content) {
  AtomicFile file(path);
  file.append(bytes_of(content));
  file.commit();
}

// No file of this process may grow beyond a size while this lives: what a full disk looks like to a writer.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : old_handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &old_limit_);
    const rlimit limit{bytes, old_limit_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileSizeLimit(const FileSizeLimit &) = delete;
  FileSizeLimit &operator=(const FileSizeLimit &) = delete;
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &old_limit_);
    std::signal(SIGXFSZ, old_handler_);
  }

 private:
  rlimit old_limit_{};
  void (*old_handler_)(int);
};

TEST(AtomicFile, ReplacesWhatWasThereWhenCommitted) {
  const TemporaryFolder folder;
  write_bytes(folder.path("a"), "the old content");
  replace(folder.path("a"), "new");
  EXPECT_EQ(read_bytes(folder.path("a")), "new");
  EXPECT_THAT(folder.names(), ElementsAre("a"));
}

TEST(AtomicFile, LeavesWhatWasThereAndNothingElseWithoutCommit) {
  const TemporaryFolder folder;
  write_bytes(folder.path("a"), "old");
  {
    AtomicFile file(folder.path("a"));
    file.append(bytes_of("new"));
    EXPECT_EQ(read_bytes(folder.path("a")), "old");
  }
  EXPECT_EQ(read_bytes(folder.path("a")), "old");
  EXPECT_THAT(folder.names(), ElementsAre("a"));
}

TEST(AtomicFile, OverwritesInsideWhatWasAppended) {
  const TemporaryFolder folder;
  AtomicFile file(folder.path("a"));
  file.append(bytes_of("0123"));
  file.overwrite(1, bytes_of("xy"));
  file.append(bytes_of("45"));
  EXPECT_EQ(file.size(), 6u);
  file.commit();
  EXPECT_EQ(read_bytes(folder.path("a")), "0xy345");
}

TEST(AtomicFile, FullDiskIsAnErrorAndLeavesWhatWasThere) {
  const TemporaryFolder folder;
  write_bytes(folder.path("a"), "old");
  {
    const FileSizeLimit limit(4096);
    expect_failure(Status::io_error, {"cannot write", folder.path("a"), "File too large"},
                   [&] { replace(folder.path("a"), std::string(5000, 'x')); });
  }
  EXPECT_EQ(read_bytes(folder.path("a")), "old");
  EXPECT_THAT(folder.names(), ElementsAre("a"));
}

TEST(AtomicFile, MissingFolderIsNotFound) {
  const TemporaryFolder folder;
  expect_failure(Status::not_found, {folder.path("no/a"), "No such file"},
                 [&] { replace(folder.path("no/a"), "new"); });
  EXPECT_THAT(folder.names(), IsEmpty());
}

// A device is refused by the same line as a pipe.  None stands in this test: should the line break, the superuser would
// lose /dev/null for a plain file.
TEST(AtomicFile, FolderAndPipeAreNeverReplaced) {
  const TemporaryFolder folder;
  ASSERT_EQ(mkfifo(folder.path("pipe").c_str(), 0600), 0);
  for (const std::string &path : {folder.path(""), folder.path("pipe")})
    expect_failure(Status::io_error, {path, "not a regular file"}, [&] { replace(path, "new"); });
  EXPECT_TRUE(std::filesystem::is_fifo(folder.path("pipe")));
  EXPECT_THAT(folder.names(), ElementsAre("pipe"));
}

TEST(AtomicFile, HasThePermissionsOfAnyNewFile) {
  const TemporaryFolder folder;
  const mode_t old_mask = umask(0027);
  replace(folder.path("a"), "new");
  umask(old_mask);
  struct stat about;
  ASSERT_EQ(stat(folder.path("a").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777u, 0640u);
}

TEST(AtomicFile, FollowsALinkAndKeepsIt) {
  const TemporaryFolder folder;
  write_bytes(folder.path("target"), "old");
  std::filesystem::create_symlink("target", folder.path("link"));
  replace(folder.path("link"), "new");
  EXPECT_EQ(read_bytes(folder.path("target")), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(folder.path("link")));
}

TEST(AtomicFile, TargetNameMayBeAsLongAsTheSystemAllows) {
  const TemporaryFolder folder;
  const std::string name(255, 'n');
  replace(folder.path(name), "new");
  EXPECT_THAT(folder.names(), ElementsAre(name));
}

TEST(AtomicFile, TwoToOnePathDoNotMeet) {
  const TemporaryFolder folder;
  AtomicFile first(folder.path("a")), second(folder.path("a"));
  first.append(bytes_of("first"));
  second.append(bytes_of("second"));
  second.commit();
  EXPECT_EQ(read_bytes(folder.path("a")), "second");
  first.commit();
  EXPECT_EQ(read_bytes(folder.path("a")), "first");
}

}  // namespace
}  // namespace penstock::core
