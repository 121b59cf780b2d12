// How many CPUs this process may use, which is what an unasked thread pool is sized to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace penstock::core {

// The smaller of the two numbers below, at least 1.  root is where the file system starts: tests give a made tree.
int32_t cpu_count(const std::string &root = "/") noexcept;

// The CPUs the calling thread may run on (its affinity, which the threads it starts inherit).  At least 1.
int32_t affinity_cpu_count() noexcept;

// The CPU time a second that this process's control groups allow, in whole CPUs rounded up: the smallest limit of its
// group and of all groups above it.  Reads <root>/proc/self/cgroup and <root>/sys/fs/cgroup, versions 1 and 2.
// Nothing where there is no limit, and where a file is missing, unreadable or not of the form the kernel writes.
std::optional<int32_t> cgroup_cpu_limit(const std::string &root) noexcept;

}  // namespace penstock::core
