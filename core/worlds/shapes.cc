#include "core/worlds/shapes.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace penstock::core {
namespace {

constexpr double reach = 1 << 20;  // in pixels, as canvas.h promises
constexpr uint64_t same = 0, moved = 1, first_kind = 2;

void append_count(std::string &out, uint64_t number) {
  for (; number >= 128; number >>= 7) out += static_cast<char>(number % 128 + 128);
  out += static_cast<char>(number);
}

void append_signed(std::string &out, int64_t number) {
  append_count(out, number >= 0 ? static_cast<uint64_t>(number) * 2 : static_cast<uint64_t>(-(number + 1)) * 2 + 1);
}

int64_t in_units(double pixels) { return static_cast<int64_t>(std::floor(pixels * ShapeCanvas::units_a_pixel + 0.5)); }

bool is_moved(const Shape &shape, const Shape &before) {
  return shape.kind == before.kind && shape.colour == before.colour && shape.numbers.size() == before.numbers.size();
}

void append_shape(std::string &out, const Shape &shape) {
  append_count(out, first_kind + static_cast<uint64_t>(shape.kind));
  append_count(out, uint64_t{shape.colour.red} << 16 | uint64_t{shape.colour.green} << 8 | shape.colour.blue);
  if (shape.kind == ShapeKind::polygon) append_count(out, shape.numbers.size() / 2);
  for (const int64_t number : shape.numbers) append_signed(out, number);
}

}  // namespace

void ShapeCanvas::add(ShapeKind kind, Colour colour, std::span<const Point> pixels, double length) {
  Shape shape{kind, colour, {}};
  for (const Point pixel : pixels) {
    if (!(std::abs(pixel.x) <= reach && std::abs(pixel.y) <= reach)) return;  // or NaN
    shape.numbers.push_back(in_units(pixel.x));
    shape.numbers.push_back(in_units(pixel.y));
  }
  if (kind != ShapeKind::polygon) shape.numbers.push_back(std::max<int64_t>(1, in_units(std::min(length, reach))));
  shapes_.push_back(std::move(shape));
}

void ShapeCanvas::fill(Colour colour) {
  shapes_.clear();
  shapes_.push_back({ShapeKind::fill, colour, {}});
}

void ShapeCanvas::polygon(std::span<const Point> corners, Colour colour) {
  if (corners.size() < 3) return;
  std::vector<Point> pixels;
  for (const Point corner : corners) pixels.push_back(pixel_of(corner));
  add(ShapeKind::polygon, colour, pixels, 0);
}

void ShapeCanvas::line(Point from, Point to, double width, LineEnds ends, Colour colour) {
  const std::array<Point, 2> pixels = {pixel_of(from), pixel_of(to)};
  const bool is_point = from.x == to.x && from.y == to.y;
  if (is_point && ends == LineEnds::round) return circle(from, width / 2, colour);
  if (!(width > 0) || is_point) return;
  add(ends == LineEnds::flat ? ShapeKind::flat_line : ShapeKind::round_line, colour, pixels, width * scale());
}

void ShapeCanvas::circle(Point centre, double radius, Colour colour) {
  const std::array<Point, 1> pixels = {pixel_of(centre)};
  if (radius > 0) add(ShapeKind::circle, colour, pixels, radius * scale());
}

void append_shapes(std::string &out, const std::vector<Shape> &shapes, const std::vector<Shape> &before) {
  append_count(out, shapes.size());
  for (size_t index = 0; index < shapes.size();) {
    size_t end = index;
    while (end < shapes.size() && end < before.size() && shapes[end] == before[end]) ++end;
    if (end > index) {
      append_count(out, same);
      append_count(out, end - index);
      index = end;
      continue;
    }
    if (index < before.size() && is_moved(shapes[index], before[index])) {
      append_count(out, moved);
      for (size_t number = 0; number < shapes[index].numbers.size(); ++number)
        append_signed(out, shapes[index].numbers[number] - before[index].numbers[number]);
    } else {
      append_shape(out, shapes[index]);
    }
    ++index;
  }
}

}  // namespace penstock::core
