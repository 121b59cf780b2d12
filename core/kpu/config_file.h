// A KPU's configuration as a file: TOML or JSON, its mistakes reported by line.
#pragma once

#include <string>
#include <string_view>

#include "core/kpu/config.h"

namespace penstock::core::kpu {

// Reads a configuration: what value_names() has, each at most once, and "preset", which is applied first.  Values may
// stand in tables: [dram] trcd = 14.0 is dram_trcd, and [array] rows = 8 is rows.
//
//   JSON  one object; its values numbers, strings, true, false, or objects of these
//   TOML  lines of name = value, [table], # comments; values as in JSON, and integers with _ and 0x
//
// place names the text in errors.  Throws data_error with place and line for what does not parse, is not known, or is
// outside its limits, and invalid_argument with place for values that contradict each other.
Config parse_config(std::string_view text, std::string_view place);

// The same for a file, of which the first character that is no space tells JSON ("{") from TOML.  Throws also what
// read_text() throws.
Config load_config(const std::string &path);

// A configuration as JSON that parse_config() reads: every value.
std::string config_as_json(const Config &config);

// A whole file of at most 16 MiB.  Throws not_found, io_error, and data_error for a larger one.
std::string read_text(const std::string &path);

}  // namespace penstock::core::kpu
