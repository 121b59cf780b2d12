/* Prints a small tensor: what a program built against an installed penstock can do in a few lines. */
#include <penstock/penstock.h>
#include <stdio.h>

int main(void) {
  ps_tensor *numbers = NULL;
  char text[256];
  uint64_t length = 0;
  ps_status status = ps_tensor_arange_int64(&numbers, 0, 4, 1, PS_INT32, NULL);
  if (status == PS_OK) status = ps_tensor_format(&length, text, sizeof(text), numbers, NULL);
  ps_tensor_release(numbers);
  puts(status == PS_OK ? text : ps_last_error());
  return status == PS_OK ? 0 : 1;
}
