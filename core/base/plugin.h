// Plug-ins of our own: libcore_cuda.so, libcore_net.so, ... beside libcore.so, opened when first used, so that who does
// not use them loads nothing heavy.
//
// A plug-in is a shared object libcore_<name>.so that exports ps_plugin_describe().  It is built together with the
// library that opens it: the two share C++ types, so their versions must be equal to the letter.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace penstock::core {

constexpr uint64_t plugin_magic = 0x6e6967756c705350;  // "PSplugin" in memory
constexpr uint32_t plugin_interface_version = 1;       // of the struct below

// What a plug-in says of itself: static memory that lives as long as the process.  The first three fields stay where
// they are in every interface version.
struct PluginDescription {
  uint64_t magic = plugin_magic;
  uint32_t struct_size = sizeof(PluginDescription);
  uint32_t interface_version = plugin_interface_version;
  const char *engine_version = nullptr;  // the PENSTOCK_VERSION it was compiled with; version() must be the same
  const char *name = nullptr;            // the <name> of its file
  const void *functions = nullptr;       // its table, of a type that a header shared with its users declares
};

// The plug-ins in one folder.  Any number of threads at once; two that ask for the same one cause one opening.
class Plugins {
 public:
  explicit Plugins(std::string folder) : folder_(std::move(folder)) {}

  // The plug-in's description, opening it where this is the first successful call for that name.  What was accepted
  // stays loaded until the process ends; what was refused is closed, and the next call tries again.
  //
  // Throws invalid_argument for a name that is not of a-z, 0-9 and _.  Throws unavailable, naming the full path and the
  // reason, where there is no such file, it does not load, or it is not a plug-in of this name, interface and version.
  //
  // A plug-in's static constructors and its ps_plugin_describe() must not call this: the lock is held around them.
  const PluginDescription &open(std::string_view name);

  // One line on a plug-in, for a person: the path and version it was opened from, or why it cannot be.  Opens it as
  // open() does; a plug-in's trouble is part of the text, never a throw.
  std::string status(std::string_view name);

 private:
  std::string path_of(std::string_view name) const;

  std::string folder_;
  std::mutex mutex_;
  std::map<std::string, const PluginDescription *, std::less<>> opened_;
};

// The same for the plug-ins in the folder of the file that this code was loaded from, symbolic links followed: beside
// libcore.so, or beside the program that has the engine linked in.  Throws unavailable as well where that folder cannot
// be found.
const PluginDescription &open_plugin(std::string_view name);
std::string plugin_status(std::string_view name);

}  // namespace penstock::core

// The one function that a plug-in exports; it defines this declaration.  It returns the same pointer at each call.
extern "C" __attribute__((visibility("default"))) const penstock::core::PluginDescription *ps_plugin_describe();
