/* A tensor written as a .npy file, which NumPy reads too, and read back; and what a file that is not there says. */
#include <penstock/penstock.h>
#include <stdio.h>
#include <stdlib.h>

static void check(ps_status status) {
  if (status == PS_OK) return;
  fprintf(stderr, "%s: %s\n", ps_status_name(status), ps_last_error());
  exit(1);
}

int main(void) {
  ps_tensor *written, *read;
  check(ps_tensor_arange_int64(&written, 0, 10, 3, PS_INT32, NULL));
  check(ps_npy_save("numbers.npy", written, NULL));
  check(ps_npy_load(&read, "numbers.npy", NULL));

  int32_t equal;
  check(ps_tensor_equal(&equal, written, read, PS_EQUAL_BITWISE));
  printf("%lld elements of %s, equal: %s\n", (long long)ps_tensor_element_count(read),
         ps_dtype_name(ps_tensor_dtype(read)), equal ? "yes" : "no");
  ps_tensor_release(written);
  ps_tensor_release(read);
  remove("numbers.npy");

  if (ps_npy_load(&read, "numbers.npy", NULL) != PS_OK) puts(ps_last_error());
  return 0;
}

/* It prints:
 *   4 elements of int32, equal: yes
 *   cannot open "numbers.npy": No such file or directory
 */
