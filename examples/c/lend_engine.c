/* An engine of your own whose memory other libraries see: a heated rod, lent through penstock as a shared object.
 *
 * The buffer is the engine's: it mallocs it, and steps it in place.  penstock adds a holder count: the rod has one hold,
 * each borrower has another, and free_heat() runs once, when the last of them lets go. */
#include <penstock/penstock.h>
#include <stdlib.h>

typedef struct rod {
  int64_t cells;
  double *heat;    /* the engine's own buffer, and the one that is lent */
  ps_tensor *lent; /* the rod's hold on it */
} rod;

static _Atomic int buffers_freed = 0; /* the last borrower may let go on any thread */

static void free_heat(void *buffer) {
  free(buffer);
  ++buffers_freed;
}

/* A cold rod with one hot end; NULL for less than one cell, and where memory is short. */
rod *rod_open(int64_t cells) {
  if (cells < 1) return NULL;
  rod *made = malloc(sizeof(rod));
  double *heat = calloc((size_t)cells, sizeof(double));
  ps_tensor *lent = NULL;
  if (made == NULL || heat == NULL || ps_tensor_wrap(&lent, heat, PS_FLOAT64, 1, &cells, NULL, free_heat, heat, NULL)) {
    free(heat); /* ps_tensor_wrap() failed: the buffer is still ours */
    free(made);
    return NULL;
  }
  heat[0] = 100;
  *made = (rod){cells, heat, lent};
  return made;
}

/* One step of the engine: heat flows from each cell to the one behind it. */
void rod_step(rod *stepped) {
  for (int64_t cell = stepped->cells - 1; cell > 0; --cell)
    stepped->heat[cell] += (stepped->heat[cell - 1] - stepped->heat[cell]) / 2;
}

/* What torch and others take; NULL on failure, and ps_last_error() says why. */
struct DLManagedTensorVersioned *rod_lend(rod *lender) {
  struct DLManagedTensorVersioned *managed = NULL;
  ps_tensor_to_dlpack(&managed, lender->lent, 0);
  return managed;
}

/* Ends the engine.  The buffer stays while somebody borrows it. */
void rod_close(rod *closed) {
  ps_tensor_release(closed->lent);
  free(closed);
}

int rod_buffers_freed(void) { return buffers_freed; }
