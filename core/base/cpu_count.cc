#include "core/base/cpu_count.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

namespace penstock::core {
namespace {

using Limit = std::optional<int32_t>;

Limit smaller(Limit first, Limit second) {
  if (!first || !second) return first ? first : second;
  return std::min(*first, *second);
}

// The text up to a separator, which is cut off with it; all of the text where there is none.
std::string_view cut(std::string_view &text, char separator) {
  const size_t end = std::min(text.find(separator), text.size());
  const std::string_view front = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return front;
}

std::string first_line(const std::string &path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::optional<int64_t> positive_number(std::string_view digits) {
  int64_t number = 0;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (end.ec != std::errc() || end.ptr != digits.data() + digits.size() || number <= 0) return std::nullopt;
  return number;
}

// quota: microseconds of CPU time in each period.  "max" (version 2) and -1 (version 1) are no limit, as is what cannot
// be read.
Limit whole_cpus(std::string_view quota, std::string_view period) {
  const std::optional<int64_t> allowed = positive_number(quota), length = positive_number(period);
  if (!allowed || !length) return std::nullopt;
  const int64_t rounded_up = *allowed / *length + (*allowed % *length != 0 ? 1 : 0);
  return static_cast<int32_t>(std::min<int64_t>(rounded_up, std::numeric_limits<int32_t>::max()));
}

Limit version_2_limit(const std::string &folder) {
  const std::string line = first_line(folder + "/cpu.max");
  std::string_view period = line;
  const std::string_view quota = cut(period, ' ');
  return whole_cpus(quota, period);
}

Limit version_1_limit(const std::string &folder) {
  return whole_cpus(first_line(folder + "/cpu.cfs_quota_us"), first_line(folder + "/cpu.cfs_period_us"));
}

bool leads_upwards(std::string_view path) {
  while (!path.empty())
    if (cut(path, '/') == "..") return true;
  return false;
}

// The smallest limit from a group up to the mount, both included.  In a container the group's path may be one that only
// the host can see; the mount then shows the container's own group as its root.
Limit limit_up_to_mount(const std::string &mount, std::string_view group, Limit (*read)(const std::string &folder)) {
  std::string folder = mount;
  if (!leads_upwards(group)) folder += group;
  if (access(folder.c_str(), F_OK) != 0) folder = mount;
  Limit limit;
  for (; folder.size() > mount.size(); folder.resize(folder.rfind('/'))) limit = smaller(limit, read(folder));
  return smaller(limit, read(mount));
}

bool names_cpu(std::string_view controllers) {
  while (!controllers.empty())
    if (cut(controllers, ',') == "cpu") return true;
  return false;
}

// A line of /proc/self/cgroup is hierarchy:controllers:path, where version 2 is hierarchy 0 and has no controllers.
Limit limit_of_line(const std::string &mounts, std::string_view line) {
  const std::string_view hierarchy = cut(line, ':'), controllers = cut(line, ':'), group = line;
  if (!group.starts_with('/')) return std::nullopt;
  if (hierarchy == "0" && controllers.empty()) return limit_up_to_mount(mounts, group, version_2_limit);
  if (!names_cpu(controllers)) return std::nullopt;
  // Mounted as all its controllers ("cpu,cpuacct"), usually with a link for each.
  std::string mount = mounts + "/cpu";
  if (access(mount.c_str(), F_OK) != 0) mount = mounts + "/" + std::string(controllers);
  return limit_up_to_mount(mount, group, version_1_limit);
}

}  // namespace

int32_t cpu_count(const std::string &root) noexcept {
  const int32_t by_affinity = affinity_cpu_count();
  return std::min(by_affinity, cgroup_cpu_limit(root).value_or(by_affinity));
}

int32_t affinity_cpu_count() noexcept {
  // The kernel refuses a mask smaller than its own, whose size it does not tell: so the mask grows until it fits.
  for (size_t cpus = 1024; cpus <= size_t{1} << 20; cpus *= 2) {
    const size_t nbytes = CPU_ALLOC_SIZE(cpus);
    const std::unique_ptr<cpu_set_t, void (*)(void *)> mask(static_cast<cpu_set_t *>(std::malloc(nbytes)), std::free);
    if (mask == nullptr) break;
    if (sched_getaffinity(0, nbytes, mask.get()) == 0) return std::max(CPU_COUNT_S(nbytes, mask.get()), 1);
  }
  return 1;
}

std::optional<int32_t> cgroup_cpu_limit(const std::string &root) noexcept {
  try {
    std::ifstream groups(root + "/proc/self/cgroup");
    Limit limit;
    for (std::string line; std::getline(groups, line);)
      limit = smaller(limit, limit_of_line(root + "/sys/fs/cgroup", line));
    return limit;
  } catch (...) {  // no memory for a path: sizing a pool is no reason to fail
    return std::nullopt;
  }
}

}  // namespace penstock::core
