/* penstock from C without linking it: the library is opened at run time, as an optional part of a program would be.
 *
 *   cc opened.c $(pkg-config --cflags penstock) && ./a.out /where/it/is/libcore.so.1
 *
 * The headers give the types; each function is looked up by name.  Otherwise as linked.c. */
#include <dlfcn.h>
#include <penstock/penstock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The functions this program calls, each with its type from the header. */
#define EACH_FUNCTION(use)                                                                                    \
  use(ps_abi_version) use(ps_last_error) use(ps_memory_stats) use(ps_tensor_data) use(ps_tensor_mutable_data) \
      use(ps_tensor_release) use(ps_tensor_select) use(ps_tensor_strides) use(ps_tensor_zeros) use(ps_version)

struct penstock {
  void *library;
#define DECLARE(name) __typeof__(name) *name;
  EACH_FUNCTION(DECLARE)
#undef DECLARE
};

/* Ends the program when something is not as this example says. */
static void expect(int holds, const char *what, const char *seen) {
  if (holds) return;
  fprintf(stderr, "expected: %s; seen: %s\n", what, seen);
  exit(EXIT_FAILURE);
}

static void *look_up(void *library, const char *name) {
  void *address = dlsym(library, name);
  expect(address != NULL, name, "no such function in the library");
  return address;
}

static struct penstock open_penstock(const char *path) {
  struct penstock api = {0};
  api.library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (api.library == NULL) expect(0, path, dlerror());
#define LOOK_UP(name) *(void **)&api.name = look_up(api.library, #name);
  EACH_FUNCTION(LOOK_UP)
#undef LOOK_UP
  const uint32_t version = api.ps_abi_version();
  const uint32_t header_version = PS_ABI_VERSION_MAJOR << 16 | PS_ABI_VERSION_MINOR;
  expect(version >> 16 == PS_ABI_VERSION_MAJOR && version >= header_version, "a library that serves this header",
         api.ps_version());
  return api;
}

int main(int argc, char **argv) {
  expect(argc == 2, "one argument, the path of libcore.so.1", "another number");
  const struct penstock api = open_penstock(argv[1]);

  const int64_t shape[2] = {2, 3};
  ps_tensor *matrix = NULL, *row = NULL, *missing = NULL;
  expect(api.ps_tensor_zeros(&matrix, PS_FLOAT32, 2, shape, NULL) == PS_OK, "a matrix", api.ps_last_error());
  float *elements = api.ps_tensor_mutable_data(matrix);
  for (int index = 0; index < 6; ++index) elements[index] = (float)index;

  expect(api.ps_tensor_select(&row, matrix, 0, 1) == PS_OK, "a row", api.ps_last_error());
  api.ps_tensor_release(matrix); /* the row keeps the memory alive */
  const float *row_elements = api.ps_tensor_data(row);
  const int64_t stride = api.ps_tensor_strides(row)[0];
  for (int index = 0; index < 3; ++index)
    expect(row_elements[index * stride] == (float)(3 + index), "row 1 to be 3, 4, 5", "another value");

  expect(api.ps_tensor_select(&missing, row, 0, 7) == PS_OUT_OF_RANGE, "PS_OUT_OF_RANGE", "another status");
  expect(strstr(api.ps_last_error(), "index 7 is outside axis 0") != NULL, "the index and the axis",
         api.ps_last_error());

  api.ps_tensor_release(row);
  ps_memory_usage usage = PS_MEMORY_USAGE_INIT;
  expect(api.ps_memory_stats(&usage, PS_DEVICE_CPU, 0) == PS_OK, "memory statistics", api.ps_last_error());
  expect(usage.live_bytes == 0 && usage.live_storages == 0, "nothing held", "live memory");
  printf("ok: C, opened at run time, penstock %s\n", api.ps_version());
  return dlclose(api.library) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
