/* A training loop over samples from a file: the line y = 3 x + 1 is found again from points drawn in shuffled batches; the
 * loop is left in the middle of an epoch, and goes on from a saved state with exactly the next batch. */
#include <penstock/penstock.h>
#include <stdio.h>
#include <stdlib.h>

enum { POINTS = 1000 };

static void check(ps_status status) {
  if (status == PS_OK) return;
  fprintf(stderr, "%s: %s\n", ps_status_name(status), ps_last_error());
  exit(1);
}

static void write_points(const char *path) {
  FILE *file = fopen(path, "wb");
  for (int i = 0; file != NULL && i < POINTS; ++i) {
    const float x = (float)i / POINTS, point[2] = {x, 3 * x + 1};
    fwrite(point, sizeof(point), 1, file);
  }
  if (file == NULL || fclose(file) != 0) {
    perror(path);
    exit(1);
  }
}

static ps_sample_loader *open_points(const char *path) {
  const ps_sample_field fields[] = {{"x", NULL, 0, PS_FLOAT32, 0, 0}, {"y", NULL, 0, PS_FLOAT32, 0, 0}};
  ps_sample_loader_options options = PS_SAMPLE_LOADER_OPTIONS_INIT;
  options.format = PS_SAMPLES_RECORDS;
  options.fields = fields;
  options.field_count = 2;
  options.sampler = PS_SAMPLER_SHUFFLE;
  options.seed = 42;
  options.batch_size = 32;
  options.epochs = 20;
  ps_sample_loader *loader;
  check(ps_sample_loader_open(&loader, 1, &path, &options));
  return loader;
}

/* The elements of a field, which the batch keeps alive. */
static const float *column(const ps_sample_batch *batch, int32_t field) {
  ps_tensor *values, *offsets;
  check(ps_sample_batch_field(&values, &offsets, batch, field));
  const float *elements = ps_tensor_data(values);
  ps_tensor_release(values);
  return elements;
}

/* Trains on as many batches as there are, at most so many, and returns how many there were. */
static int train(ps_sample_loader *loader, int most, float *slope, float *offset) {
  for (int done = 0; done < most; ++done) {
    ps_sample_batch *batch;
    ps_sample_batch_info info = PS_SAMPLE_BATCH_INFO_INIT;
    check(ps_sample_loader_next(&batch, &info, loader, -1));
    if (info.end_of_data) return done;
    const float *x = column(batch, 0), *y = column(batch, 1);
    float slope_gradient = 0, offset_gradient = 0;
    for (int64_t i = 0; i < info.size; ++i) {
      const float error = *slope * x[i] + *offset - y[i];
      slope_gradient += error * x[i] / (float)info.size;
      offset_gradient += error / (float)info.size;
    }
    *slope -= slope_gradient;
    *offset -= offset_gradient;
    ps_sample_batch_release(batch);
  }
  return most;
}

int main(void) {
  const char *path = "points.bin";
  write_points(path);
  float slope = 0, offset = 0;

  ps_sample_loader *loader = open_points(path);
  int64_t samples, batches, all;
  check(ps_sample_loader_count(&samples, &batches, &all, loader));
  printf("%d samples, %d batches an epoch\n", (int)samples, (int)batches);
  const int before = train(loader, 100, &slope, &offset);
  char state[1024];
  uint64_t size;
  check(ps_sample_loader_state(&size, state, sizeof(state), loader));
  ps_sample_loader_release(loader);

  loader = open_points(path);
  check(ps_sample_loader_restore(loader, state, size));
  const int after = train(loader, 1000000, &slope, &offset);
  printf("%d + %d batches: y = %.2f x + %.2f\n", before, after, slope, offset);
  ps_sample_loader_release(loader);
  remove(path);
  return 0;
}

/* It prints:
 *   1000 samples, 32 batches an epoch
 *   100 + 540 batches: y = 3.00 x + 1.00
 */
