#include "core/base/huge_pages.h"

#include <sys/mman.h>

namespace penstock::core {

void prefer_huge_pages(std::byte *memory, uint64_t nbytes) {
#ifdef MADV_HUGEPAGE
  constexpr uint64_t worth_it = uint64_t{4} << 20;
  constexpr uintptr_t page = 4096;
  if (nbytes < worth_it) return;
  const uintptr_t begin = (reinterpret_cast<uintptr_t>(memory) + page - 1) / page * page;
  const uintptr_t end = (reinterpret_cast<uintptr_t>(memory) + static_cast<uintptr_t>(nbytes)) / page * page;
  madvise(memory + (begin - reinterpret_cast<uintptr_t>(memory)), end - begin, MADV_HUGEPAGE);
#else
  static_cast<void>(memory), static_cast<void>(nbytes);
#endif
}

}  // namespace penstock::core
