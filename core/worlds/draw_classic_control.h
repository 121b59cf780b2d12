// Pictures of the five games of classic control, as Gymnasium's own look: the same shapes, colours and proportions.
//
// Each takes the state as Gymnasium lays it out, clears the canvas, and sets its view so that Gymnasium's picture, as
// large as the canvas can hold it, lies in the middle.  Angles are in radians, and may be any; what has a place that is
// not finite or far outside is left out.  std::bad_alloc: the picture is unfinished.  The same state gives the same
// bytes everywhere.
#pragma once

#include "core/worlds/canvas.h"
#include "core/worlds/game.h"

namespace penstock::core {

// The size in which Gymnasium draws a game.
constexpr PictureSize cart_pole_picture{600, 400};
constexpr PictureSize mountain_car_picture{600, 400};
constexpr PictureSize pendulum_picture{500, 500};
constexpr PictureSize acrobot_picture{500, 500};

// state: x, x_dot, theta, theta_dot.
void draw_cart_pole(Canvas &canvas, const double *state);

// state: position, velocity.  The flag stands at 0.5 in MountainCar, at 0.45 in MountainCarContinuous.
void draw_mountain_car(Canvas &canvas, const double *state);
void draw_mountain_car_continuous(Canvas &canvas, const double *state);

// state: theta, theta_dot.  An arrow shows the torque of the step before in size and direction; 0 shows none.
void draw_pendulum(Canvas &canvas, const double *state, double last_torque);

// state: theta1, theta2, theta1_dot, theta2_dot.
void draw_acrobot(Canvas &canvas, const double *state);

}  // namespace penstock::core
