#include "core/tensor/format.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/tensor/copy.h"
#include "core/tensor/create.h"
#include "core/tensor/format_column.h"
#include "core/tensor/view.h"

namespace penstock::core {
namespace {

constexpr std::string_view opening = "tensor(";

void require_within_bounds(const FormatLimits &limits) {
  if (limits.edge_items < 0)
    fail(Status::invalid_argument, "edge_items is ", limits.edge_items, ": expected 0 or more");
  if (limits.threshold < 0) fail(Status::invalid_argument, "threshold is ", limits.threshold, ": expected 0 or more");
  if (limits.precision < 0 || limits.precision > 17)
    fail(Status::invalid_argument, "precision is ", limits.precision, ": expected 0 to 17");
  if (limits.line_width < 1)
    fail(Status::invalid_argument, "line_width is ", limits.line_width, ": expected 1 or more");
}

// Which indices of an axis are printed: leading ones at its start, then "..." where it is shortened, then trailing ones
// at its end.
struct ShownAxis {
  int64_t leading = 0, trailing = 0;
  bool shortened = false;
  int64_t count() const { return leading + trailing; }
};

struct ShownAxes {
  std::array<ShownAxis, max_ndim> axes;
  const ShownAxis &operator[](int32_t axis) const { return axes[static_cast<size_t>(axis)]; }
};

ShownAxes shorten(const Extents &shape, int64_t edge_items) {
  ShownAxes shown;
  for (int32_t axis = 0; axis < shape.size(); ++axis) {
    const bool shortened = edge_items < (shape[axis] + 1) / 2;  // 2 * edge_items < size, without an overflow
    shown.axes[static_cast<size_t>(axis)] =
        shortened ? ShownAxis{edge_items, edge_items, true} : ShownAxis{shape[axis], 0, false};
  }
  return shown;
}

// As a double: of many axes it may exceed what an integer holds.
double shown_count(const ShownAxes &shown, int32_t ndim) {
  double count = 1;
  for (int32_t axis = 0; axis < ndim; ++axis) count *= static_cast<double>(shown[axis].count());
  return count;
}

ShownAxes choose_shown(const Tensor &tensor, const FormatLimits &limits) {
  if (tensor.element_count() <= limits.threshold) return shorten(tensor.shape, tensor.element_count());
  int64_t edge_items = limits.edge_items;
  const auto most = static_cast<double>(most_shortened_elements);
  while (edge_items > 1 && shown_count(shorten(tensor.shape, edge_items), tensor.ndim()) > most) edge_items /= 2;
  return shorten(tensor.shape, edge_items);
}

// Where the printed elements lie, in the order in which they are printed.
void gather_shown(const Tensor &tensor, const ShownAxes &shown, int32_t axis, const std::byte *first,
                  std::vector<const std::byte *> &elements) {
  if (axis == tensor.ndim()) {
    elements.push_back(first);
    return;
  }
  const int64_t skipped = tensor.shape[axis] - shown[axis].count();
  for (int64_t position = 0; position < shown[axis].count(); ++position) {
    const int64_t index = position < shown[axis].leading ? position : position + skipped;
    const int64_t offset = index * tensor.strides[axis] * dtype_size(tensor.dtype);
    gather_shown(tensor, shown, axis + 1, first + offset, elements);
  }
}

// The printed elements of a tensor that the CPU does not reach, copied into a dense one: of an axis that is shortened its
// start and its end, each by itself.
void copy_shown(const Tensor &to, const Tensor &from, const ShownAxes &shown, int32_t axis) {
  while (axis < from.ndim() && !shown[axis].shortened) ++axis;
  if (axis == from.ndim()) return copy(to, from, Casting::same_kind);
  const auto [leading, trailing, shortened] = shown[axis];
  copy_shown(narrow(to, axis, 0, leading), narrow(from, axis, 0, leading), shown, axis + 1);
  copy_shown(narrow(to, axis, leading, trailing), narrow(from, axis, from.shape[axis] - trailing, trailing), shown,
             axis + 1);
}

Tensor shown_in_main_memory(const Tensor &tensor, const ShownAxes &shown) {
  Extents shape = tensor.shape;
  for (int32_t axis = 0; axis < shape.size(); ++axis) shape[axis] = shown[axis].count();
  Tensor copied = empty(tensor.dtype, shape, {});
  copy_shown(copied, tensor, shown, 0);
  return copied;
}

// Where the printed elements lie.  room keeps those alive that had to be copied.
std::vector<const std::byte *> shown_elements(const Tensor &tensor, const ShownAxes &shown, Tensor &room) {
  std::vector<const std::byte *> elements;
  elements.reserve(static_cast<size_t>(shown_count(shown, tensor.ndim())));
  if (tensor.device().type == DeviceType::cpu) {
    gather_shown(tensor, shown, 0, tensor.data, elements);
  } else {
    room = shown_in_main_memory(tensor, shown);
    gather_shown(room, shorten(room.shape, room.element_count()), 0, room.data, elements);
  }
  return elements;
}

// Nested brackets around the elements' texts, broken into lines.
class BodyWriter {
 public:
  BodyWriter(std::string &out, std::vector<std::string> texts, const ShownAxes &shown, int32_t ndim, int32_t line_width)
      : out_(out), texts_(std::move(texts)), shown_(shown), ndim_(ndim), line_width_(line_width) {}

  void write_axis(int32_t axis) {
    if (axis == ndim_ - 1) return write_row();
    out_ += '[';
    for (int64_t index = 0; index < shown_[axis].leading; ++index) write_block(axis, index > 0);
    if (shown_[axis].shortened) {
      if (shown_[axis].leading > 0) separate_blocks(axis);
      out_ += "...";
    }
    for (int64_t index = 0; index < shown_[axis].trailing; ++index) write_block(axis, true);
    out_ += ']';
  }

 private:
  void write_block(int32_t axis, bool is_separated) {
    if (is_separated) separate_blocks(axis);
    write_axis(axis + 1);
  }

  // One line end between rows, and an empty line more for every axis above them.
  void separate_blocks(int32_t axis) {
    out_ += ',';
    out_.append(static_cast<size_t>(ndim_ - axis - 1), '\n');
    out_.append(opening.size() + static_cast<size_t>(axis) + 1, ' ');
  }

  void write_row() {
    const ShownAxis &row = shown_[ndim_ - 1];
    column_ = row_start();
    out_ += '[';
    for (int64_t index = 0; index < row.leading; ++index) write_item(texts_[next_++], index > 0);
    if (row.shortened) write_item("...", row.leading > 0);
    for (int64_t index = 0; index < row.trailing; ++index) write_item(texts_[next_++], true);
    out_ += ']';
  }

  void write_item(std::string_view item, bool is_separated) {
    // Room is kept for a comma behind the item, the brackets that close behind the last one, and what follows the body.
    const int64_t limit = int64_t{line_width_} - 1 - ndim_;
    if (is_separated) column_ += 2;
    const bool breaks = column_ > row_start() && column_ + static_cast<int64_t>(item.size()) > limit;
    if (breaks) {
      out_ += ",\n";
      out_.append(static_cast<size_t>(row_start()), ' ');
      column_ = row_start();
    } else if (is_separated) {
      out_ += ", ";
    }
    out_ += item;
    column_ += static_cast<int64_t>(item.size());
  }

  int64_t row_start() const { return static_cast<int64_t>(opening.size()) + ndim_; }

  std::string &out_;
  std::vector<std::string> texts_;
  const ShownAxes &shown_;
  int32_t ndim_;
  int32_t line_width_;
  size_t next_ = 0;     // of texts_
  int64_t column_ = 0;  // characters on the line so far
};

void append_body(std::string &out, const Tensor &tensor, const FormatLimits &limits) {
  if (tensor.element_count() == 0) {
    out += "[]";
    return;
  }
  const ShownAxes shown = choose_shown(tensor, limits);
  Tensor room;
  const std::vector<const std::byte *> elements = shown_elements(tensor, shown, room);
  std::vector<std::string> texts = element_texts(tensor.dtype, elements, limits.precision);
  if (tensor.ndim() == 0)
    out.append(texts[0], texts[0].find_first_not_of(' '));
  else
    BodyWriter(out, std::move(texts), shown, tensor.ndim(), limits.line_width).write_axis(0);
}

}  // namespace

std::string format(const Tensor &tensor, const FormatLimits &limits) {
  require_within_bounds(limits);
  std::string out(opening);
  append_body(out, tensor, limits);
  out += ',';
  const std::string closing = text("shape=", tensor.shape, ", dtype=", tensor.dtype, ", device=", tensor.device(), ")");
  const size_t last_line = out.size() - (out.rfind('\n') + 1);  // rfind gives npos, that is -1, for none
  if (last_line + 1 + closing.size() > static_cast<size_t>(limits.line_width))
    out.append("\n").append(opening.size(), ' ');
  else
    out += ' ';
  return out + closing;
}

}  // namespace penstock::core
