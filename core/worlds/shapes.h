// A picture as the list of its shapes: what a page paints by itself, in a fraction of the bytes that pixels take.
//
// A list is written as what has changed since another, bytes that run from first to last:
//
//   count   how many shapes there are
//   entry   until there are so many; each begins with one of
//     0  the same as in the list before: how many shapes in a row, at least 1
//     1  moved: the kind and the colour of the shape in the same place of the list before; its numbers, each as
//        the difference from the number there
//     2 + kind  a shape: colour; for a polygon how many corners; its numbers
//
// count, entry and the like are base-128 numbers, the lowest seven bits first, the eighth bit set where more follow;
// numbers are signed: 0, -1, 1, -2 as 0, 1, 2, 3.  A colour is red * 65536 + green * 256 + blue.  Lengths are in 1/16
// pixel from the picture's upper left corner, y down.
//
//   kind 0  fill     no numbers
//   kind 1  polygon  x, y of each corner
//   kind 2  line     x, y, x, y, width; its ends are flat
//   kind 3  line     likewise; its ends are round
//   kind 4  circle   x, y, radius
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/worlds/canvas.h"

namespace penstock::core {

enum class ShapeKind : uint8_t { fill = 0, polygon = 1, flat_line = 2, round_line = 3, circle = 4 };

struct Shape {
  ShapeKind kind;
  Colour colour;
  std::vector<int64_t> numbers;
  friend bool operator==(const Shape &, const Shape &) = default;
};

// Draws into a list.
class ShapeCanvas final : public Canvas {
 public:
  static constexpr int32_t units_a_pixel = 16;

  ShapeCanvas(int32_t width, int32_t height) : Canvas(width, height) {}

  const std::vector<Shape> &shapes() const { return shapes_; }

  void fill(Colour colour) override;  // what was drawn before is no more to be seen, and is left out
  void polygon(std::span<const Point> corners, Colour colour) override;
  void line(Point from, Point to, double width, LineEnds ends, Colour colour) override;
  void circle(Point centre, double radius, Colour colour) override;

 private:
  void add(ShapeKind kind, Colour colour, std::span<const Point> pixels, double length);

  std::vector<Shape> shapes_;
};

// Appends a list as its changes since the one before.
void append_shapes(std::string &out, const std::vector<Shape> &shapes, const std::vector<Shape> &before);

}  // namespace penstock::core
