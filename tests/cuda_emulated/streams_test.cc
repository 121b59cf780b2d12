// The order of streams: what waits for what, and that nobody waits on the CPU without need.  The emulated streams put off
// everything, so that a wait that is missing shows as wrong elements.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "core/tensor/compare.h"
#include "core/tensor/cuda_device.h"
#include "core/tensor/transfer.h"
#include "tests/cpp/gpu/gpu_testing.h"
#include "tests/cuda_emulated/emulator.h"

namespace penstock::core {
namespace {

using ::testing::Each;

void *handle(uintptr_t number) { return reinterpret_cast<void *>(number); }

EmulatedCounts counts() {
  static void *const plugin = dlopen(EMULATED_PLUGIN, RTLD_NOW | RTLD_NOLOAD);
  EmulatedCounts counts;
  reinterpret_cast<decltype(&emulated_counts)>(dlsym(plugin, "emulated_counts"))(&counts);
  return counts;
}

class GpuStream : public GpuTest {
 protected:
  void *const first = handle(0x1000), *const second = handle(0x2000);

  void TearDown() override {
    for (void *stream : {first, second, handle(0)}) {
      set_current_stream(gpu, stream);
      synchronize(gpu);
    }
    GpuTest::TearDown();
  }

  // A tensor of ones, made on a stream that has not come so far yet; the current stream is another one.
  Tensor made_on_first() {
    set_current_stream(gpu, first);
    const uint8_t one = 1;
    Tensor made = full(DType::uint8, {1000}, &one, DType::uint8, {.device = gpu});
    set_current_stream(gpu, second);
    return made;
  }
};

TEST_F(GpuStream, WithoutAWaitTheMemoryIsReadAsItWas) {
  const Tensor made = made_on_first();
  EXPECT_THAT(bytes_of(made), Each(0xcd));
}

TEST_F(GpuStream, AWaitPutsOneStreamsWorkBehindAnothers) {
  const Tensor made = made_on_first();
  wait_for_stream(gpu, second, first);
  EXPECT_THAT(bytes_of(made), Each(1));
}

TEST_F(GpuStream, WhatIsLentIsReadyOnTheBorrowersStream) {
  const Tensor made = made_on_first();
  set_current_stream(gpu, first);
  lend_to_stream(made, second);
  set_current_stream(gpu, second);
  EXPECT_THAT(bytes_of(made), Each(1));
}

TEST_F(GpuStream, WhatWasLentIsFreedAfterTheBorrowersWork) {
  Tensor made = made_on_first();
  set_current_stream(gpu, first);
  lend_to_stream(made, second);
  const Tensor read = empty(DType::uint8, {1000}, {.device = gpu});
  // What a borrower's kernel does, behind the engine's back: it is queued, and has not run.
  DeviceFailure failure;
  ASSERT_TRUE(cuda_functions().copy_bytes(read.data, made.data, 1000, 0, second, &failure)) << failure.sentence;
  made = Tensor();
  synchronize(gpu);  // the first stream, on which the memory is freed
  set_current_stream(gpu, second);
  EXPECT_THAT(bytes_of(read), Each(1));
}

TEST_F(GpuStream, WhatIsUsedOnAnotherStreamIsFreedAfterThatWork) {
  Tensor made = made_on_first();
  wait_for_stream(gpu, second, first);
  const Tensor read = clone(made);
  made = Tensor();
  set_current_stream(gpu, first);
  synchronize(gpu);
  set_current_stream(gpu, second);
  EXPECT_THAT(bytes_of(read), Each(1));
}

TEST_F(GpuStream, WhatIsTakenFromAnotherStreamIsReadBehindItsWork) {
  const Tensor theirs = made_on_first();
  const Tensor ours = wrap(theirs.data, DType::uint8, {1000}, {1}, gpu, false, nullptr, nullptr);
  take_from_stream(ours, first);
  EXPECT_THAT(bytes_of(ours), Each(1));
}

TEST_F(GpuStream, WhatWasTakenIsGivenBackBehindOurWork) {
  auto *theirs = new Tensor(made_on_first());
  Tensor ours = wrap(
      theirs->data, DType::uint8, {1000}, {1}, gpu, false, [](void *user) { delete static_cast<Tensor *>(user); },
      theirs);
  take_from_stream(ours, first);
  const Tensor read = clone(ours);  // queued on the second stream
  ours = Tensor();                  // frees theirs, in the order of the first
  set_current_stream(gpu, first);
  synchronize(gpu);
  set_current_stream(gpu, second);
  EXPECT_THAT(bytes_of(read), Each(1));
}

TEST_F(GpuStream, WorkOnTheDeviceAndExchangesLetNobodyWait) {
  const int64_t before = counts().host_waits;
  const Tensor made = made_on_first();
  take_from_stream(made, first);
  const Tensor copied = clone(made);
  const Tensor converted = astype(copied, DType::float32, Casting::unsafe);
  copy(made, converted, Casting::unsafe);
  lend_to_stream(made, first);
  EXPECT_EQ(counts().host_waits, before);
}

TEST_F(GpuStream, ACopyFromMainMemoryIsOverWhenItReturns) {
  const Tensor pinned = zeros(DType::uint8, {1000}, {.device = {}, .pinned = true});
  const Tensor there = to_device(pinned, {.device = gpu});
  const uint8_t nine = 9;
  fill(pinned, &nine, DType::uint8);
  EXPECT_THAT(bytes_of(there), Each(0));
}

TEST_F(GpuStream, CopiesBetweenDevicesFollowBothStreams) {
  Tensor made = made_on_first();
  set_current_stream(gpu, first);
  const Tensor elsewhere = to_device(made, {.device = other_gpu});
  const uint8_t nine = 9;
  fill(made, &nine, DType::uint8);
  synchronize(gpu);
  EXPECT_THAT(bytes_of(elsewhere), Each(1));
}

TEST_F(GpuStream, IsEachThreadsOwn) {
  set_current_stream(gpu, first);
  void *seen = nullptr;
  std::thread([&] { seen = current_stream(gpu); }).join();
  EXPECT_EQ(seen, handle(1));
  EXPECT_EQ(current_stream(gpu), first);
  EXPECT_EQ(current_stream(Device{}), nullptr);
}

TEST_F(GpuStream, NullGoesBackToTheLegacyDefaultStream) {
  set_current_stream(gpu, first);
  set_current_stream(gpu, nullptr);
  EXPECT_EQ(current_stream(gpu), handle(1));
}

}  // namespace
}  // namespace penstock::core
