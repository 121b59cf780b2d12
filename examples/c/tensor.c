/* A matrix, a view of its second row, and the row alive after the matrix is gone.  It prints:
 *   tensor([3., 4., 5.], shape=(3,), dtype=float32, device=cpu)
 *   index 3 is outside axis 0 of size 3 of shape (3,)
 */
#include <penstock/penstock.h>
#include <stdio.h>
#include <stdlib.h>

static void check(ps_status status) {
  if (status == PS_OK) return;
  fprintf(stderr, "%s: %s\n", ps_status_name(status), ps_last_error());
  exit(1);
}

int main(void) {
  const float numbers[] = {0, 1, 2, 3, 4, 5};
  const int64_t shape[] = {2, 3};
  ps_tensor *matrix, *row;
  check(ps_tensor_from_data(&matrix, PS_FLOAT32, 2, shape, numbers, sizeof(numbers), NULL));
  check(ps_tensor_select(&row, matrix, 0, 1)); /* shares the memory, never copies */
  ps_tensor_release(matrix);                   /* the row keeps what it needs */

  char text[256];
  uint64_t length;
  check(ps_tensor_format(&length, text, sizeof(text), row, NULL));
  puts(text);

  if (ps_tensor_select(&matrix, row, 0, 3) != PS_OK) puts(ps_last_error());
  ps_tensor_release(row);
  return 0;
}
