/* The limit that the loader is held against: one thread inflates whole games with libdeflate and writes their planes, policies
 * and values into large batches, with stores past the caches, in huge pages where the system gives some (as the loader does);
 * no queue, no order, nothing sampled.
 *
 * bench/loader.py compiles it and calls lc0_limit() on as many threads as the loader has. */
#include <libdeflate.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum { RECORD = 8356, PLANES = 7440, PROBABILITIES = 8, POLICY = 1858, BIT_PLANES = 104, BATCH = 1024, BATCHES = 4 };

static float rows[256][8];

static void store_row(float *to, const float *row) {
#if defined(__SSE2__)
  _mm_stream_ps(to, _mm_loadu_ps(row));
  _mm_stream_ps(to + 4, _mm_loadu_ps(row + 4));
#else
  memcpy(to, row, 32);
#endif
}

static void expand(const unsigned char *record, float *planes, float *policy, float *values) {
  for (int byte = 0; byte < BIT_PLANES * 8; ++byte, planes += 8) store_row(planes, rows[record[PLANES + byte]]);
  for (int row = 0; row < 8 * 8; ++row, planes += 8) store_row(planes, rows[record[8272 + row / 8]]);
  memcpy(policy, record + PROBABILITIES, POLICY * sizeof(float));
  memcpy(values, record + 8280, 24 * sizeof(float));
}

/* Goes over count gzipped games, rounds times, and returns how many positions it wrote; -1 where one does not inflate.
 * expand_them: 0 only inflates. */
int64_t lc0_limit(const unsigned char *const *games, const size_t *sizes, int64_t count, int64_t rounds,
                  int expand_them) {
  const size_t room = (size_t)16 << 20, planes_size = 112 * 64;
  struct libdeflate_decompressor *codec = libdeflate_alloc_decompressor();
  unsigned char *game = malloc(room);
  const size_t huge_page = (size_t)2 << 20, planes_bytes = sizeof(float) * planes_size * BATCH * BATCHES;
  float *planes = aligned_alloc(huge_page, planes_bytes);
  float *policy = malloc(sizeof(float) * POLICY * BATCH), *values = malloc(sizeof(float) * 24 * BATCH);
  int64_t written = 0, next = 0;
  madvise(planes, planes_bytes, MADV_HUGEPAGE);
  for (int byte = 0; byte < 256; ++byte)
    for (int column = 0; column < 8; ++column) rows[byte][column] = (float)(byte >> (7 - column) & 1);
  for (int64_t turn = 0; turn < rounds * count; ++turn) {
    size_t size = 0;
    if (libdeflate_gzip_decompress(codec, games[turn % count], sizes[turn % count], game, room, &size) != 0) {
      written = -1;
      break;
    }
    for (size_t record = 0; record < size / RECORD; ++record, ++written) {
      if (!expand_them) continue;
      expand(game + record * RECORD, planes + planes_size * (size_t)next, policy + POLICY * (next % BATCH),
             values + 24 * (next % BATCH));
      next = (next + 1) % (BATCH * BATCHES);
    }
  }
  free(values);
  free(policy);
  free(planes);
  free(game);
  libdeflate_free_decompressor(codec);
  return written;
}
