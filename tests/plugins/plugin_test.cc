#include "core/base/plugin.h"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/base/version.h"
#include "tests/plugins/sample_plugin.h"

namespace penstock::core {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string path_in(const std::string &folder, const std::string &name) {
  return text(folder, "/libcore_", name, ".so");
}

bool is_loaded(const std::string &path) {
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_NOLOAD);
  if (library == nullptr) return false;
  dlclose(library);  // gives back what dlopen just counted
  return true;
}

const SampleFunctions &functions_of(const PluginDescription &description) {
  return *static_cast<const SampleFunctions *>(description.functions);
}

// The sentence with which a plug-in of the test's folder is refused; fails the test where it is not, or is otherwise.
std::string refusal(Plugins &plugins, const std::string &name, Status status = Status::unavailable) {
  try {
    plugins.open(name);
  } catch (const Error &error) {
    EXPECT_EQ(error.status(), status) << error.sentence();
    return error.sentence();
  }
  ADD_FAILURE() << "plug-in " << name << " was opened";
  return "";
}

std::string refusal(const std::string &name) {
  Plugins plugins(PLUGIN_FOLDER);
  const std::string sentence = refusal(plugins, name);
  EXPECT_THAT(sentence, HasSubstr(path_in(PLUGIN_FOLDER, name)));
  EXPECT_FALSE(is_loaded(path_in(PLUGIN_FOLDER, name))) << "a refused plug-in stays open";
  return sentence;
}

// A folder that goes with the test.  What is copied into it has not been loaded before, whatever ran in this process.
class TemporaryFolder {
 public:
  TemporaryFolder() : path_(::testing::TempDir() + "penstock_plugins_XXXXXX") {
    if (mkdtemp(path_.data()) == nullptr) ADD_FAILURE() << path_ << " cannot be made";
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  const std::string &path() const { return path_; }

  // Puts a plug-in of the test's folder here, under another name.
  void copy(const std::string &from_name, const std::string &name) const {
    std::filesystem::copy(path_in(PLUGIN_FOLDER, from_name), path_in(path_, name));
  }

 private:
  std::string path_;
};

TEST(Plugin, IsLoadedAtItsFirstUseAndNotBefore) {
  const TemporaryFolder folder;
  folder.copy("sample", "sample");
  Plugins plugins(folder.path());
  EXPECT_FALSE(is_loaded(path_in(folder.path(), "sample")));
  plugins.open("sample");
  EXPECT_TRUE(is_loaded(path_in(folder.path(), "sample")));
}

TEST(Plugin, GivesItsNameVersionAndFunctions) {
  Plugins plugins(PLUGIN_FOLDER);
  const PluginDescription &description = plugins.open("sample");
  EXPECT_STREQ(description.name, "sample");
  EXPECT_STREQ(description.engine_version, version());
  EXPECT_EQ(functions_of(description).twice(21), 42);
}

TEST(Plugin, IsLookedForBesideTheProgramThatHasTheEngine) {
  EXPECT_STREQ(open_plugin("beside").name, "beside");
  EXPECT_TRUE(is_loaded(path_in(PROGRAM_FOLDER, "beside")));
}

TEST(Plugin, StaysLoadedWhenItsFinderIsGone) {
  const PluginDescription &description = Plugins(PLUGIN_FOLDER).open("sample");
  EXPECT_EQ(functions_of(description).twice(4), 8);
}

TEST(Plugin, KeepsItsSymbolsToItself) {
  Plugins(PLUGIN_FOLDER).open("sample");
  EXPECT_EQ(dlsym(RTLD_DEFAULT, "ps_plugin_describe"), nullptr);
}

TEST(Plugin, IsOpenedOnceByThreadsThatAskTogether) {
  constexpr int thread_count = 8;
  const TemporaryFolder folder;
  folder.copy("sample", "sample");
  Plugins plugins(folder.path());
  std::latch start(thread_count);
  std::vector<const PluginDescription *> descriptions(thread_count);
  std::vector<std::thread> threads;
  for (int number = 0; number < thread_count; ++number)
    threads.emplace_back([&, number] {
      start.arrive_and_wait();
      descriptions[number] = &plugins.open("sample");
    });
  for (std::thread &thread : threads) thread.join();
  EXPECT_THAT(descriptions, Each(descriptions[0]));
  EXPECT_EQ(functions_of(*descriptions[0]).times_described(), 1);
}

TEST(Plugin, ThatIsAbsentIsNamedWithThePathAndWhatProvidesIt) {
  EXPECT_THAT(refusal("absent"), AllOf(HasSubstr("plug-in absent is not installed"), HasSubstr("built with absent")));
}

TEST(Plugin, InAFolderThatIsAbsentIsNotInstalled) {
  Plugins plugins(PLUGIN_FOLDER "/nowhere");
  EXPECT_THAT(refusal(plugins, "sample"), HasSubstr("is not installed"));
}

TEST(Plugin, ThatIsNoSharedObjectIsRefusedWithTheLoadersReason) {
  EXPECT_THAT(refusal("prose"), HasSubstr("does not load: "));
}

TEST(Plugin, ThatLacksASymbolIsRefusedWithTheLoadersReason) {
  EXPECT_THAT(refusal("unresolved"), AllOf(HasSubstr("does not load: "), HasSubstr("function_that_no_library_has")));
}

TEST(Plugin, WithoutADescriptionIsRefused) {
  EXPECT_THAT(refusal("mute"), HasSubstr("no function ps_plugin_describe"));
  EXPECT_THAT(refusal("silent"), HasSubstr("describes nothing"));
}

TEST(Plugin, WithAnotherMagicNumberIsRefused) { EXPECT_THAT(refusal("stranger"), HasSubstr("magic number")); }

TEST(Plugin, OfAnotherInterfaceIsRefusedWithBothVersions) {
  EXPECT_THAT(refusal("future"), HasSubstr("has plug-in interface 2, expected 1"));
}

TEST(Plugin, WithADescriptionOfAnotherSizeIsRefused) {
  EXPECT_THAT(refusal("longer"), HasSubstr("a description of 64 bytes, expected "));
}

TEST(Plugin, OfAnotherEngineIsRefusedWithBothVersions) {
  EXPECT_THAT(refusal("older"), HasSubstr(text("built for penstock 0.9.0, but this is penstock ", version())));
  EXPECT_THAT(refusal("unversioned"), HasSubstr("built for penstock (nothing)"));
}

TEST(Plugin, OfAnotherNameIsRefused) { EXPECT_THAT(refusal("renamed"), HasSubstr("describes itself as other")); }

TEST(Plugin, NamesThatCouldLeaveTheFolderAreNone) {
  Plugins plugins(PLUGIN_FOLDER);
  for (const std::string &name : {std::string(), std::string("../sample"), std::string("Sample"), std::string("a.b"),
                                  std::string("a-b"), std::string("sample\0", 7), std::string("\xc3\xb6")})
    EXPECT_THAT(refusal(plugins, name, Status::invalid_argument), HasSubstr("is no name of a plug-in"));
}

TEST(Plugin, IsFoundOnceItsFileAppears) {
  const TemporaryFolder folder;
  Plugins plugins(folder.path());
  EXPECT_THAT(refusal(plugins, "sample"), HasSubstr("is not installed"));
  folder.copy("sample", "sample");
  EXPECT_STREQ(plugins.open("sample").name, "sample");
}

TEST(Plugin, IsFoundOnceAFileThatWasRefusedIsReplaced) {
  const TemporaryFolder folder;
  folder.copy("older", "sample");
  Plugins plugins(folder.path());
  EXPECT_THAT(refusal(plugins, "sample"), HasSubstr("0.9.0"));
  std::filesystem::remove(path_in(folder.path(), "sample"));
  folder.copy("sample", "sample");
  EXPECT_STREQ(plugins.open("sample").name, "sample");
}

TEST(PluginStatus, TellsVersionAndPathOfOneThatWorks) {
  Plugins plugins(PLUGIN_FOLDER);
  EXPECT_EQ(plugins.status("sample"), text("plug-in sample ", version(), " at ", path_in(PLUGIN_FOLDER, "sample")));
}

TEST(PluginStatus, TellsWhyOneCannotBeUsed) {
  Plugins plugins(PLUGIN_FOLDER);
  for (const char *name : {"absent", "prose", "older", "../sample"}) {
    const Status status = std::string(name) == "../sample" ? Status::invalid_argument : Status::unavailable;
    EXPECT_EQ(plugins.status(name), refusal(plugins, name, status));
  }
}

TEST(PluginStatus, LooksBesideTheProgramThatHasTheEngine) {
  EXPECT_THAT(plugin_status("absent"), HasSubstr(path_in(PROGRAM_FOLDER, "absent")));
  EXPECT_THAT(plugin_status("beside"), StartsWith("plug-in beside "));
}

}  // namespace
}  // namespace penstock::core
