// Which files the sources of a set of samples name: paths, folders, patterns, braces.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/io/file_list.h"
#include "core/loader/samples/sample_source.h"

namespace penstock::core {

// What a name with braces stands for, in the order of the shell: {a,b} each of these, {000..127} the numbers up or down, with
// zeros in front where one of the ends has some; several braces, also in each other, give every combination.  A name
// without them, or with braces of which these are none, stands for itself.  Throws invalid_argument for more than a million.
std::vector<std::string> expand_braces(std::string_view name);

// The sources as paths and patterns: file:// is taken off, braces are expanded where no file is called so.  Throws
// invalid_argument where there is none or an empty one, unavailable for another scheme.
std::vector<std::string> resolve_sources(const std::vector<std::string> &sources);

// The files of all sources.  Of the files in a folder only those that is_one says yes to, unless it does to none: then all.
// Throws as list_files() does, and not_found where there is no file at all.
std::vector<SourceFile> list_shards(const SampleSource &source, bool (*is_one)(std::string_view name));

}  // namespace penstock::core
