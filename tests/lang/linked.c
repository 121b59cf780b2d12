/* penstock from C, linked: cc linked.c $(pkg-config --cflags --libs penstock)
 *
 * Makes a tensor, fills it, views one row, releases the parent first, and reads the row; then asks for a row that is not
 * there.  Nothing is held at the end. */
#include <penstock/penstock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends the program with penstock's sentence when a call failed. */
static void must_succeed(ps_status status) {
  if (status == PS_OK) return;
  fprintf(stderr, "%s: %s\n", ps_status_name(status), ps_last_error());
  exit(EXIT_FAILURE);
}

/* Ends the program when something is not as this example says. */
static void expect(int holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "expected: %s\n", what);
  exit(EXIT_FAILURE);
}

/* A 2 x 3 matrix of 0, 1, 2, ... in row-major order.  The caller releases it. */
static ps_tensor *make_matrix(void) {
  const int64_t shape[2] = {2, 3};
  ps_tensor *matrix = NULL;
  must_succeed(ps_tensor_zeros(&matrix, PS_FLOAT32, 2, shape, NULL));
  float *elements = ps_tensor_mutable_data(matrix);
  for (int64_t index = 0; index < ps_tensor_element_count(matrix); ++index) elements[index] = (float)index;
  return matrix;
}

static void expect_nothing_held(void) {
  ps_memory_usage usage = PS_MEMORY_USAGE_INIT;
  must_succeed(ps_memory_stats(&usage, PS_DEVICE_CPU, 0));
  expect(usage.live_bytes == 0 && usage.live_storages == 0, "no live bytes and no live storages");
}

int main(void) {
  ps_tensor *matrix = make_matrix();
  ps_tensor *row = NULL;
  must_succeed(ps_tensor_select(&row, matrix, /*axis=*/0, /*index=*/1));
  ps_tensor_release(matrix); /* the row keeps the memory alive */

  const float *elements = ps_tensor_data(row);
  const int64_t stride = ps_tensor_strides(row)[0];
  expect(ps_tensor_ndim(row) == 1 && ps_tensor_shape(row)[0] == 3, "a row of three elements");
  for (int64_t index = 0; index < 3; ++index)
    expect(elements[index * stride] == (float)(3 + index), "row 1 to be 3, 4, 5");

  ps_tensor *missing = NULL;
  expect(ps_tensor_select(&missing, row, 0, 7) == PS_OUT_OF_RANGE, "index 7 of three to be out of range");
  expect(strstr(ps_last_error(), "index 7 is outside axis 0") != NULL, "a sentence with the index and the axis");
  expect(missing == NULL, "no tensor after a failure");

  ps_tensor_release(row);
  expect_nothing_held();
  printf("ok: C, linked, penstock %s\n", ps_version());
  return EXIT_SUCCESS;
}
