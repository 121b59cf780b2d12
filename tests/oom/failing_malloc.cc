#include "failing_malloc.h"

#include <malloc.h>

#include <cerrno>
#include <cstdlib>

namespace penstock::test {
namespace {

// Constant-initialised, so that malloc may look at it before anything else of this executable has run.
struct Armed {
  bool armed = false;
  Shortage shortage = Shortage::once;
  int64_t first_failing = 0, count = 0;
};
constinit thread_local Armed state;

bool fails() {
  if (!state.armed) return false;
  ++state.count;
  const bool is_short =
      state.shortage == Shortage::once ? state.count == state.first_failing : state.count >= state.first_failing;
  if (is_short) errno = ENOMEM;
  return is_short;
}

}  // namespace

FailingAllocations::FailingAllocations(int64_t first_failing, Shortage shortage) {
  state = {true, shortage, first_failing, 0};
}

FailingAllocations::~FailingAllocations() { state.armed = false; }

bool FailingAllocations::has_failed() const { return state.count >= state.first_failing; }

int64_t FailingAllocations::count() const { return state.count; }

}  // namespace penstock::test

// The C library's own, under the names it keeps for whoever replaces malloc.
extern "C" {
void *__libc_malloc(size_t nbytes);
void *__libc_calloc(size_t count, size_t nbytes);
void *__libc_realloc(void *memory, size_t nbytes);
void *__libc_memalign(size_t alignment, size_t nbytes);

// operator new is libstdc++'s and comes here through malloc and aligned_alloc; free stays the C library's.
#define INTERPOSED __attribute__((visibility("default")))

INTERPOSED void *malloc(size_t nbytes) noexcept { return penstock::test::fails() ? nullptr : __libc_malloc(nbytes); }

INTERPOSED void *calloc(size_t count, size_t nbytes) noexcept {
  return penstock::test::fails() ? nullptr : __libc_calloc(count, nbytes);
}

INTERPOSED void *realloc(void *memory, size_t nbytes) noexcept {
  return penstock::test::fails() ? nullptr : __libc_realloc(memory, nbytes);
}

INTERPOSED void *memalign(size_t alignment, size_t nbytes) noexcept {
  return penstock::test::fails() ? nullptr : __libc_memalign(alignment, nbytes);
}

INTERPOSED void *aligned_alloc(size_t alignment, size_t nbytes) noexcept { return memalign(alignment, nbytes); }

INTERPOSED int posix_memalign(void **memory, size_t alignment, size_t nbytes) noexcept {
  void *const allocated = memalign(alignment, nbytes);
  if (allocated == nullptr) return ENOMEM;
  *memory = allocated;
  return 0;
}
}
