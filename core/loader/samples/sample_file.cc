#include "core/loader/samples/sample_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/base/checked.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/thread_pool.h"
#include "core/io/utf8.h"

namespace penstock::core {
namespace {

// Direct reads begin, end and land at multiples of it: no disk in use has larger blocks.  Also a page of the cache.
constexpr uint64_t block_size = 4096;

uint64_t rounded_down(uint64_t number) { return number / block_size * block_size; }
uint64_t rounded_up(uint64_t number) { return rounded_down(number + block_size - 1); }

std::byte *aligned(std::byte *first) {
  const uint64_t beyond = reinterpret_cast<uintptr_t>(first) % block_size;
  return beyond == 0 ? first : first + (block_size - beyond);
}

std::string reason_of(int error_number) {
  char room[256];
  return strerror_r(error_number, room, sizeof(room));
}

}  // namespace

// Bytes from begin to end of the file, of which those before least_end must be there.
struct SampleFile::Block {
  uint64_t begin, end, least_end;
  std::byte *out;
};

ReadPolicy::ReadPolicy(const ReadOptions &options) : options_(options), part_size_(0) {
  constexpr uint64_t largest_part = uint64_t{1} << 40;
  constexpr int32_t most_parts = 1024;
  if (options.part_size < 1 || options.part_size > largest_part)
    fail(Status::out_of_range, "part_size ", options.part_size, " is outside 1 to ", largest_part);
  if (options.max_inflight_parts < 1 || options.max_inflight_parts > most_parts)
    fail(Status::out_of_range, "max_inflight_parts ", options.max_inflight_parts, " is outside 1 to ", most_parts);
  part_size_ = rounded_up(options.part_size);
}

void ReadPolicy::log_not_direct(const std::string &path, const std::string &reason) const {
  if (logged_.exchange(true)) return;
  log_message(LogLevel::warning, in_quotes(path),
              " is read through the page cache, page_cache_mode \"direct\" or not: ", reason,
              "; other files of the set may be too");
}

SampleFile::SampleFile(const SourceFile &source, const ReadPolicy &policy)
    : file_(File::open(source.path)), policy_(policy), may_change_(true), modified_ns_(source.modified_ns) {
  if (file_.size() != source.size)
    fail(Status::data_error, in_quotes(source.path), " has ", file_.size(), " bytes: it had ", source.size,
         " when it was listed");
  require_unchanged();
  switch (policy.options().page_cache) {
    case PageCacheMode::sequential: advise(0, 0, POSIX_FADV_SEQUENTIAL); break;
    case PageCacheMode::random: advise(0, 0, POSIX_FADV_RANDOM); break;
    case PageCacheMode::direct: begin_direct(); break;
    case PageCacheMode::automatic:
    case PageCacheMode::normal:
    case PageCacheMode::dont_need: break;
  }
}

SampleFile::SampleFile(File file, const ReadPolicy &policy)
    : file_(std::move(file)), policy_(policy), may_change_(false) {
  if (policy.options().page_cache == PageCacheMode::direct)
    policy.log_not_direct(file_.path(), "it is compressed, and what it inflates to lies in a temporary file");
}

void SampleFile::begin_direct() {
  const int flags = fcntl(file_.descriptor(), F_GETFL);
  if (flags >= 0 && fcntl(file_.descriptor(), F_SETFL, flags | O_DIRECT) == 0)
    direct_ = true;
  else
    policy_.log_not_direct(file_.path(), reason_of(errno));
}

// Some file systems take the flag and refuse the reads.
void SampleFile::leave_direct(int error_number) const {
  policy_.log_not_direct(file_.path(), reason_of(error_number));
  direct_ = false;
  const int flags = fcntl(file_.descriptor(), F_GETFL);
  if (flags < 0 || fcntl(file_.descriptor(), F_SETFL, flags & ~O_DIRECT) != 0)
    fail_on_path("read", file_.path(), error_number);
}

void SampleFile::require_unchanged() const {
  if (!may_change_) return;
  struct stat about;
  if (fstat(file_.descriptor(), &about) != 0) fail_on_path("read", file_.path(), errno);
  constexpr int64_t second = 1'000'000'000;
  if (static_cast<uint64_t>(about.st_size) != file_.size() ||
      about.st_mtim.tv_sec * second + about.st_mtim.tv_nsec != modified_ns_)
    fail(Status::data_error, in_quotes(file_.path()), " has changed since the set of samples was opened");
}

void SampleFile::require_inside(const Stretch &stretch) const {
  const auto end = checked_add(stretch.offset, stretch.size);
  if (!end || *end > file_.size())
    fail(Status::data_error, in_quotes(file_.path()), " is cut short: ", stretch.size, " bytes from byte ",
         stretch.offset, " on are needed, it has ", file_.size());
}

void SampleFile::advise(uint64_t offset, uint64_t size, int advice) const {
  if (policy_.options().before_call)
    policy_.options().before_call({FileCall::Kind::advise, offset, size, advice, false});
  // A hint: where the file system knows none, nothing is lost.
  static_cast<void>(posix_fadvise(file_.descriptor(), static_cast<off_t>(offset), static_cast<off_t>(size), advice));
}

void SampleFile::read(std::span<Stretch> stretches, InflationRoom &room) const {
  require_unchanged();
  const bool direct = direct_.load();
  uint64_t needed = direct ? block_size : 0;
  for (const Stretch &stretch : stretches) {
    require_inside(stretch);
    needed += direct ? rounded_up(stretch.offset + stretch.size) - rounded_down(stretch.offset) : stretch.size;
  }
  room.grow(needed, 0);
  std::byte *at = direct ? aligned(room.span().data()) : room.span().data();
  for (Stretch &stretch : stretches) {
    const uint64_t end = stretch.offset + stretch.size;
    const Block block =
        direct ? Block{rounded_down(stretch.offset), rounded_up(end), end, at} : Block{stretch.offset, end, end, at};
    read_block(block);
    stretch.bytes = {at + (stretch.offset - block.begin), static_cast<size_t>(stretch.size)};
    at += block.end - block.begin;
    if (policy_.options().page_cache == PageCacheMode::dont_need) drop(stretch);
  }
}

// Up to the page that it ends in, which the next sample may begin in: that one stays, unless the file ends there.  From the
// start of a large page on, since the system keeps one of which only a part is not needed.
void SampleFile::drop(const Stretch &stretch) const {
  constexpr uint64_t largest_page = uint64_t{2} << 20;
  const uint64_t begin = stretch.offset / largest_page * largest_page, end = stretch.offset + stretch.size;
  const uint64_t last = end == file_.size() ? rounded_up(end) : rounded_down(end);
  if (last > rounded_down(stretch.offset)) advise(begin, last - begin, POSIX_FADV_DONTNEED);
}

void SampleFile::read_block(const Block &block) const {
  const ReadOptions &options = policy_.options();
  if (options.reader == ReaderMode::whole || block.end - block.begin <= policy_.part_size()) {
    read_once(block);
    return;
  }
  if (options.page_cache == PageCacheMode::automatic) advise(block.begin, block.end - block.begin, POSIX_FADV_WILLNEED);
  read_parts(block);
}

void SampleFile::read_parts(const Block &block) const {
  const uint64_t size = block.end - block.begin, part_size = policy_.part_size();
  const uint64_t part_count = size / part_size + (size % part_size != 0 ? 1 : 0);
  std::atomic<uint64_t> next_part{0};
  const auto read_some = [&](int64_t) {
    for (uint64_t part = next_part++; part < part_count; part = next_part++) {
      const uint64_t begin = block.begin + part * part_size, end = std::min(begin + part_size, block.end);
      read_once({begin, end, std::min(end, std::max(begin, block.least_end)), block.out + (begin - block.begin)});
    }
  };
  const auto most = static_cast<uint64_t>(policy_.options().max_inflight_parts);
  process_pool().run(static_cast<int64_t>(std::min(part_count, most)), read_some);
}

// How many bytes a call has read at a place, where so many of the file are needed.
uint64_t SampleFile::read_count(ssize_t returned, uint64_t at, uint64_t needed) const {
  if (returned < 0) fail_on_path("read", file_.path(), errno);
  if (returned == 0)
    fail(Status::data_error, in_quotes(file_.path()), " is cut short: needs ", needed, " bytes, has ", at);
  return static_cast<uint64_t>(returned);
}

void SampleFile::read_once(const Block &block) const {
  constexpr uint64_t largest_call = uint64_t{1} << 30;  // Linux reads no more than some 2 GiB at once
  uint64_t at = block.begin;
  while (at < block.least_end) {
    const uint64_t size = std::min(block.end - at, largest_call);
    const bool direct = direct_.load();
    if (policy_.options().before_call) policy_.options().before_call({FileCall::Kind::read, at, size, 0, direct});
    const ssize_t count =
        pread(file_.descriptor(), block.out + (at - block.begin), static_cast<size_t>(size), static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EINVAL && direct) {
      leave_direct(EINVAL);
      continue;
    }
    at += read_count(count, at, block.least_end);
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// What is wanted in several places, by one call.

// Neighbours in a file and the places that they go to; what lies between two of them is read to where nobody looks.
class SampleFile::Gathering {
 public:
  bool takes(const Wanted &wanted) const {
    if (count_ == 0) return true;
    return count_ + 2 <= parts_.size() && wanted.offset >= end_ && wanted.offset - end_ <= between_.size() &&
           wanted.offset + wanted.to.size() - begin_ <= most_bytes;
  }

  void add(const Wanted &wanted) {
    if (count_ == 0) begin_ = end_ = wanted.offset;
    if (wanted.offset > end_) parts_[count_++] = {between_.data(), static_cast<size_t>(wanted.offset - end_)};
    iovec *last = count_ == 0 ? nullptr : &parts_[count_ - 1];
    if (last != nullptr && static_cast<std::byte *>(last->iov_base) + last->iov_len == wanted.to.data())
      last->iov_len += wanted.to.size();
    else
      parts_[count_++] = {wanted.to.data(), wanted.to.size()};
    end_ = wanted.offset + wanted.to.size();
  }

  bool is_empty() const { return count_ == 0; }
  uint64_t begin() const { return begin_; }
  uint64_t end() const { return end_; }
  std::span<const iovec> parts() const { return std::span(parts_).subspan(done_, count_ - done_); }

  // So many bytes from begin() on are there.
  void advance(uint64_t bytes) {
    begin_ += bytes;
    for (; done_ < count_ && bytes >= parts_[done_].iov_len; ++done_) bytes -= parts_[done_].iov_len;
    if (done_ == count_) return;
    parts_[done_].iov_base = static_cast<std::byte *>(parts_[done_].iov_base) + bytes;
    parts_[done_].iov_len -= static_cast<size_t>(bytes);
  }

  void clear() { count_ = done_ = 0; }

 private:
  static constexpr uint64_t most_bytes = uint64_t{1} << 30;
  std::array<iovec, 256> parts_;
  size_t count_ = 0, done_ = 0;
  uint64_t begin_ = 0, end_ = 0;
  std::array<std::byte, 4096> between_;  // more than a call costs less than to read over
};

void SampleFile::read_to(std::span<const Wanted> wanted) const {
  require_unchanged();
  const bool in_parts = policy_.options().reader == ReaderMode::range;
  Gathering gathering;
  for (const Wanted &one : wanted) {
    const Stretch stretch{one.offset, one.to.size(), {}};
    require_inside(stretch);
    if (one.to.empty()) continue;
    if (!gathering.takes(one)) read_gathered(gathering);
    if (in_parts && stretch.size > policy_.part_size())
      read_block({one.offset, one.offset + stretch.size, one.offset + stretch.size, one.to.data()});
    else
      gathering.add(one);
  }
  read_gathered(gathering);
  if (policy_.options().page_cache != PageCacheMode::dont_need) return;
  for (const Wanted &one : wanted) drop({one.offset, one.to.size(), {}});
}

void SampleFile::read_gathered(Gathering &gathering) const {
  while (!gathering.is_empty() && gathering.begin() < gathering.end()) {
    const uint64_t at = gathering.begin();
    if (policy_.options().before_call)
      policy_.options().before_call({FileCall::Kind::read, at, gathering.end() - at, 0, false});
    const std::span<const iovec> parts = gathering.parts();
    const ssize_t count =
        preadv(file_.descriptor(), parts.data(), static_cast<int>(parts.size()), static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    gathering.advance(read_count(count, at, gathering.end()));
  }
  gathering.clear();
}

}  // namespace penstock::core
