#include "core/worlds/canvas.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "core/base/error.h"

namespace penstock::core {

namespace {

constexpr int64_t one = 1024;  // a pixel's side
constexpr int full_bits = 21;
constexpr int64_t full = int64_t{1} << full_bits;  // a whole pixel's coverage: twice its area
constexpr double reach = 1 << 20;  // in pixels: a product of two differences of coordinates fits 63 bits

// At part of whole on the way from one number to another, for 0 <= part <= whole.
int64_t between(int64_t from, int64_t to, int64_t part, int64_t whole) { return from + (to - from) * part / whole; }

// How many chords make a quarter of a circle: one of angle a is radius a^2 / 8 away from it at most, and a is 2 / steps
// at most (add_quarter_circle), which makes 1/32.  A circle too large to be drawn needs no more than its corners.
int32_t quarter_steps(double radius) {
  return radius <= reach ? std::max(2, static_cast<int32_t>(std::ceil(4 * std::sqrt(radius)))) : 1;
}

uint8_t blend(uint8_t under, uint8_t over, int64_t coverage) {
  return static_cast<uint8_t>(under + (((over - under) * coverage + full / 2) >> full_bits));
}

}  // namespace

Canvas::Canvas(int32_t width, int32_t height) : width_(width), height_(height), centre_{width / 2.0, height / 2.0} {
  if (std::min(width, height) < 1 || std::max(width, height) > largest_side) {
    fail(Status::out_of_range, "a picture ", width, " pixels wide and ", height, " high: each must be 1 to ",
         largest_side);
  }
}

void Canvas::look_at(Point centre, double scale) {
  if (!std::isfinite(centre.x) || !std::isfinite(centre.y))
    fail(Status::invalid_argument, "the centre of a view is (", centre.x, ", ", centre.y, "): it must be finite");
  if (!std::isfinite(scale) || scale <= 0)
    fail(Status::invalid_argument, "the scale of a view is ", scale, ": it must be finite and above 0");
  centre_ = centre;
  scale_ = scale;
}

Point Canvas::pixel_of(Point world) const {
  return {(world.x - centre_.x) * scale_ + width_ / 2.0, (centre_.y - world.y) * scale_ + height_ / 2.0};
}

PixelCanvas::PixelCanvas(uint8_t *pixels, int32_t width, int32_t height) : Canvas(width, height), pixels_(pixels) {
  changes_.resize(static_cast<size_t>(width));
}

void PixelCanvas::fill(Colour colour) {
  const size_t row_bytes = static_cast<size_t>(width()) * 3;
  for (size_t at = 0; at < row_bytes; at += 3) {
    pixels_[at] = colour.red;
    pixels_[at + 1] = colour.green;
    pixels_[at + 2] = colour.blue;
  }
  for (int32_t row = 1; row < height(); ++row)
    std::memcpy(pixels_ + static_cast<size_t>(row) * row_bytes, pixels_, row_bytes);
}

void PixelCanvas::polygon(std::span<const Point> corners, Colour colour) {
  begin_outline();
  for (const Point corner : corners) add_corner(pixel_of(corner));
  fill_outline(colour);
}

void PixelCanvas::line(Point from, Point to, double width, LineEnds ends, Colour colour) {
  const double radius = width / 2 * scale();
  const Point start = pixel_of(from), end = pixel_of(to);
  const double dx = end.x - start.x, dy = end.y - start.y, length = std::sqrt(dx * dx + dy * dy);
  if (length == 0 && ends == LineEnds::round) return circle(from, width / 2, colour);
  if (!(radius > 0) || length == 0) return;

  const Point ahead = {dx / length * radius, dy / length * radius}, behind = {-ahead.x, -ahead.y};
  const Point left = {ahead.y, -ahead.x}, right = {-ahead.y, ahead.x};
  const int32_t steps = ends == LineEnds::round ? quarter_steps(radius) : 0;
  begin_outline();
  add_corner({end.x + left.x, end.y + left.y});
  add_quarter_circle(end, left, ahead, steps);
  add_quarter_circle(end, ahead, right, steps);
  add_corner({end.x + right.x, end.y + right.y});
  add_corner({start.x + right.x, start.y + right.y});
  add_quarter_circle(start, right, behind, steps);
  add_quarter_circle(start, behind, left, steps);
  add_corner({start.x + left.x, start.y + left.y});
  fill_outline(colour);
}

void PixelCanvas::circle(Point centre, double radius, Colour colour) {
  const double r = radius * scale();
  if (!(r > 0)) return;
  const Point middle = pixel_of(centre);
  const int32_t steps = quarter_steps(r);
  begin_outline();
  add_quarter_circle(middle, {r, 0}, {0, r}, steps);
  add_quarter_circle(middle, {0, r}, {-r, 0}, steps);
  add_quarter_circle(middle, {-r, 0}, {0, -r}, steps);
  add_quarter_circle(middle, {0, -r}, {r, 0}, steps);
  fill_outline(colour);
}

void PixelCanvas::begin_outline() {
  outline_.clear();
  outline_is_drawable_ = true;
}

void PixelCanvas::add_corner(Point pixel) {
  if (!(std::abs(pixel.x) <= reach && std::abs(pixel.y) <= reach)) {  // or NaN
    outline_is_drawable_ = false;
    return;
  }
  const auto unit = static_cast<double>(one);
  outline_.push_back(
      {static_cast<int64_t>(std::floor(pixel.x * unit + 0.5)), static_cast<int64_t>(std::floor(pixel.y * unit + 0.5))});
}

// The corners of an arc around a centre from one radius to another at a right angle to it, the last one left out.  Made
// of (1 - t^2, 2 t) / (1 + t^2), which is exact without a sine: with t from 0 to 1 the angle grows by 2 / (1 + t^2)
// times as much as t.
void PixelCanvas::add_quarter_circle(Point centre, Point from, Point to, int32_t steps) {
  for (int32_t step = 0; step < steps; ++step) {
    const double t = static_cast<double>(step) / steps, square = 1 + t * t;
    const double cosine = (1 - t * t) / square, sine = 2 * t / square;
    add_corner({centre.x + (cosine * from.x + sine * to.x), centre.y + (cosine * from.y + sine * to.y)});
  }
}

// Row by row: of all edges that cross a row, what each changes there, then the sum of changes from left to
// right.  Whatever rounding does to an edge, the changes of a closed outline add up to nothing in each row.
void PixelCanvas::fill_outline(Colour colour) {
  if (!outline_is_drawable_) return;
  collect_edges();
  const auto begin = edges_.begin(), end = edges_.end();
  auto crossing = begin, next = begin;  // from crossing to next: the edges that reach into the row
  int64_t row = 0;
  while (row < height() && crossing != end) {
    if (crossing == next) row = std::max(row, next->top.y / one);
    while (next != end && next->top.y < (row + 1) * one) ++next;
    first_changed_ = width();
    end_changed_ = 0;
    for (auto edge = crossing; edge != next; ++edge) {
      cover_row(*edge, row);
      if (edge->bottom.y <= (row + 1) * one) std::swap(*edge, *crossing++);
    }
    blend_row(row, colour);
    ++row;
  }
}

// Sorted by their upper ends.  Those that are level, or above or below the picture, change nothing.
void PixelCanvas::collect_edges() {
  edges_.clear();
  if (outline_.size() < 3) return;
  Corner from = outline_.back();
  for (const Corner to : outline_) {
    const auto [top, bottom] = std::minmax(from.y, to.y);
    if (top < bottom && bottom > 0 && top < height() * one)
      edges_.push_back(from.y < to.y ? Edge{from, to, 1} : Edge{to, from, -1});
    from = to;
  }
  std::sort(edges_.begin(), edges_.end(), [](const Edge &a, const Edge &b) { return a.top.y < b.top.y; });
}

void PixelCanvas::cover_row(const Edge &edge, int64_t row) {
  const auto [top, bottom, direction] = edge;
  const int64_t from_y = std::max(top.y, row * one), to_y = std::min(bottom.y, (row + 1) * one);
  const Corner from = {between(top.x, bottom.x, from_y - top.y, bottom.y - top.y), from_y};
  const Corner to = {between(top.x, bottom.x, to_y - top.y, bottom.y - top.y), to_y};
  if (from.x <= to.x) {
    cover_pixels(from, to, direction);
  } else {
    cover_pixels(to, from, -direction);
  }
}

// An edge covers, of the height that it passes through in a pixel, the part to its right, and all of the pixels further
// right. What passes left of the picture so covers whole rows, what passes right of it nothing.
void PixelCanvas::cover_pixels(Corner left, Corner right, int64_t direction) {
  const auto y_at = [&](int64_t x) {
    return x < right.x ? between(left.y, right.y, x - left.x, right.x - left.x) : right.y;
  };
  const int64_t border = width() * one;
  if (left.x >= border) return;
  int64_t x = left.x, y = left.y;
  if (x < 0) {
    const int64_t border_y = y_at(0);
    change(0, direction * (border_y - y) * 2 * one);
    if (right.x <= 0) return;
    x = 0;
    y = border_y;
  }
  int64_t column = x / one;
  do {
    const int64_t next_x = std::min(right.x, (column + 1) * one), next_y = y_at(next_x);
    const int64_t height = direction * (next_y - y), left_out = x + next_x - 2 * column * one;
    change(column, height * (2 * one - left_out));
    change(column + 1, height * left_out);
    x = next_x;
    y = next_y;
    ++column;
  } while (x < right.x && x < border);
}

void PixelCanvas::change(int64_t column, int64_t coverage) {
  if (column >= width()) return;
  changes_[static_cast<size_t>(column)] += coverage;
  first_changed_ = std::min(first_changed_, column);
  end_changed_ = std::max(end_changed_, column + 1);
}

void PixelCanvas::blend_row(int64_t row, Colour colour) {
  uint8_t *pixel = pixels_ + (row * width() + first_changed_) * 3;
  int64_t sum = 0;
  for (int64_t column = first_changed_; column < end_changed_ || (column < width() && sum != 0); ++column, pixel += 3) {
    sum += std::exchange(changes_[static_cast<size_t>(column)], 0);
    const int64_t coverage = std::min(std::abs(sum), full);
    if (coverage == 0) continue;
    pixel[0] = blend(pixel[0], colour.red, coverage);
    pixel[1] = blend(pixel[1], colour.green, coverage);
    pixel[2] = blend(pixel[2], colour.blue, coverage);
  }
}

}  // namespace penstock::core
