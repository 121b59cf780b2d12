#include "core/kpu/memory.h"

#include <sys/mman.h>

#include "core/base/error.h"

namespace penstock::core::kpu {

Memory::Memory(std::string_view name, int64_t size) : name_(name), size_(size), data_(nullptr) {
  void *const pages = mmap(nullptr, static_cast<size_t>(size), PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pages == MAP_FAILED) fail(Status::out_of_memory, "no address space for a ", name, " of ", size, " bytes");
  data_ = static_cast<std::byte *>(pages);
}

Memory::~Memory() { munmap(data_, static_cast<size_t>(size_)); }

std::span<std::byte> Memory::range(int64_t address, int64_t nbytes) const {
  if (nbytes < 0) fail(Status::invalid_argument, "a range of ", nbytes, " bytes: expected 0 or more");
  if (address < 0 || address > size_ || nbytes > size_ - address)
    fail(Status::out_of_range, "address ", address, " with ", nbytes, " bytes is outside the ", name_, " of ", size_,
         " bytes");
  return {data_ + address, static_cast<size_t>(nbytes)};
}

void Memory::clear() { madvise(data_, static_cast<size_t>(size_), MADV_DONTNEED); }

}  // namespace penstock::core::kpu
