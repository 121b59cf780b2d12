#include "core/worlds/draw_classic_control.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

#include "core/base/math.h"

namespace penstock::core {

namespace {

constexpr Colour white{255, 255, 255}, black{0, 0, 0};
constexpr double pi = std::numbers::pi;

Point operator+(Point a, Point b) { return {a.x + b.x, a.y + b.y}; }
Point operator*(double factor, Point point) { return {factor * point.x, factor * point.y}; }

// The point at distance 1 from the origin, in this direction: 0 is right, and angles grow anticlockwise.
Point unit_vector(double angle) {
  Lanes<double, 1> sine, cosine;
  sine_cosine(Lanes<double, 1>(angle), &sine, &cosine);
  return {cosine.vector, sine.vector};
}

// A point turned about the origin, as (1, 0) has to be turned to become this unit vector.
Point turned(Point point, Point by) { return {by.x * point.x - by.y * point.y, by.y * point.x + by.x * point.y}; }

void begin_picture(Canvas &canvas, double width, double height, Point centre) {
  canvas.fill(white);
  canvas.look_at(centre, std::min(canvas.width() / width, canvas.height() / height));
}

// As wide as a pixel of Gymnasium's picture, but never so fine that a small picture loses it.
double hairline(const Canvas &canvas, double gymnasium_pixel) { return std::max(gymnasium_pixel, 1 / canvas.scale()); }

void draw_horizon(Canvas &canvas, double y, double width) {
  canvas.line({canvas.left(), y}, {canvas.right(), y}, width, LineEnds::flat, black);
}

// A smooth curve as one outline, so that its pieces do not show: at(t) for t from 0 to 1 gives a point and the unit
// vector along the curve there.
struct CurvePoint {
  Point place, direction;
};
template <size_t pieces, typename At>
void draw_curve(Canvas &canvas, double width, Colour colour, At at) {
  Point outline[2 * (pieces + 1)];
  for (size_t piece = 0; piece <= pieces; ++piece) {
    const auto [place, direction] = at(static_cast<double>(piece) / pieces);
    const Point to_left = width / 2 * Point{-direction.y, direction.x};
    outline[piece] = place + to_left;
    outline[2 * pieces + 1 - piece] = place + -1 * to_left;
  }
  canvas.polygon(outline, colour);
}

// The road of both mountain cars, in pixels of Gymnasium's picture.
constexpr double first_position = -1.2, last_position = 0.6, hill_scale = 600 / (last_position - first_position);

double hill_x(double position) { return (position - first_position) * hill_scale; }
double hill_y(double position) { return (0.45 * unit_vector(3 * position).y + 0.55) * hill_scale; }

CurvePoint hill_at(double fraction) {
  const double position = first_position + fraction * (last_position - first_position);
  const double slope = 3 * 0.45 * unit_vector(3 * position).x, length = std::sqrt(1 + slope * slope);
  return {{hill_x(position), hill_y(position)}, {1 / length, slope / length}};
}

void draw_flag(Canvas &canvas, double goal) {
  const Point foot = {std::floor(hill_x(goal)), std::floor(hill_y(goal))}, top = foot + Point{0, 50};
  canvas.line(foot, top, hairline(canvas, 1), LineEnds::flat, black);
  const Point cloth[] = {top, top + Point{0, -10}, top + Point{25, -5}};
  canvas.polygon(cloth, {204, 204, 0});
}

// Gymnasium leans the car by cos(3 position) radians, which is not quite the road's slope.
void draw_car(Canvas &canvas, double position) {
  constexpr double clearance = 10, width = 40, height = 20, wheel_radius = 8;
  const Point road = {hill_x(position), hill_y(position) + clearance};
  const Point lean = unit_vector(unit_vector(3 * position).x);
  const auto on_car = [&](double x, double y) { return road + turned({x, y}, lean); };
  canvas.line(on_car(-width / 2, height / 2), on_car(width / 2, height / 2), height, LineEnds::flat, black);
  for (const double wheel_x : {width / 4, -width / 4}) canvas.circle(on_car(wheel_x, 0), wheel_radius, {128, 128, 128});
}

// Half a pixel off, for Gymnasium's integer coordinates are the middles of pixels: the flag's pole is crisp.
void draw_car_and_goal(Canvas &canvas, double position, double goal) {
  begin_picture(canvas, 600, 400, {299.5, 199.5});
  draw_curve<256>(canvas, hairline(canvas, 1), black, hill_at);
  draw_car(canvas, position);
  draw_flag(canvas, goal);
}

// Three quarters of a ring around the origin with an arrow's head at its end on the left, clockwise for a negative
// torque: a metre across for a torque of 2.  The ring is a little higher than wide, as Gymnasium's is.
void draw_torque(Canvas &canvas, double torque) {
  const double size = std::abs(torque) / 2, mirrored = torque > 0 ? -1 : 1;
  if (!(size > 0)) return;
  constexpr double middle_x = 0.026, half_width = 0.462, half_height = 0.484;
  draw_curve<128>(canvas, 0.031 * size, black, [&](double fraction) -> CurvePoint {
    const Point out = unit_vector(pi / 2 - fraction * 1.5 * pi);
    const Point along = {half_width * out.y, -half_height * out.x};
    const double length = std::sqrt(along.x * along.x + along.y * along.y);
    return {size * Point{mirrored * (middle_x + half_width * out.x), half_height * out.y},
            {mirrored * along.x / length, along.y / length}};
  });
  const Point tip = {middle_x - half_width, 0.147};
  Point head[] = {tip, tip + Point{-0.067, -0.189}, tip + Point{0, -0.144}, tip + Point{0.067, -0.189}};
  for (Point &corner : head) corner = size * Point{mirrored * corner.x, corner.y};
  canvas.polygon(head, black);
}

}  // namespace

// In pixels of Gymnasium's picture.
void draw_cart_pole(Canvas &canvas, const double *state) {
  constexpr double pixels_per_metre = 125, track_y = 100, cart_width = 50, cart_height = 30, pole_width = 10;
  const double cart_x = 300 + state[0] * pixels_per_metre;
  const Point axle = {cart_x, track_y + cart_height / 4}, up = unit_vector(pi / 2 - state[2]);
  begin_picture(canvas, 600, 400, {300, 200});
  canvas.line({cart_x - cart_width / 2, track_y}, {cart_x + cart_width / 2, track_y}, cart_height, LineEnds::flat,
              black);
  canvas.line(axle + -pole_width / 2 * up, axle + (pixels_per_metre - pole_width / 2) * up, pole_width, LineEnds::flat,
              {202, 152, 101});
  canvas.circle(axle, pole_width / 2, {129, 132, 203});
  draw_horizon(canvas, track_y + 0.5, hairline(canvas, 1));
}

void draw_mountain_car(Canvas &canvas, const double *state) { draw_car_and_goal(canvas, state[0], 0.5); }

void draw_mountain_car_continuous(Canvas &canvas, const double *state) { draw_car_and_goal(canvas, state[0], 0.45); }

void draw_pendulum(Canvas &canvas, const double *state, double last_torque) {
  begin_picture(canvas, 4.4, 4.4, {0, 0});
  canvas.line({0, 0}, unit_vector(state[0] + pi / 2), 0.2, LineEnds::round, {204, 77, 77});
  draw_torque(canvas, last_torque);
  canvas.circle({0, 0}, 0.05, black);
}

void draw_acrobot(Canvas &canvas, const double *state) {
  const Point elbow = unit_vector(state[0] - pi / 2), tip = elbow + unit_vector(state[0] + state[1] - pi / 2);
  begin_picture(canvas, 4.4, 4.4, {0, 0});
  draw_horizon(canvas, 1, hairline(canvas, 4.4 / 500));
  const Point joints[] = {{0, 0}, elbow, tip};
  for (int link = 0; link < 2; ++link) {
    canvas.line(joints[link], joints[link + 1], 0.2, LineEnds::flat, {0, 204, 204});
    canvas.circle(joints[link], 0.1, {204, 204, 0});
  }
}

}  // namespace penstock::core
