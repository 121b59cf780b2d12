#include "core/kpu/topology.h"

#include <algorithm>
#include <charconv>

#include "core/base/checked.h"
#include "core/base/error.h"

namespace penstock::core::kpu {
namespace {

constexpr int64_t most_layers = 1'000'000;
constexpr std::string_view spaces = " \t\r";

std::string_view trimmed(std::string_view cell) {
  const size_t first = cell.find_first_not_of(spaces);
  if (first == std::string_view::npos) return {};
  return cell.substr(first, cell.find_last_not_of(spaces) - first + 1);
}

std::vector<std::string_view> cells_of(std::string_view row) {
  std::vector<std::string_view> cells;
  while (true) {
    const size_t comma = row.find(',');
    cells.push_back(trimmed(row.substr(0, comma)));
    if (comma == std::string_view::npos) return cells;
    row.remove_prefix(comma + 1);
  }
}

struct Place {
  std::string_view file;
  int64_t line;
};

template <typename... Parts>
[[noreturn]] void refuse(const Place &place, const Parts &...parts) {
  fail(Status::data_error, place.file, ", line ", place.line, parts...);
}

struct Column {
  std::string_view name;
  int64_t Layer::*member;
};
constexpr Column convolution[] = {
    {"image height", &Layer::height},
    {"image width", &Layer::width},
    {"filter height", &Layer::filter_height},
    {"filter width", &Layer::filter_width},
    {"channels", &Layer::channels},
    {"filters", &Layer::filters},
    {"stride", &Layer::stride},
};
constexpr Column product[] = {{"M", &Layer::height}, {"N", &Layer::filters}, {"K", &Layer::filter_width}};

int64_t read_size(std::string_view cell, std::string_view name, size_t column, const Place &place) {
  int64_t size = 0;
  const auto result = std::from_chars(cell.data(), cell.data() + cell.size(), size);
  if (result.ec != std::errc() || result.ptr != cell.data() + cell.size() || size < 1 || size > largest_size)
    refuse(place, ", column ", column, " (", name, "): \"", cell, "\": expected an integer from 1 to ", largest_size);
  return size;
}

Layer read_layer(const std::vector<std::string_view> &cells, std::span<const Column> columns, const Place &place) {
  Layer layer;
  layer.name = cells[0];
  for (size_t index = 0; index < columns.size(); ++index) {
    if (index + 1 >= cells.size() || cells[index + 1].empty())
      refuse(place, ", column ", index + 2, ": ", columns[index].name, " of layer \"", layer.name, "\" is missing");
    layer.*columns[index].member = read_size(cells[index + 1], columns[index].name, index + 2, place);
  }
  if (columns.size() == std::size(product)) layer.width = layer.filter_width;
  return layer;
}

void require_filter_inside(const Layer &layer, const Place &place) {
  if (layer.filter_height > layer.height)
    refuse(place, ", column 4: a filter of height ", layer.filter_height, " is larger than its image of height ",
           layer.height);
  if (layer.filter_width > layer.width)
    refuse(place, ", column 5: a filter of width ", layer.filter_width, " is larger than its image of width ",
           layer.width);
}

void append_layer(Topology &topology, Layer layer, bool is_convolution) {
  if (is_convolution && layer.name.find("DP") != std::string::npos) {
    layer.groups = layer.channels;
    layer.channels = 1;
  }
  topology.push_back(std::move(layer));
}

std::span<const Column> columns_of(const std::vector<std::string_view> &header, const Place &place) {
  const std::string_view second = header.size() > 1 ? header[1] : "";
  if (!second.empty() && std::all_of(second.begin(), second.end(), [](char c) { return c >= '0' && c <= '9'; }))
    refuse(place, ", column 2: \"", second, "\": expected a header, as SCALE-Sim's files begin with");
  if (second == "M" || second == "m") return product;
  return convolution;
}

int64_t product_of(std::initializer_list<int64_t> factors, const Layer &layer) {
  int64_t result = 1;
  for (const int64_t factor : factors) {
    const auto next = checked_multiply(result, factor);
    if (!next || *next > int64_t{1} << 62)
      fail(Status::invalid_argument, "layer \"", layer.name, "\" is too large: its sizes multiply to more than 2^62");
    result = *next;
  }
  return result;
}

int64_t outputs(int64_t image, int64_t filter, int64_t stride, bool rounded_up) {
  return 1 + (image - filter + (rounded_up ? stride - 1 : 0)) / stride;
}

}  // namespace

Topology parse_topology(std::string_view content, std::string_view place, bool compatible) {
  Topology topology;
  std::span<const Column> columns;
  for (int64_t line = 1; !content.empty(); ++line) {
    const size_t end = content.find('\n');
    const std::vector<std::string_view> cells = cells_of(content.substr(0, end));
    content.remove_prefix(end == std::string_view::npos ? content.size() : end + 1);
    const Place here{place, line};
    if (columns.empty()) {
      columns = columns_of(cells, here);
      continue;
    }
    if (std::all_of(cells.begin(), cells.end(), [](std::string_view cell) { return cell.empty(); })) continue;
    if (cells[0].empty()) refuse(here, ", column 1: the layer has no name");
    const bool is_convolution = columns.size() == std::size(convolution);
    const Layer layer = read_layer(cells, columns, here);
    require_filter_inside(layer, here);
    append_layer(topology, layer, is_convolution);
    if (static_cast<int64_t>(topology.size()) > most_layers) refuse(here, ": more than ", most_layers, " layers");
  }
  if (topology.empty()) fail(Status::data_error, place, " has no layers: expected a header and a row for each");
  return compatible ? split_groups(topology) : topology;
}

Topology split_groups(const Topology &topology) {
  Topology split;
  for (const Layer &layer : topology) {
    if (layer.groups == 1) {
      split.push_back(layer);
      continue;
    }
    if (static_cast<int64_t>(split.size()) + layer.groups > most_layers)
      fail(Status::invalid_argument, "layer \"", layer.name, "\" has ", layer.groups, " groups: more than ",
           most_layers, " layers");
    for (int64_t group = 0; group < layer.groups; ++group) {
      split.push_back(layer);
      split.back().name = text(layer.name, "Channel_", group);
      split.back().groups = 1;
    }
  }
  return split;
}

Gemm gemm_of(const Layer &layer, int64_t batch, const Config &config) {
  for (const int64_t size : {layer.height, layer.width, layer.filter_height, layer.filter_width, layer.channels,
                             layer.filters, layer.stride, layer.groups, batch})
    if (size < 1 || size > largest_size)
      fail(Status::invalid_argument, "layer \"", layer.name, "\" has a size of ", size, ": expected 1 to ",
           largest_size);
  if (layer.filter_height > layer.height || layer.filter_width > layer.width)
    fail(Status::invalid_argument, "layer \"", layer.name, "\": a filter of ", layer.filter_height, " x ",
         layer.filter_width, " is larger than its image of ", layer.height, " x ", layer.width);
  const bool rounded_up = config.scalesim_compatible;
  const int64_t height = outputs(layer.height, layer.filter_height, layer.stride, rounded_up);
  const int64_t width = outputs(layer.width, layer.filter_width, layer.stride, rounded_up);
  Gemm gemm;
  gemm.m = product_of({height, width, batch}, layer);
  gemm.k = product_of({layer.filter_height, layer.filter_width, layer.channels}, layer);
  gemm.n = layer.filters;
  gemm.count = layer.groups;
  product_of({gemm.m, gemm.k, gemm.n, gemm.count}, layer);
  const int64_t image = product_of({layer.height, layer.width, layer.channels, batch}, layer);
  gemm.input_elements = std::min(image, product_of({gemm.m, gemm.k}, layer));
  return gemm;
}

}  // namespace penstock::core::kpu
