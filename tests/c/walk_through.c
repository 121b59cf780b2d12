/* A walk through the C interface, as an ordinary program would use it: make a tensor, look at it, view it, copy it, save it,
 * load it, and read what went wrong.  Takes the folder to write into. */
#include <penstock/penstock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends the program where something is not as it should be. */
#define EXPECT(condition)                                                                                            \
  do {                                                                                                               \
    if (!(condition)) {                                                                                              \
      fprintf(stderr, "%s:%d: %s is not so; the last error: %s\n", __FILE__, __LINE__, #condition, ps_last_error()); \
      exit(1);                                                                                                       \
    }                                                                                                                \
  } while (0)

static uint64_t live_bytes(void) {
  ps_memory_usage usage = PS_MEMORY_USAGE_INIT;
  EXPECT(ps_memory_stats(&usage, PS_DEVICE_CPU, 0) == PS_OK);
  return usage.live_bytes;
}

/* 2 x 3, float32: 0, 1, 2, 3, 4, 5.  The caller releases it. */
static ps_tensor *make_matrix(void) {
  const float numbers[] = {0, 1, 2, 3, 4, 5};
  const int64_t shape[] = {2, 3};
  ps_tensor *matrix = NULL;
  EXPECT(ps_tensor_from_data(&matrix, PS_FLOAT32, 2, shape, numbers, sizeof(numbers), NULL) == PS_OK);
  return matrix;
}

static void look_at_a_tensor(void) {
  ps_tensor *matrix = make_matrix();
  EXPECT(ps_tensor_ndim(matrix) == 2);
  EXPECT(ps_tensor_shape(matrix)[0] == 2 && ps_tensor_shape(matrix)[1] == 3);
  EXPECT(ps_tensor_strides(matrix)[0] == 3 && ps_tensor_strides(matrix)[1] == 1);
  EXPECT(ps_tensor_dtype(matrix) == PS_FLOAT32 && strcmp(ps_dtype_name(PS_FLOAT32), "float32") == 0);
  EXPECT(ps_tensor_nbytes(matrix) == 24);
  ((float *)ps_tensor_mutable_data(matrix))[4] = 40;
  EXPECT(((const float *)ps_tensor_data(matrix))[4] == 40);
  ps_tensor_release(matrix);
}

static void keep_a_row_of_a_matrix(void) {
  ps_tensor *matrix = make_matrix(), *row = NULL, *backwards = NULL;
  float numbers[3];
  EXPECT(ps_tensor_select(&row, matrix, 0, 1) == PS_OK);
  ps_tensor_release(matrix); /* the row keeps the memory it shows */
  EXPECT(ps_tensor_slice(&backwards, row, 0, PS_SLICE_OPEN, PS_SLICE_OPEN, -1) == PS_OK);
  ps_tensor_release(row);
  EXPECT(ps_tensor_to_data(numbers, sizeof(numbers), backwards) == PS_OK);
  EXPECT(numbers[0] == 5 && numbers[1] == 4 && numbers[2] == 3);
  ps_tensor_release(backwards);
}

static void copy_and_convert(void) {
  ps_tensor *matrix = make_matrix(), *doubled = NULL;
  int32_t equal = 0;
  EXPECT(ps_tensor_astype(&doubled, matrix, PS_FLOAT64, PS_CAST_SAME_KIND) == PS_OK);
  EXPECT(ps_tensor_copy(matrix, doubled, PS_CAST_SAME_KIND) == PS_OK);
  EXPECT(ps_tensor_all_close(&equal, matrix, doubled, 0, 0, 0) == PS_OK && equal == 1);
  ps_tensor_release(doubled);
  ps_tensor_release(matrix);
}

static void free_numbers(void *numbers) { free(numbers); }

static void lend_memory(void) {
  const int64_t shape[] = {4};
  int64_t *numbers = (int64_t *)calloc(4, sizeof(int64_t));
  ps_tensor *lent = NULL;
  ps_wrap_options options = PS_WRAP_OPTIONS_INIT;
  options.read_only = 1;
  EXPECT(numbers != NULL);
  EXPECT(ps_tensor_wrap(&lent, numbers, PS_INT64, 1, shape, NULL, free_numbers, numbers, &options) == PS_OK);
  EXPECT(ps_tensor_data(lent) == numbers && ps_tensor_mutable_data(lent) == NULL);
  ps_tensor_release(lent); /* free_numbers runs here */
}

static void print_a_tensor(void) {
  ps_tensor *matrix = make_matrix();
  char text[256];
  uint64_t length = 0;
  EXPECT(ps_tensor_format(&length, text, sizeof(text), matrix, NULL) == PS_OK && length == strlen(text));
  EXPECT(strcmp(text, "tensor([[0., 1., 2.],\n        [3., 4., 5.]], shape=(2, 3), dtype=float32, device=cpu)") == 0);
  ps_tensor_release(matrix);
}

static void save_and_load(const char *folder) {
  const char *names[] = {"weights"};
  ps_tensor *matrix = make_matrix(), *loaded = NULL;
  ps_npz *npz = NULL;
  ps_save_options options = PS_SAVE_OPTIONS_INIT;
  int32_t equal = 0;
  char path[4096];
  EXPECT(snprintf(path, sizeof(path), "%s/walk_through.npz", folder) < (int)sizeof(path));
  options.compression = 6;
  EXPECT(ps_npz_save(path, 1, names, &matrix, &options) == PS_OK);
  EXPECT(ps_npz_open(&npz, path) == PS_OK);
  EXPECT(ps_npz_count(npz) == 1 && strcmp(ps_npz_name(npz, 0), "weights") == 0);
  EXPECT(ps_npz_read(&loaded, npz, "weights", NULL) == PS_OK);
  ps_npz_release(npz);
  EXPECT(ps_tensor_equal(&equal, matrix, loaded, PS_EQUAL_BITWISE) == PS_OK && equal == 1);
  ps_tensor_release(loaded);
  ps_tensor_release(matrix);
  remove(path);
}

static void read_what_went_wrong(void) {
  ps_tensor *matrix = make_matrix(), *row = NULL;
  EXPECT(ps_tensor_select(&row, matrix, 0, 7) == PS_OUT_OF_RANGE);
  EXPECT(row == NULL); /* a failure leaves its results as they were */
  EXPECT(strcmp(ps_status_name(PS_OUT_OF_RANGE), "PS_OUT_OF_RANGE") == 0);
  EXPECT(strstr(ps_last_error(), "7") != NULL && strstr(ps_last_error(), "(2, 3)") != NULL);
  ps_clear_error();
  EXPECT(strcmp(ps_last_error(), "") == 0);
  ps_tensor_release(matrix);
}

int main(int argument_count, char **arguments) {
  EXPECT(argument_count == 2);
  EXPECT(ps_abi_version() >> 16 == PS_ABI_VERSION_MAJOR);
  look_at_a_tensor();
  keep_a_row_of_a_matrix();
  copy_and_convert();
  lend_memory();
  print_a_tensor();
  save_and_load(arguments[1]);
  read_what_went_wrong();
  EXPECT(live_bytes() == 0);
  return 0;
}
