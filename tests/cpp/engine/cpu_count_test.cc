#include "core/base/cpu_count.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <filesystem>
#include <optional>
#include <string>

#include "tests/cpp/engine/child_process.h"
#include "tests/cpp/engine/file_tree.h"

namespace penstock::core {
namespace {

TEST(CpuCount, IsAtLeastOne) { EXPECT_GE(cpu_count(), 1); }

TEST(CpuCount, FollowsTheAffinityOfTheThread) {
  EXPECT_EQ(child_result([] {
              cpu_set_t cpus, one;
              sched_getaffinity(0, sizeof(cpus), &cpus);
              CPU_ZERO(&one);
              for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu)
                if (CPU_ISSET(cpu, &cpus)) CPU_SET(cpu, &one);
              sched_setaffinity(0, sizeof(one), &one);
              return cpu_count();
            }),
            1);
}

TEST(CpuCount, IsTheSmallerOfAffinityAndControlGroup) {
  const FileTree tree;
  tree.write("proc/self/cgroup", "0::/\n");
  tree.write("sys/fs/cgroup/cpu.max", "100000 100000\n");
  EXPECT_EQ(cpu_count(tree.root()), 1);
  tree.write("sys/fs/cgroup/cpu.max", "99999900000 100000\n");
  EXPECT_EQ(cpu_count(tree.root()), affinity_cpu_count());
}

TEST(CgroupCpuLimit, IsRoundedUpToWholeCpus) {
  const FileTree tree;
  tree.write("proc/self/cgroup", "0::/job\n");
  tree.write("sys/fs/cgroup/job/cpu.max", "250000 100000\n");
  EXPECT_EQ(cgroup_cpu_limit(tree.root()), 3);
  tree.write("sys/fs/cgroup/job/cpu.max", "1 100000\n");
  EXPECT_EQ(cgroup_cpu_limit(tree.root()), 1);
}

TEST(CgroupCpuLimit, OfAParentCountsWhereItIsSmaller) {
  const FileTree tree;
  tree.write("proc/self/cgroup", "0::/slice/service/job\n");
  tree.write("sys/fs/cgroup/slice/cpu.max", "200000 100000\n");
  tree.write("sys/fs/cgroup/slice/service/cpu.max", "max 100000\n");
  tree.write("sys/fs/cgroup/slice/service/job/cpu.max", "800000 100000\n");
  EXPECT_EQ(cgroup_cpu_limit(tree.root()), 2);
}

TEST(CgroupCpuLimit, OfTheGroupCountsWhereItIsSmallerThanItsParents) {
  const FileTree tree;
  tree.write("proc/self/cgroup", "0::/slice/job\n");
  tree.write("sys/fs/cgroup/slice/cpu.max", "800000 100000\n");
  tree.write("sys/fs/cgroup/slice/job/cpu.max", "50000 10000\n");
  EXPECT_EQ(cgroup_cpu_limit(tree.root()), 5);
}

TEST(CgroupCpuLimit, IsNoneWhereEveryGroupSaysMax) {
  const FileTree tree;
  tree.write("proc/self/cgroup", "0::/slice/job\n");
  tree.write("sys/fs/cgroup/slice/cpu.max", "max 100000\n");
  tree.write("sys/fs/cgroup/slice/job/cpu.max", "max 100000\n");
  EXPECT_EQ(cgroup_cpu_limit(tree.root()), std::nullopt);
}

TEST(CgroupCpuLimit, IsTheMountsWhereTheGroupIsOfAnotherNamespace) {
  const FileTree tree;
  tree.write("proc/self/cgroup", "0::/docker/0123456789ab\n");
  tree.write("sys/fs/cgroup/cpu.max", "150000 100000\n");
  EXPECT_EQ(cgroup_cpu_limit(tree.root()), 2);
}

TEST(CgroupCpuLimit, IsTheMountsWhereTheGroupLiesOutsideOfIt) {
  const FileTree tree;
  tree.write("proc/self/cgroup", "0::/../neighbour\n");
  tree.write("sys/fs/cgroup/cpu.max", "400000 100000\n");
  tree.write("sys/fs/neighbour/cpu.max", "100000 100000\n");
  EXPECT_EQ(cgroup_cpu_limit(tree.root()), 4);
}

TEST(CgroupCpuLimit, IsReadFromTheCpuControllerOfVersion1) {
  const FileTree tree;
  tree.write("proc/self/cgroup", "5:memory:/job\n4:cpuset:/job\n3:cpu,cpuacct:/docker/job\n1:name=systemd:/\n");
  tree.write("sys/fs/cgroup/cpu,cpuacct/docker/job/cpu.cfs_quota_us", "300000\n");
  tree.write("sys/fs/cgroup/cpu,cpuacct/docker/job/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cgroup_cpu_limit(tree.root()), 3);
}

TEST(CgroupCpuLimit, OfAVersion1ParentCountsWhereItIsSmaller) {
  const FileTree tree;
  tree.write("proc/self/cgroup", "3:cpu:/docker/job\n");
  tree.write("sys/fs/cgroup/cpu/docker/job/cpu.cfs_quota_us", "-1\n");
  tree.write("sys/fs/cgroup/cpu/docker/job/cpu.cfs_period_us", "100000\n");
  tree.write("sys/fs/cgroup/cpu/docker/cpu.cfs_quota_us", "200000\n");
  tree.write("sys/fs/cgroup/cpu/docker/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cgroup_cpu_limit(tree.root()), 2);
}

TEST(CgroupCpuLimit, IsNoneWhereVersion1SaysMinusOne) {
  const FileTree tree;
  tree.write("proc/self/cgroup", "3:cpu:/\n");
  tree.write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  tree.write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cgroup_cpu_limit(tree.root()), std::nullopt);
}

TEST(CgroupCpuLimit, IsTheSmallerOneWhereBothVersionsAreMounted) {
  const FileTree tree;
  tree.write("proc/self/cgroup", "3:cpu:/\n0::/\n");
  tree.write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "700000\n");
  tree.write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  tree.write("sys/fs/cgroup/cpu.max", "600000 100000\n");
  EXPECT_EQ(cgroup_cpu_limit(tree.root()), 6);
}

TEST(CgroupCpuLimit, IsNoneWhereItsFilesAreNotOfTheKernelsForm) {
  const FileTree tree;
  tree.write("proc/self/cgroup", "0::/\n");
  for (const char *content : {"", "\n", "max", "100000", "100000 ", "100000 0", "0 100000", "-5 100000", "1e5 100000",
                              "100000 100000 1", " 100000 100000", "99999999999999999999 100000", "100000\t100000"}) {
    tree.write("sys/fs/cgroup/cpu.max", content);
    EXPECT_EQ(cgroup_cpu_limit(tree.root()), std::nullopt) << '"' << content << '"';
  }
}

TEST(CgroupCpuLimit, IsNoneWhereTheListOfGroupsIsNotOfTheKernelsForm) {
  const FileTree tree;
  tree.write("sys/fs/cgroup/cpu.max", "100000 100000\n");
  for (const char *content : {"", ":", "::", "0:", "0::", "0::job", "0:cpu", "x::/", "3:cpu:", "\n\n"}) {
    tree.write("proc/self/cgroup", content);
    EXPECT_EQ(cgroup_cpu_limit(tree.root()), std::nullopt) << '"' << content << '"';
  }
}

TEST(CgroupCpuLimit, IsNoneWhereAFileIsMissingOrAFolder) {
  const FileTree tree;
  EXPECT_EQ(cgroup_cpu_limit(tree.root()), std::nullopt);
  EXPECT_EQ(cgroup_cpu_limit(tree.path("nowhere")), std::nullopt);
  tree.write("proc/self/cgroup", "0::/\n");
  std::filesystem::create_directories(tree.path("sys/fs/cgroup/cpu.max"));
  EXPECT_EQ(cgroup_cpu_limit(tree.root()), std::nullopt);
}

TEST(CgroupCpuLimit, StaysANumberHoweverLargeTheQuota) {
  const FileTree tree;
  tree.write("proc/self/cgroup", "0::/\n");
  tree.write("sys/fs/cgroup/cpu.max", "9223372036854775807 1\n");
  EXPECT_EQ(cgroup_cpu_limit(tree.root()), 2147483647);
}

}  // namespace
}  // namespace penstock::core
