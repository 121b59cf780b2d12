/* Each PS_..._INIT macro gives the bytes that its function gives.  Compiled as C99 and as C++11. */
#include <penstock/penstock.h>
#include <stdio.h>
#include <string.h>

static int compared = 0, differences = 0;

static void compare(const char *name, const void *by_macro, const void *by_function, size_t nbytes, ps_status status) {
  ++compared;
  if (status == PS_OK && memcmp(by_macro, by_function, nbytes) == 0) return;
  fprintf(stderr, "%s: its macro and its function differ (%s)\n", name, ps_status_name(status));
  ++differences;
}

/* The macro and the function each fill a struct of their own; the function's begins as something else. */
#define COMPARE(Struct, MACRO)                                           \
  {                                                                      \
    Struct by_macro = MACRO, by_function;                                \
    ps_status status;                                                    \
    memset(&by_function, 0xA5, sizeof(by_function));                     \
    status = Struct##_init(&by_function, (uint32_t)sizeof(by_function)); \
    compare(#Struct, &by_macro, &by_function, sizeof(by_macro), status); \
  }

int main(void) {
#include "initialiser_list.h" /* a COMPARE for each macro of the public headers: tests/c/CMakeLists.txt */
  if (compared == 0) fputs("no initialiser was found in the headers\n", stderr);
  return compared == 0 || differences != 0;
}
