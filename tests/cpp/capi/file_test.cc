// .npy and .npz files through the C ABI: there and back, cancelled, and failed halfway.
#include <gmock/gmock.h>

#include <functional>
#include <thread>

#include "support.h"

namespace penstock::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// Of each dtype that NumPy's format has: 2 x 3, the bytes 0, 1, 0, 1, ...
std::vector<TensorHold> one_of_each_dtype() {
  std::vector<TensorHold> tensors;
  for (int32_t dtype = PS_BOOL; dtype <= PS_COMPLEX128; ++dtype) {
    if (dtype == PS_BFLOAT16) continue;
    std::vector<uint8_t> bytes(6 * ps_dtype_size(static_cast<ps_dtype>(dtype)));
    for (size_t index = 0; index < bytes.size(); ++index) bytes[index] = index % 2;
    tensors.push_back(make_tensor(static_cast<ps_dtype>(dtype), {2, 3}, bytes));
  }
  return tensors;
}

bool are_equal(const ps_tensor *first, const ps_tensor *second) {
  int32_t equal = -1;
  require_ok(ps_tensor_equal(&equal, first, second, PS_EQUAL_BITWISE));
  return equal == 1;
}

TensorHold load(const std::string &path) {
  ps_tensor *tensor = nullptr;
  require_ok(ps_npy_load(&tensor, path.c_str(), nullptr));
  return TensorHold(tensor);
}

NpzHold open(const std::string &path) {
  ps_npz *npz = nullptr;
  require_ok(ps_npz_open(&npz, path.c_str()));
  return NpzHold(npz);
}

// A file of format 1.0 with this dictionary in its header.
std::string npy_bytes(std::string dictionary, const std::string &elements) {
  dictionary.resize(117, ' ');
  return std::string("\x93NUMPY\x01\x00\x76\x00", 10) + dictionary + "\n" + elements;
}

TEST(NpyFile, BringsBackEachDtype) {
  const Folder folder;
  for (const TensorHold &tensor : one_of_each_dtype()) {
    const std::string path = folder.path("tensor.npy");
    ASSERT_OK(ps_npy_save(path.c_str(), tensor.get(), nullptr));
    EXPECT_TRUE(are_equal(load(path).get(), tensor.get())) << printed(tensor.get());
  }
}

TEST(NpyFile, BringsBackTensorsOfRankZeroAndWithoutElements) {
  const Folder folder;
  for (const std::vector<int64_t> &shape : {std::vector<int64_t>{}, {0}, {2, 0, 3}}) {
    ps_tensor *tensor = nullptr;
    ASSERT_OK(ps_tensor_zeros(&tensor, PS_INT16, static_cast<int32_t>(shape.size()), shape.data(), nullptr));
    const TensorHold hold(tensor);
    ASSERT_OK(ps_npy_save(folder.path("tensor.npy").c_str(), tensor, nullptr));
    EXPECT_TRUE(are_equal(load(folder.path("tensor.npy")).get(), tensor)) << printed(tensor);
  }
}

TEST(NpyFile, BringsBackWhatAViewShowed) {
  const Folder folder;
  const TensorHold matrix = make_matrix();
  ps_tensor *transposed = nullptr;
  ASSERT_OK(ps_tensor_transpose(&transposed, matrix.get(), 0, 1));
  const TensorHold hold(transposed);
  ASSERT_OK(ps_npy_save(folder.path("tensor.npy").c_str(), transposed, nullptr));
  EXPECT_TRUE(are_equal(load(folder.path("tensor.npy")).get(), transposed));
}

TEST(NpyFile, InColumnMajorOrderKeepsIt) {
  const Folder folder;
  write_file(folder.path("tensor.npy"),
             npy_bytes("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }", std::string("\0\3\1\4\2\5", 6)));
  const TensorHold tensor = load(folder.path("tensor.npy"));
  EXPECT_THAT(values_of<uint8_t>(tensor.get()), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_EQ(ps_tensor_strides(tensor.get())[0], 1);
  EXPECT_EQ(ps_tensor_strides(tensor.get())[1], 2);
}

TEST(NpyFile, IsReplacedAndNothingElseIsLeftInItsFolder) {
  const Folder folder;
  const std::string path = folder.path("tensor.npy");
  ASSERT_OK(ps_npy_save(path.c_str(), make_range(100).get(), nullptr));
  ASSERT_OK(ps_npy_save(path.c_str(), make_matrix().get(), nullptr));
  EXPECT_TRUE(are_equal(load(path).get(), make_matrix().get()));
  EXPECT_THAT(folder.files(), SizeIs(1));
}

TEST(NpzFile, BringsBackEachDtypeUnderItsNameAtEveryCompression) {
  const Folder folder;
  const std::vector<TensorHold> holds = one_of_each_dtype();
  std::vector<ps_tensor *> tensors;
  std::vector<const char *> names;
  for (const TensorHold &hold : holds) {
    tensors.push_back(hold.get());
    names.push_back(ps_dtype_name(ps_tensor_dtype(hold.get())));
  }
  for (const int32_t compression : {0, 1, 12}) {
    const std::string path = folder.path("arrays.npz");
    ps_save_options options = PS_SAVE_OPTIONS_INIT;
    options.compression = compression;
    ASSERT_OK(ps_npz_save(path.c_str(), static_cast<int64_t>(names.size()), names.data(), tensors.data(), &options));
    const NpzHold npz = open(path);
    ASSERT_EQ(ps_npz_count(npz.get()), static_cast<int64_t>(names.size()));
    for (size_t index = 0; index < names.size(); ++index) {
      EXPECT_STREQ(ps_npz_name(npz.get(), static_cast<int64_t>(index)), names[index]);
      ps_tensor *read = nullptr;
      ASSERT_OK(ps_npz_read(&read, npz.get(), names[index], nullptr));
      EXPECT_TRUE(are_equal(TensorHold(read).get(), tensors[index])) << names[index];
    }
  }
}

TEST(NpzFile, WithoutArraysIsOneOfCountZero) {
  const Folder folder;
  ASSERT_OK(ps_npz_save(folder.path("none.npz").c_str(), 0, nullptr, nullptr, nullptr));
  EXPECT_EQ(ps_npz_count(open(folder.path("none.npz")).get()), 0);
}

TEST(NpzFile, StaysReadableWhileItIsHeldThoughItsFileIsGone) {
  const Folder folder;
  const std::string path = folder.path("arrays.npz");
  const TensorHold matrix = make_matrix();
  ps_tensor *const tensors[] = {matrix.get()};
  const char *const names[] = {"matrix"};
  ASSERT_OK(ps_npz_save(path.c_str(), 1, names, tensors, nullptr));
  NpzHold first = open(path);
  const NpzHold second(ps_npz_retain(first.get()));
  std::filesystem::remove(path);
  first.reset();
  ps_tensor *read = nullptr;
  ASSERT_OK(ps_npz_read(&read, second.get(), "matrix", nullptr));
  EXPECT_TRUE(are_equal(TensorHold(read).get(), matrix.get()));
}

// A job with a progress callback: it stops the job at its stop_at-th report, or never.
struct Watcher {
  int64_t stop_at = -1;
  std::vector<std::pair<uint64_t, uint64_t>> reports;
  std::thread::id thread;

  static int32_t report(void *user, uint64_t done, uint64_t total) {
    auto *watcher = static_cast<Watcher *>(user);
    watcher->reports.emplace_back(done, total);
    watcher->thread = std::this_thread::get_id();
    return static_cast<int64_t>(watcher->reports.size()) == watcher->stop_at ? 1 : 0;
  }
};

constexpr int64_t many = 2'500'000;  // int32 numbers: enough bytes for several reports

struct Job {
  std::string name;
  std::function<ps_status(const Folder &, Watcher &, ps_tensor **)> run;
  friend void PrintTo(const Job &job, std::ostream *out) { *out << job.name; }
};

ps_save_options saving(Watcher &watcher, int32_t compression) {
  ps_save_options options = PS_SAVE_OPTIONS_INIT;
  options.progress = Watcher::report;
  options.user = &watcher;
  options.compression = compression;
  return options;
}

ps_load_options loading(Watcher &watcher) {
  ps_load_options options = PS_LOAD_OPTIONS_INIT;
  options.progress = Watcher::report;
  options.user = &watcher;
  return options;
}

ps_status save_archive(const std::string &path, const ps_save_options *options) {
  const TensorHold first = make_range(many), second = make_range(10);
  ps_tensor *const tensors[] = {first.get(), second.get()};
  const char *const names[] = {"first", "second"};
  return ps_npz_save(path.c_str(), 2, names, tensors, options);
}

std::vector<Job> all_jobs() {
  return {
      {"ps_npy_save",
       [](const Folder &folder, Watcher &watcher, ps_tensor **) {
         const ps_save_options options = saving(watcher, 0);
         return ps_npy_save(folder.path("new.npy").c_str(), make_range(many).get(), &options);
       }},
      {"ps_npy_load",
       [](const Folder &folder, Watcher &watcher, ps_tensor **out) {
         const ps_load_options options = loading(watcher);
         return ps_npy_load(out, folder.path("old.npy").c_str(), &options);
       }},
      {"ps_npz_save",
       [](const Folder &folder, Watcher &watcher, ps_tensor **) {
         const ps_save_options options = saving(watcher, 1);
         return save_archive(folder.path("new.npz"), &options);
       }},
      {"ps_npz_read",
       [](const Folder &folder, Watcher &watcher, ps_tensor **out) {
         const ps_load_options options = loading(watcher);
         return ps_npz_read(out, open(folder.path("old.npz")).get(), "first", &options);
       }},
  };
}

class FileProgress : public ::testing::TestWithParam<Job> {
 protected:
  FileProgress() {
    require_ok(ps_npy_save(folder_.path("old.npy").c_str(), make_range(many).get(), nullptr));
    require_ok(save_archive(folder_.path("old.npz"), nullptr));
  }

  Folder folder_;
};

INSTANTIATE_TEST_SUITE_P(Jobs, FileProgress, ::testing::ValuesIn(all_jobs()),
                         [](const ::testing::TestParamInfo<Job> &info) { return info.param.name; });

TEST_P(FileProgress, IsToldOnTheCallingThreadAndEndsAtItsTotal) {
  Watcher watcher;
  ps_tensor *out = nullptr;
  ASSERT_OK(GetParam().run(folder_, watcher, &out));
  ps_tensor_release(out);
  ASSERT_GE(watcher.reports.size(), 2u);
  EXPECT_EQ(watcher.thread, std::this_thread::get_id());
  EXPECT_EQ(watcher.reports.back().first, watcher.reports.back().second);
  for (size_t index = 1; index < watcher.reports.size(); ++index) {
    EXPECT_GE(watcher.reports[index].first, watcher.reports[index - 1].first);
    EXPECT_EQ(watcher.reports[index].second, watcher.reports[0].second);
  }
}

TEST_P(FileProgress, CancelsAtAnyReportAndLeavesNothingBehind) {
  Watcher whole;
  ps_tensor *out = nullptr;
  {
    const Folder elsewhere;
    std::filesystem::copy(folder_.path("old.npy"), elsewhere.path("old.npy"));
    std::filesystem::copy(folder_.path("old.npz"), elsewhere.path("old.npz"));
    ASSERT_OK(GetParam().run(elsewhere, whole, &out));
    ps_tensor_release(out);
  }
  const auto files = folder_.files();
  const LiveMemory before = live_memory();
  const auto report_count = static_cast<int64_t>(whole.reports.size());
  for (const int64_t stop_at : {INT64_C(1), (report_count + 1) / 2, report_count}) {
    Watcher watcher{stop_at, {}, {}};
    out = nullptr;
    EXPECT_EQ(GetParam().run(folder_, watcher, &out), PS_CANCELLED) << stop_at << " of " << report_count;
    EXPECT_EQ(out, nullptr);
    EXPECT_EQ(static_cast<int64_t>(watcher.reports.size()), stop_at);
    EXPECT_TRUE(folder_.files() == files) << stop_at << " of " << report_count;
    EXPECT_EQ(live_memory(), before);
  }
}

TEST(CancelledSave, LeavesTheFileThatWasThere) {
  const Folder folder;
  const std::string path = folder.path("tensor.npy");
  ASSERT_OK(ps_npy_save(path.c_str(), make_matrix().get(), nullptr));
  Watcher watcher{1, {}, {}};
  const ps_save_options options = saving(watcher, 0);
  EXPECT_EQ(ps_npy_save(path.c_str(), make_range(many).get(), &options), PS_CANCELLED);
  EXPECT_TRUE(are_equal(load(path).get(), make_matrix().get()));
}

TEST(RefusedFile, IsNamedInTheMessageWithThePlaceOfTheDamage) {
  const Folder folder;
  write_file(folder.path("damaged.npy"),
             npy_bytes("{'descr': '|u1', 'fortran_order': Perhaps, 'shape': (2, 3), }", std::string(6, '\0')));
  ps_tensor *tensor = nullptr;
  EXPECT_EQ(ps_npy_load(&tensor, folder.path("damaged.npy").c_str(), nullptr), PS_DATA_ERROR);
  EXPECT_THAT(ps_last_error(), HasSubstr("damaged.npy"));
  EXPECT_THAT(ps_last_error(), HasSubstr("at byte 44"));
}

}  // namespace
}  // namespace penstock::test
