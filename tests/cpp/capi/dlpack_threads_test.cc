// A million loans at once: what threads lend each other, drop, borrow and give back leaves nothing behind.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>
#include <vector>

#include <dlpack/dlpack.h>

#include "support.h"

namespace penstock::test {
namespace {

constexpr int32_t thread_count = 4;
constexpr int32_t loans_a_thread = 250'000;

// Where a thread leaves a loan that another thread takes: a consumer is rarely on its producer's thread.
class Desk {
 public:
  DLManagedTensorVersioned *exchange(DLManagedTensorVersioned *loan) { return loan_.exchange(loan); }

 private:
  std::atomic<DLManagedTensorVersioned *> loan_{nullptr};
};

void lend_and_drop(ps_tensor *shared) {
  DLManagedTensor *loan = nullptr;
  require_ok(ps_tensor_to_dlpack_legacy(&loan, shared, 0));
  loan->deleter(loan);
}

void borrow_and_release(DLManagedTensorVersioned *loan) {
  if (loan == nullptr) return;
  ps_tensor *borrowed = nullptr;
  require_ok(ps_tensor_from_dlpack(&borrowed, loan));
  ps_tensor_release(borrowed);
}

// Half of the loans are dropped by who made them; the others are borrowed by whoever comes next to the desk.
void exchange_loans(ps_tensor *shared, Desk &desk) {
  for (int32_t number = 0; number < loans_a_thread; ++number) {
    if (number % 2 == 0) {
      lend_and_drop(shared);
      continue;
    }
    const TensorHold own = number % 8 == 1 ? make_tensor<int32_t>(PS_INT32, {2}, {number, 1}) : TensorHold();
    DLManagedTensorVersioned *loan = nullptr;
    require_ok(ps_tensor_to_dlpack(&loan, own ? own.get() : shared, 0));
    borrow_and_release(desk.exchange(loan));
  }
}

TEST(DlpackThreads, AMillionLoansAcrossThreadsLeaveNothing) {
  const LiveMemory before = live_memory();
  {
    const TensorHold shared = make_tensor<int32_t>(PS_INT32, {2, 3}, {0, 1, 2, 3, 4, 5});
    Desk desk;
    std::vector<std::thread> threads;
    for (int32_t index = 0; index < thread_count; ++index)
      threads.emplace_back([&] { exchange_loans(shared.get(), desk); });
    for (std::thread &thread : threads) thread.join();
    borrow_and_release(desk.exchange(nullptr));
  }
  EXPECT_EQ(live_memory(), before);
}

}  // namespace
}  // namespace penstock::test
