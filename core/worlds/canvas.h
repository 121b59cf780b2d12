// A picture of a world: a few shapes, drawn anti-aliased into the caller's memory, with no screen and no library.
//
// The same calls give the same bytes, whatever the compiler and its settings: floating point serves only to place
// corners, by operations that IEEE 754 rounds in one way, and all that follows is integers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace penstock::core {

struct Colour {
  uint8_t red, green, blue;
  friend bool operator==(const Colour &, const Colour &) = default;
};

struct Point {
  double x, y;
};

// Whether a line stops at its two points, or goes on as half a disc around each.
enum class LineEnds { flat, round };

// Where shapes go: pixels (PixelCanvas), or a list of them (shapes.h).
//
// Shapes are given in world coordinates, y up, which look_at maps to pixels; at first one unit is one pixel, and the
// lower left corner of the picture is the origin.
//
// What lies outside the picture is left out.  A shape is not drawn at all where one of its coordinates is NaN,
// infinite, or more than 2^20 pixels from the picture's upper left corner.
//
// A shape takes memory: std::bad_alloc leaves the picture as it was.  One thread at a time.
class Canvas {
 public:
  static constexpr int32_t largest_side = 4096;

  virtual ~Canvas() = default;

  int32_t width() const { return width_; }
  int32_t height() const { return height_; }

  // Puts this point of the world into the middle of the picture, at scale pixels a unit.  What is drawn already stays.
  // invalid_argument: the point is not finite, or scale is not finite and positive.
  void look_at(Point centre, double scale);

  double scale() const { return scale_; }
  // The world's x at the picture's left and right border.
  double left() const { return centre_.x - width_ / (2 * scale_); }
  double right() const { return centre_.x + width_ / (2 * scale_); }

  // Makes the whole picture one colour.
  virtual void fill(Colour colour) = 0;

  // The area inside the closed outline through the corners, in either direction.  Fewer than three enclose
  // nothing.  Where an outline crosses itself, a part that it goes around in opposite directions equally often counts
  // as outside.
  virtual void polygon(std::span<const Point> corners, Colour colour) = 0;

  // A straight line, width units wide.  Nothing where width is not above 0, or, with flat ends, where the points
  // coincide.
  virtual void line(Point from, Point to, double width, LineEnds ends, Colour colour) = 0;

  // A disc.  Nothing where radius is not above 0.
  virtual void circle(Point centre, double radius, Colour colour) = 0;

 protected:
  // out_of_range: a side is not 1 to largest_side.
  Canvas(int32_t width, int32_t height);

  Point pixel_of(Point world) const;  // from the picture's upper left corner, y down

 private:
  int32_t width_, height_;
  Point centre_;
  double scale_ = 1;
};

// A picture.  A pixel takes as much of a shape's colour as the shape covers of its square, to within 1/256 of the pixel for
// each edge in it; a disc's border is within 1/32 of a pixel.
class PixelCanvas final : public Canvas {
 public:
  // pixels are red, green, blue bytes in rows from the top down: width * height * 3 bytes, which stay the caller's and
  // must outlive the canvas.  Nothing is drawn yet.  out_of_range: a side is not 1 to largest_side.
  PixelCanvas(uint8_t *pixels, int32_t width, int32_t height);

  void fill(Colour colour) override;
  void polygon(std::span<const Point> corners, Colour colour) override;
  void line(Point from, Point to, double width, LineEnds ends, Colour colour) override;
  void circle(Point centre, double radius, Colour colour) override;

 private:
  // In units of 1/1024 pixel from the picture's upper left corner, y down.
  struct Corner {
    int64_t x, y;
  };
  struct Edge {
    Corner top, bottom;
    int64_t direction;  // 1 where the outline goes down, -1 where it goes up
  };

  // An outline is begun, gets its corners, in pixels from the upper left corner, and is filled.
  void begin_outline();
  void add_corner(Point pixel);
  void add_quarter_circle(Point centre, Point from, Point to, int32_t steps);
  void fill_outline(Colour colour);

  void collect_edges();
  void cover_row(const Edge &edge, int64_t row);
  void cover_pixels(Corner left, Corner right, int64_t direction);
  void change(int64_t column, int64_t coverage);
  void blend_row(int64_t row, Colour colour);

  uint8_t *pixels_;
  std::vector<Corner> outline_;
  bool outline_is_drawable_ = true;
  std::vector<Edge> edges_;
  // Of the row being drawn: how much more of each pixel is covered than of the one to its left.  Between rows all is 0.
  std::vector<int64_t> changes_;
  int64_t first_changed_ = 0, end_changed_ = 0;
};

}  // namespace penstock::core
