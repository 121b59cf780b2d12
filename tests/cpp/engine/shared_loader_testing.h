// What both loaders are put through when several threads use one.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "core/base/error.h"
#include "tests/cpp/engine/child_process.h"

namespace penstock::core {

// Forks while one thread takes from an endless loader and another restores it.  In each child take() must go on giving
// what is_whole() says has its memory, while what was taken before is still held.
template <typename Loader, typename Take, typename IsWhole>
void fork_while_others_use(Loader &loader, const Take &take, const IsWhole &is_whole) {
  const auto held = take();
  std::atomic<bool> enough{false};
  std::thread consumer([&] {
    while (!enough) try {
        take();
      } catch (const Error &error) {
        EXPECT_EQ(error.status(), Status::cancelled) << error.sentence();  // by the restore() below
      }
  });
  std::thread starter([&] {
    while (!enough) loader.restore(loader.state());
  });
  for (int forks = 0; forks < 20; ++forks)
    EXPECT_EQ(child_result([&] {
                auto kept = held;
                for (int batch = 0; batch < 3; ++batch) kept = take();
                return is_whole(kept) ? 0 : 1;
              }),
              0);
  enough = true;
  consumer.join();
  starter.join();
}

// What four threads that take batches until there are none counted together; count() is of one batch.
template <typename Next, typename Count>
int64_t counted_by_four_consumers(const Next &next, const Count &count) {
  std::atomic<int64_t> sum{0};
  std::vector<std::thread> consumers;
  for (int consumer = 0; consumer < 4; ++consumer)
    consumers.emplace_back([&] {
      while (const auto batch = next()) sum += count(*batch);
    });
  for (std::thread &consumer : consumers) consumer.join();
  return sum;
}

}  // namespace penstock::core
