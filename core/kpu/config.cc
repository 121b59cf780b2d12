#include "core/kpu/config.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <vector>

#include "core/base/error.h"

namespace penstock::core::kpu {
namespace {

constexpr std::string_view presets[] = {"default", "edge", "32x32", "128x128", "256x256"};
constexpr std::string_view dataflows[] = {"os", "ws", "is"};
constexpr std::string_view tiers[] = {"event", "pe"};
constexpr std::string_view dtypes[] = {"float32", "float16", "bfloat16", "int8", "float8_e4m3fn", "float8_e5m2"};

[[noreturn]] void refuse(std::string_view name, std::string_view value, std::string_view expected) {
  fail(Status::invalid_argument, name, " is \"", value, "\": expected ", expected);
}

// A decimal or hexadecimal integer, with _ between digits.
std::optional<int64_t> parse_integer(std::string_view given) {
  std::string digits;
  for (const char character : given)
    if (character != '_') digits += character;
  const bool is_hexadecimal = digits.starts_with("0x");
  const char *const begin = digits.data() + (is_hexadecimal ? 2 : 0), *const end = digits.data() + digits.size();
  int64_t value = 0;
  const auto result = std::from_chars(begin, end, value, is_hexadecimal ? 16 : 10);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return value;
}

std::optional<double> parse_number(std::string_view given) {
  double value = 0;
  const auto result = std::from_chars(given.data(), given.data() + given.size(), value);
  if (result.ec != std::errc() || result.ptr != given.data() + given.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

std::string joined(std::span<const std::string_view> words) {
  std::string all;
  for (size_t index = 0; index < words.size(); ++index)
    all += text(index == 0 ? "" : index + 1 == words.size() ? " or " : ", ", words[index]);
  return all;
}

size_t parse_word(std::string_view name, std::string_view value, std::span<const std::string_view> words) {
  const auto found = std::find(words.begin(), words.end(), value);
  if (found == words.end()) refuse(name, value, joined(words));
  return static_cast<size_t>(found - words.begin());
}

int64_t integer_within(std::string_view name, std::string_view value, int64_t least, int64_t most) {
  const std::optional<int64_t> number = parse_integer(value);
  if (!number || *number < least || *number > most) refuse(name, value, text("an integer from ", least, " to ", most));
  return *number;
}

double number_within(std::string_view name, std::string_view value, double least, double most) {
  const std::optional<double> number = parse_number(value);
  if (!number || *number < least || *number > most) refuse(name, value, text("a number from ", least, " to ", most));
  return *number;
}

bool flag(std::string_view name, std::string_view value) {
  constexpr std::string_view words[] = {"false", "true"};
  return parse_word(name, value, words) == 1;
}

std::string word(bool value) { return value ? "true" : "false"; }

// How one value is read and written.
struct Value {
  std::string_view name;
  void (*set)(Config &, std::string_view name, std::string_view value);
  std::string (*get)(const Config &);
};

template <auto member, int64_t least, int64_t most>
constexpr Value integer(std::string_view name) {
  return {name,
          [](Config &config, std::string_view named, std::string_view value) {
            config.*member = integer_within(named, value, least, most);
          },
          [](const Config &config) { return text(config.*member); }};
}

template <auto member, int64_t least, int64_t most>
constexpr Value dram_integer(std::string_view name) {
  return {name,
          [](Config &config, std::string_view named, std::string_view value) {
            config.dram.*member = integer_within(named, value, least, most);
          },
          [](const Config &config) { return text(config.dram.*member); }};
}

// Nanoseconds in text, whole picoseconds in the configuration.
template <auto member, bool may_be_zero = false>
constexpr Value dram_time(std::string_view name) {
  return {name,
          [](Config &config, std::string_view named, std::string_view value) {
            const double nanoseconds = number_within(named, value, may_be_zero ? 0 : 0.001, 1e9);
            config.dram.*member = std::llround(nanoseconds * 1000);
          },
          [](const Config &config) { return text(static_cast<double>(config.dram.*member) / 1000); }};
}

template <auto member>
constexpr Value boolean(std::string_view name) {
  return {name,
          [](Config &config, std::string_view named, std::string_view value) { config.*member = flag(named, value); },
          [](const Config &config) { return word(config.*member); }};
}

template <EnergyPart part>
constexpr Value energy(std::string_view name) {
  return {name,
          [](Config &config, std::string_view named, std::string_view value) {
            config.energy.given[static_cast<size_t>(part)] = number_within(named, value, 0, 1e12);
          },
          [](const Config &config) { return text(energy_entry(config, part).picojoules); }};
}

constexpr int64_t largest_side = 65536, tebibyte = int64_t{1} << 40, most_dram_banks = 16384;

constexpr Value values[] = {
    integer<&Config::rows, 1, largest_side>("rows"),
    integer<&Config::columns, 1, largest_side>("columns"),
    {"dataflow",
     [](Config &config, std::string_view name, std::string_view value) {
       config.dataflow = static_cast<Dataflow>(parse_word(name, value, dataflows));
     },
     [](const Config &config) { return std::string(dataflow_name(config.dataflow)); }},
    {"dtype",
     [](Config &config, std::string_view name, std::string_view value) {
       config.dtype = *find_dtype(dtypes[parse_word(name, value, dtypes)]);
     },
     [](const Config &config) { return std::string(dtype_name(config.dtype)); }},
    {"tier",
     [](Config &config, std::string_view name, std::string_view value) {
       config.tier = static_cast<Tier>(parse_word(name, value, tiers));
     },
     [](const Config &config) { return std::string(tiers[static_cast<size_t>(config.tier)]); }},
    boolean<&Config::skip_partial>("skip_partial"),
    boolean<&Config::scalesim_compatible>("scalesim_compatible"),
    boolean<&Config::tiling>("tiling"),
    boolean<&Config::double_buffered>("double_buffered"),
    boolean<&Config::timeline>("timeline"),
    integer<&Config::clock_mhz, 1, 100000>("clock_mhz"),
    integer<&Config::main_memory_size, 1, tebibyte>("main_memory_size"),
    integer<&Config::scratchpad_size, 1, tebibyte>("scratchpad_size"),
    integer<&Config::scratchpad_banks, 1, 1024>("scratchpad_banks"),
    integer<&Config::scratchpad_width, 0, 65536>("scratchpad_width"),
    integer<&Config::dma_latency, 0, 1000000>("dma_latency"),
    integer<&Config::vector_width, 1, largest_side>("vector_width"),
    {"dram", [](Config &config, std::string_view, std::string_view value) { config.dram = dram_timing(value); },
     [](const Config &config) { return std::string(config.dram.name); }},
    dram_integer<&DramTiming::channels, 1, 1024>("dram_channels"),
    dram_integer<&DramTiming::banks, 1, 1024>("dram_banks"),
    dram_integer<&DramTiming::row_bytes, 1, 1 << 20>("dram_row_bytes"),
    dram_integer<&DramTiming::burst_bytes, 1, 4096>("dram_burst_bytes"),
    dram_integer<&DramTiming::interleave_bytes, 1, 1 << 20>("dram_interleave_bytes"),
    dram_time<&DramTiming::burst>("dram_burst"),
    dram_time<&DramTiming::trcd>("dram_trcd"),
    dram_time<&DramTiming::trp>("dram_trp"),
    dram_time<&DramTiming::tcl>("dram_tcl"),
    dram_time<&DramTiming::tras>("dram_tras"),
    dram_time<&DramTiming::tfaw, true>("dram_tfaw"),
    dram_time<&DramTiming::trefi>("dram_trefi"),
    dram_time<&DramTiming::trfc, true>("dram_trfc"),
    energy<EnergyPart::mac>("energy_mac"),
    energy<EnergyPart::accumulator>("energy_accumulator"),
    energy<EnergyPart::scratchpad>("energy_scratchpad"),
    energy<EnergyPart::dram>("energy_dram"),
    energy<EnergyPart::vector>("energy_vector"),
};

constexpr auto names_of_values = [] {
  std::array<std::string_view, std::size(values)> names;
  for (size_t index = 0; index < names.size(); ++index) names[index] = values[index].name;
  return names;
}();

const Value &find_value(std::string_view name) {
  for (const Value &value : values)
    if (value.name == name) return value;
  fail(Status::not_found, "a KPU has no value \"", name, "\": expected ", joined(names_of_values));
}

void set_array(Config &config, int64_t side, std::string_view dram, int64_t scratchpad) {
  config.rows = config.columns = config.vector_width = side;
  config.dram = dram_timing(dram);
  config.scratchpad_size = scratchpad;
}

void validate_dram(const DramTiming &dram) {
  if (dram.channels * dram.banks > most_dram_banks)
    fail(Status::invalid_argument, "dram_channels is ", dram.channels, " and dram_banks is ", dram.banks,
         ": expected at most ", most_dram_banks, " banks in all");
  if (dram.interleave_bytes % dram.burst_bytes != 0)
    fail(Status::invalid_argument, "dram_interleave_bytes is ", dram.interleave_bytes,
         ": expected a multiple of dram_burst_bytes, ", dram.burst_bytes);
  if (dram.row_bytes % dram.interleave_bytes != 0)
    fail(Status::invalid_argument, "dram_row_bytes is ", dram.row_bytes,
         ": expected a multiple of dram_interleave_bytes, ", dram.interleave_bytes);
  if (dram.trfc >= dram.trefi)
    fail(Status::invalid_argument, "dram_trfc is ", static_cast<double>(dram.trfc) / 1000,
         " ns: expected less than dram_trefi, ", static_cast<double>(dram.trefi) / 1000,
         " ns, or the memory does nothing but refresh");
  const int64_t longest = dram.interleave_bytes / dram.burst_bytes * dram.burst;
  if (dram.trfc > 0 && dram.trfc + dram.trp + dram.trcd + dram.tcl + longest >= dram.trefi)
    fail(Status::invalid_argument, "dram_trefi is ", static_cast<double>(dram.trefi) / 1000,
         " ns: between two refreshes there is no time for an access");
}

}  // namespace

Config preset(std::string_view name) {
  Config config;
  if (name == "default" || name == "32x32") return config;
  if (name == "edge") {
    set_array(config, 8, "lpddr5", 128 << 10);
    config.dtype = DType::int8;
    config.clock_mhz = 500;
    config.main_memory_size = 256 << 20;
    config.scratchpad_banks = 8;
    return config;
  }
  if (name == "128x128" || name == "256x256") {
    const bool is_large = name == "256x256";
    set_array(config, is_large ? 256 : 128, "hbm2e", int64_t{is_large ? 32 : 16} << 20);
    config.dtype = DType::bfloat16;
    config.clock_mhz = 940;
    config.main_memory_size = int64_t{8} << 30;
    return config;
  }
  fail(Status::not_found, "there is no preset \"", name, "\": expected ", joined(presets));
}

std::span<const std::string_view> preset_names() { return presets; }
std::span<const std::string_view> value_names() { return names_of_values; }

void set_value(Config &config, std::string_view name, std::string_view value) {
  find_value(name).set(config, name, value);
}

std::string get_value(const Config &config, std::string_view name) {
  for (int32_t part = 0; part < energy_part_count; ++part) {
    const EnergyEntry entry = energy_entry(config, static_cast<EnergyPart>(part));
    if (name == text("energy_", entry.part, "_source")) return entry.source;
  }
  return find_value(name).get(config);
}

void validate(const Config &config) {
  if (config.scalesim_compatible && config.skip_partial)
    fail(Status::invalid_argument,
         "scalesim_compatible and skip_partial are both true: SCALE-Sim counts whole folds; set one to false");
  if (config.tier == Tier::pe && std::max(config.rows, config.columns) > largest_pe_array)
    fail(Status::invalid_argument, "tier is pe with an array of ", config.rows, " x ", config.columns,
         ": expected at most ", largest_pe_array, " x ", largest_pe_array, "; set tier to event");
  if (config.scratchpad_size < config.scratchpad_banks * std::max<int64_t>(config.scratchpad_width, 1))
    fail(Status::invalid_argument, "scratchpad_size is ", config.scratchpad_size, " bytes: expected at least ",
         config.scratchpad_banks * std::max<int64_t>(config.scratchpad_width, 1),
         ", one word in each of scratchpad_banks = ", config.scratchpad_banks);
  if (config.scratchpad_size > config.main_memory_size)
    fail(Status::invalid_argument, "scratchpad_size is ", config.scratchpad_size,
         " bytes: expected at most main_memory_size, ", config.main_memory_size);
  validate_dram(config.dram);
}

int64_t element_size(const Config &config) { return dtype_size(config.dtype); }

std::string_view dataflow_name(Dataflow dataflow) { return dataflows[static_cast<size_t>(dataflow)]; }

}  // namespace penstock::core::kpu
