#include "core/base/plugin.h"

#include <dlfcn.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <system_error>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/base/version.h"

namespace penstock::core {
namespace {

struct CloseLibrary {
  void operator()(void *library) const { dlclose(library); }
};
using Library = std::unique_ptr<void, CloseLibrary>;

void require_plugin_name(std::string_view name) {
  const bool known_characters = std::all_of(
      name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
  if (name.empty() || !known_characters)
    fail(Status::invalid_argument, "\"", name, "\" is no name of a plug-in: expected letters a-z, digits and _");
}

std::string loader_error() {
  const char *reason = dlerror();  // NOLINT(concurrency-mt-unsafe): of this thread alone, in glibc and musl
  return reason != nullptr ? reason : "the loader gives no reason";
}

Library load(std::string_view name, const std::string &path) {
  struct stat file;
  if (stat(path.c_str(), &file) != 0 && (errno == ENOENT || errno == ENOTDIR))
    fail(Status::unavailable, "plug-in ", name, " is not installed: there is no file ", path, "; a penstock ",
         version(), " that was built with ", name, " has it there");
  // RTLD_NOW: a symbol that is missing is found here, not in the middle of a run.
  Library library(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL));
  if (library == nullptr) fail(Status::unavailable, "plug-in ", name, " at ", path, " does not load: ", loader_error());
  return library;
}

const PluginDescription &describe(std::string_view name, const std::string &path, void *library) {
  void *symbol = dlsym(library, "ps_plugin_describe");
  if (symbol == nullptr)
    fail(Status::unavailable, "plug-in ", name, " at ", path, " is none: it has no function ps_plugin_describe");
  const PluginDescription *description = reinterpret_cast<decltype(&ps_plugin_describe)>(symbol)();
  if (description == nullptr) fail(Status::unavailable, "plug-in ", name, " at ", path, " describes nothing");
  return *description;
}

std::string or_nothing(const char *string) { return string != nullptr ? string : "(nothing)"; }

// The fields in the order in which they can be trusted: each check lets the next ones be read.
void require_match(const PluginDescription &description, std::string_view name, const std::string &path) {
  const std::string which = text("plug-in ", name, " at ", path);
  if (description.magic != plugin_magic)
    fail(Status::unavailable, which, " is none: its description does not begin with the magic number");
  if (description.interface_version != plugin_interface_version)
    fail(Status::unavailable, which, " has plug-in interface ", description.interface_version, ", expected ",
         plugin_interface_version);
  if (description.struct_size != sizeof(PluginDescription))
    fail(Status::unavailable, which, " has a description of ", description.struct_size, " bytes, expected ",
         sizeof(PluginDescription));
  const std::string its_version = or_nothing(description.engine_version), its_name = or_nothing(description.name);
  if (its_version != version())
    fail(Status::unavailable, which, " was built for penstock ", its_version, ", but this is penstock ", version());
  if (its_name != name) fail(Status::unavailable, which, " describes itself as ", its_name);
}

// The file whose code holds this function.
std::string path_of_this_code() {
  Dl_info info;
  if (dladdr(reinterpret_cast<const void *>(&path_of_this_code), &info) == 0 || info.dli_fname == nullptr)
    fail(Status::unavailable, "the folder of plug-ins is unknown: the loader does not know penstock's own file");
  // A program's own name is what it was started as: without a slash it was found through PATH.
  const char *name = std::strchr(info.dli_fname, '/') != nullptr ? info.dli_fname : "/proc/self/exe";
  const std::unique_ptr<char, decltype(&std::free)> path(realpath(name, nullptr), &std::free);
  if (path == nullptr)
    fail(Status::unavailable, "the folder of plug-ins is unknown: penstock's own file ", name, ": ",
         std::generic_category().message(errno));
  return path.get();
}

// Never destroyed: threads may still ask while the process ends.
Plugins &plugins_beside_this_code() {
  static Plugins *const plugins = [] {
    const std::string path = path_of_this_code();
    return new Plugins(path.substr(0, path.rfind('/')));
  }();
  return *plugins;
}

}  // namespace

std::string Plugins::path_of(std::string_view name) const { return text(folder_, "/libcore_", name, ".so"); }

const PluginDescription &Plugins::open(std::string_view name) {
  require_plugin_name(name);
  const std::lock_guard lock(mutex_);
  const auto found = opened_.find(name);
  if (found != opened_.end()) return *found->second;
  const std::string path = path_of(name);
  Library library = load(name, path);
  const PluginDescription &description = describe(name, path, library.get());
  require_match(description, name, path);
  opened_.emplace(name, &description);
  static_cast<void>(library.release());  // loaded for good
  return description;
}

std::string Plugins::status(std::string_view name) {
  try {
    const PluginDescription &description = open(name);
    return text("plug-in ", name, " ", description.engine_version, " at ", path_of(name));
  } catch (const Error &error) {
    return error.sentence();
  }
}

const PluginDescription &open_plugin(std::string_view name) { return plugins_beside_this_code().open(name); }

std::string plugin_status(std::string_view name) {
  try {
    return plugins_beside_this_code().status(name);
  } catch (const Error &error) {
    return error.sentence();
  }
}

}  // namespace penstock::core
