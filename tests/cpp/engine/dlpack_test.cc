#include "core/tensor/dlpack.h"

#include <dlpack/dlpack.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

#include "core/base/text.h"
#include "core/tensor/copy.h"
#include "core/tensor/create.h"
#include "core/tensor/view.h"
#include "tests/cpp/engine/expect_failure.h"
#include "tests/cpp/engine/memory_fixture.h"
#include "tests/cpp/engine/reference.h"
#include "tests/cpp/engine/tensor_testing.h"

namespace penstock::core {
namespace {

using reference::Random;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t most = std::numeric_limits<int64_t>::max();

class DlpackExport : public MemoryTest {};
class DlpackImport : public MemoryTest {};
class DlpackLegacyImport : public MemoryTest {};
class DlpackRoundTrip : public MemoryTest {};

// Both kinds of struct as a consumer holds them: deleted when this goes.
template <typename Managed>
struct Deleting {
  void operator()(Managed *managed) const { managed->deleter(managed); }
};
using Exported = std::unique_ptr<DLManagedTensorVersioned, Deleting<DLManagedTensorVersioned>>;
using LegacyExported = std::unique_ptr<DLManagedTensor, Deleting<DLManagedTensor>>;

Exported exported(const Tensor &tensor, bool is_copy = false) { return Exported(to_dlpack(tensor, is_copy)); }
LegacyExported exported_legacy(const Tensor &tensor) { return LegacyExported(to_dlpack_legacy(tensor)); }

Extents shape_of(const DLTensor &lent) { return {lent.shape, lent.ndim}; }
Extents strides_of(const DLTensor &lent) { return {lent.strides, lent.ndim}; }

// Six numbers of another library's, lent as a matrix of 2 x 3, and how often they were given back.
template <typename Managed>
struct Lent {
  std::array<int32_t, 6> numbers = {0, 1, 2, 3, 4, 5};
  std::array<int64_t, 2> shape = {2, 3}, strides = {3, 1};
  int32_t given_back = 0;
  Managed managed{};

  Lent() {
    if constexpr (std::is_same_v<Managed, DLManagedTensorVersioned>)
      managed.version = {DLPACK_MAJOR_VERSION, DLPACK_MINOR_VERSION};
    managed.manager_ctx = this;
    managed.deleter = [](Managed *given) { ++static_cast<Lent *>(given->manager_ctx)->given_back; };
    managed.dl_tensor = {numbers.data(), {kDLCPU, 0}, 2, {kDLInt, 32, 1}, shape.data(), strides.data(), 0};
  }
  Lent(const Lent &) = delete;
  Lent &operator=(const Lent &) = delete;
};
using LentMatrix = Lent<DLManagedTensorVersioned>;
using LegacyLentMatrix = Lent<DLManagedTensor>;

// What a refusal leaves, whichever struct it is: the deleter called once.
template <typename Matrix>
void expect_one_refused(Status status, const ::testing::Matcher<std::string> &sentence,
                        const std::function<void(DLTensor &)> &spoil) {
  Matrix lent;
  spoil(lent.managed.dl_tensor);
  expect_failure(status, sentence, [&] { from_dlpack(&lent.managed); });
  EXPECT_EQ(lent.given_back, 1);
}

void expect_refused(Status status, const ::testing::Matcher<std::string> &sentence,
                    const std::function<void(DLTensor &)> &spoil) {
  expect_one_refused<LentMatrix>(status, sentence, spoil);
  expect_one_refused<LegacyLentMatrix>(status, sentence, spoil);
}

TEST_F(DlpackExport, DescribesTheTensorAndSharesItsMemory) {
  const Tensor tensor = transpose(counting({2, 3}), 0, 1);
  const Exported lent = exported(tensor);
  const DLTensor &described = lent->dl_tensor;
  EXPECT_EQ(described.data, tensor.data);
  EXPECT_EQ(described.device.device_type, kDLCPU);
  EXPECT_EQ(described.device.device_id, 0);
  EXPECT_EQ(shape_of(described), (Extents{3, 2}));
  EXPECT_EQ(strides_of(described), (Extents{1, 3}));
  EXPECT_EQ(lent->flags, 0U);
}

TEST_F(DlpackExport, NamesTheVersionOfTheHeader) {
  const Exported lent = exported(counting({2}));
  EXPECT_EQ(lent->version.major, 1U);
  EXPECT_EQ(lent->version.minor, 3U);
}

TEST_F(DlpackExport, MovesThePointerAndLeavesNoByteOffset) {
  const Tensor tensor = slice(counting({6}), 0, 2, 6, 2);
  const Exported lent = exported(tensor);
  EXPECT_EQ(lent->dl_tensor.data, tensor.data);
  EXPECT_EQ(lent->dl_tensor.byte_offset, 0U);
  EXPECT_EQ(reference::load<int32_t>(static_cast<std::byte *>(lent->dl_tensor.data)), 2);
}

TEST_F(DlpackExport, OfATensorWithoutElementsHasNoDataButStrides) {
  for (const Tensor &tensor : {empty(DType::float32, {2, 0}, {}), narrow(counting({2, 3}), 0, 1, 0),
                               slice(counting({3}), 0, 3, 3, -1), expand(counting({1, 1}), {3, 0})}) {
    const Exported lent = exported(tensor);
    EXPECT_EQ(lent->dl_tensor.data, nullptr) << reference::describe(tensor);
    ASSERT_NE(lent->dl_tensor.strides, nullptr) << reference::describe(tensor);
    EXPECT_EQ(shape_of(lent->dl_tensor), tensor.shape);
  }
}

TEST_F(DlpackExport, OfRank0HasOneElement) {
  const Exported lent = exported(counting({}));
  EXPECT_EQ(lent->dl_tensor.ndim, 0);
  EXPECT_NE(lent->dl_tensor.data, nullptr);
}

TEST_F(DlpackExport, OfSixteenAxesHasThemAll) {
  const Tensor tensor = counting(Extents::filled(max_ndim, 2));
  const Exported lent = exported(tensor);
  EXPECT_EQ(shape_of(lent->dl_tensor), tensor.shape);
  EXPECT_EQ(strides_of(lent->dl_tensor), tensor.strides);
}

TEST_F(DlpackExport, NamesEachDtypeAsTheStandardDoes) {
  const std::array<std::array<int32_t, 2>, dtype_count> codes_and_bits = {{{6, 8},
                                                                           {0, 8},
                                                                           {0, 16},
                                                                           {0, 32},
                                                                           {0, 64},
                                                                           {1, 8},
                                                                           {1, 16},
                                                                           {1, 32},
                                                                           {1, 64},
                                                                           {2, 16},
                                                                           {4, 16},
                                                                           {2, 32},
                                                                           {2, 64},
                                                                           {5, 64},
                                                                           {5, 128},
                                                                           {10, 8},
                                                                           {12, 8}}};
  for (int32_t number = 1; number <= dtype_count; ++number) {
    const auto dtype = static_cast<DType>(number);
    const Exported lent = exported(zeros(dtype, {1}, {}));
    const DLDataType named = lent->dl_tensor.dtype;
    EXPECT_THAT((std::array<int32_t, 2>{named.code, named.bits}), codes_and_bits[static_cast<size_t>(number - 1)])
        << dtype_name(dtype);
    EXPECT_EQ(named.lanes, 1);
  }
}

TEST_F(DlpackExport, FlagsWhatIsReadOnlyAndWhatIsACopy) {
  const Tensor writable = counting({1}), read_only = expand(writable, {3});
  EXPECT_EQ(exported(writable, false)->flags, 0U);
  EXPECT_EQ(exported(read_only, false)->flags, DLPACK_FLAG_BITMASK_READ_ONLY);
  EXPECT_EQ(exported(writable, true)->flags, DLPACK_FLAG_BITMASK_IS_COPIED);
  EXPECT_EQ(exported(read_only, true)->flags, DLPACK_FLAG_BITMASK_READ_ONLY | DLPACK_FLAG_BITMASK_IS_COPIED);
}

TEST_F(DlpackExport, AsTheLegacyStructDescribesTheSame) {
  const Tensor tensor = slice(counting({2, 3}), 1, 1, 3, 1);
  const LegacyExported lent = exported_legacy(tensor);
  EXPECT_EQ(lent->dl_tensor.data, tensor.data);
  EXPECT_EQ(lent->dl_tensor.byte_offset, 0U);
  EXPECT_EQ(shape_of(lent->dl_tensor), (Extents{2, 2}));
  EXPECT_EQ(strides_of(lent->dl_tensor), (Extents{3, 1}));
}

TEST_F(DlpackExport, AsTheLegacyStructRefusesReadOnlyMemory) {
  expect_failure(Status::not_exportable, HasSubstr("read-only"), [] { to_dlpack_legacy(expand(counting({1}), {3})); });
}

TEST_F(DlpackExport, RefusesANegativeStrideAndSaysToCopy) {
  const Tensor backwards = slice(counting({2, 3}), 1, slice_open, slice_open, -1);
  const auto sentence = AllOf(HasSubstr("(3, -1)"), HasSubstr("copy"));
  expect_failure(Status::not_exportable, sentence, [&] { to_dlpack(backwards, false); });
  expect_failure(Status::not_exportable, sentence, [&] { to_dlpack_legacy(backwards); });
}

TEST_F(DlpackExport, TakesANegativeStrideThatIsNeverStepped) {
  const Tensor backwards = slice(counting({2, 3}), 1, slice_open, slice_open, -1);
  EXPECT_EQ(strides_of(exported(narrow(backwards, 1, 0, 1))->dl_tensor), (Extents{3, 1}));
}

TEST_F(DlpackExport, KeepsTheMemoryUntilItsDeleterRuns) {
  const uint64_t before = memory_usage({}).live_bytes;
  Exported lent = exported(counting({6}));
  EXPECT_EQ(memory_usage({}).live_bytes, before + 24);
  EXPECT_EQ(reference::load<int32_t>(static_cast<std::byte *>(lent->dl_tensor.data) + 20), 5);
  lent.reset();
  EXPECT_EQ(memory_usage({}).live_bytes, before);
}

TEST_F(DlpackExport, ItsDeleterLeavesTheMemoryToWhoeverElseHoldsIt) {
  const Tensor tensor = counting({3});
  Exported first = exported(tensor);
  const Exported second = exported(tensor);
  first.reset();
  EXPECT_THAT(values_of<int32_t>(tensor), ElementsAre(0, 1, 2));
  EXPECT_EQ(second->dl_tensor.data, tensor.data);
}

TEST_F(DlpackExport, ItsDeleterMayRunOnAnyThread) {
  Exported lent = exported(counting({3}));
  std::thread([moved = std::move(lent)]() mutable { moved.reset(); }).join();
}

TEST_F(DlpackImport, SharesTheMemoryAndKeepsItsStrides) {
  LentMatrix lent;
  lent.shape = {3, 2};
  lent.strides = {1, 3};
  const Tensor tensor = from_dlpack(&lent.managed);
  EXPECT_EQ(tensor.data, reinterpret_cast<std::byte *>(lent.numbers.data()));
  EXPECT_EQ(tensor.dtype, DType::int32);
  EXPECT_FALSE(tensor.read_only);
  EXPECT_EQ(tensor.strides, (Extents{1, 3}));
  EXPECT_THAT(values_of<int32_t>(tensor), ElementsAre(0, 3, 1, 4, 2, 5));
}

TEST_F(DlpackImport, GivesTheStructBackOnceWithTheLastView) {
  LentMatrix lent;
  Tensor row;
  {
    const Tensor tensor = from_dlpack(&lent.managed);
    row = select(tensor, 0, 1);
  }
  EXPECT_EQ(lent.given_back, 0);
  EXPECT_THAT(values_of<int32_t>(row), ElementsAre(3, 4, 5));
  row = {};
  EXPECT_EQ(lent.given_back, 1);
}

TEST_F(DlpackImport, NeedsNoDeleter) {
  LentMatrix lent;
  lent.managed.deleter = nullptr;
  EXPECT_THAT(values_of<int32_t>(from_dlpack(&lent.managed)), ElementsAre(0, 1, 2, 3, 4, 5));
  lent.managed.dl_tensor.ndim = -1;
  expect_failure(Status::invalid_argument, HasSubstr("-1"), [&] { from_dlpack(&lent.managed); });
}

TEST_F(DlpackImport, WithoutStridesIsRowMajor) {
  LentMatrix lent;
  lent.managed.dl_tensor.strides = nullptr;
  const Tensor tensor = from_dlpack(&lent.managed);
  EXPECT_EQ(tensor.strides, (Extents{3, 1}));
}

TEST_F(DlpackImport, BeginsAtTheByteOffset) {
  LentMatrix lent;
  lent.shape = {2, 2};
  lent.managed.dl_tensor.byte_offset = 4;
  EXPECT_THAT(values_of<int32_t>(from_dlpack(&lent.managed)), ElementsAre(1, 2, 4, 5));
}

TEST_F(DlpackImport, FollowsNegativeStrides) {
  LentMatrix lent;
  lent.strides = {-3, -1};
  lent.managed.dl_tensor.byte_offset = 20;
  EXPECT_THAT(values_of<int32_t>(from_dlpack(&lent.managed)), ElementsAre(5, 4, 3, 2, 1, 0));
}

TEST_F(DlpackImport, HonoursReadOnlyAndNoOtherFlag) {
  LentMatrix read_only, copied;
  read_only.managed.flags = DLPACK_FLAG_BITMASK_READ_ONLY;
  copied.managed.flags = ~DLPACK_FLAG_BITMASK_READ_ONLY;
  EXPECT_TRUE(from_dlpack(&read_only.managed).read_only);
  EXPECT_FALSE(from_dlpack(&copied.managed).read_only);
}

TEST_F(DlpackImport, IsReadOnlyWhereElementsCoincide) {
  LentMatrix lent;
  lent.strides = {0, 1};
  EXPECT_TRUE(from_dlpack(&lent.managed).read_only);
}

TEST_F(DlpackImport, TakesAnyMinorVersion) {
  for (const uint32_t minor : {0U, 4U, std::numeric_limits<uint32_t>::max()}) {
    LentMatrix lent;
    lent.managed.version.minor = minor;
    EXPECT_EQ(from_dlpack(&lent.managed).element_count(), 6);
  }
}

// The start of a struct whose major version is not known: reading behind it is an error that AddressSanitizer sees.
TEST_F(DlpackImport, ReadsNothingButVersionAndDeleterOfAnotherMajorVersion) {
  static int32_t given_back;
  for (const uint32_t major : {0U, 2U, std::numeric_limits<uint32_t>::max()}) {
    given_back = 0;
    const DLPackVersion version{major, 7};
    const auto deleter = +[](DLManagedTensorVersioned *) { ++given_back; };
    constexpr size_t known_nbytes = offsetof(DLManagedTensorVersioned, flags);
    std::vector<std::byte> start(known_nbytes);
    std::memcpy(start.data(), &version, sizeof(version));
    std::memcpy(start.data() + offsetof(DLManagedTensorVersioned, deleter), &deleter, sizeof(deleter));
    expect_failure(Status::not_exportable, HasSubstr(text(major, ".7")),
                   [&] { from_dlpack(reinterpret_cast<DLManagedTensorVersioned *>(start.data())); });
    EXPECT_EQ(given_back, 1);
  }
}

TEST_F(DlpackImport, RefusesLanes) {
  for (const uint16_t lanes : {uint16_t{0}, uint16_t{4}, uint16_t{65535}})
    expect_refused(Status::not_exportable, HasSubstr(text(lanes, " lanes")),
                   [&](DLTensor &lent) { lent.dtype.lanes = lanes; });
}

TEST_F(DlpackImport, RefusesDtypesThatHaveNoCounterpart) {
  for (const DLDataType dtype :
       {DLDataType{kDLInt, 4, 1}, DLDataType{kDLFloat, 8, 1}, DLDataType{kDLFloat, 128, 1}, DLDataType{kDLBool, 1, 1},
        DLDataType{kDLOpaqueHandle, 64, 1}, DLDataType{kDLFloat4_e2m1fn, 4, 1}, DLDataType{255, 255, 1}})
    expect_refused(Status::not_exportable, HasSubstr(text("code ", int32_t{dtype.code})),
                   [&](DLTensor &lent) { lent.dtype = dtype; });
}

TEST_F(DlpackImport, RefusesKindsOfDevicesThatItDoesNotKnow) {
  for (const int32_t type : {0, -1, 4, 12, 18, 19, std::numeric_limits<int32_t>::max()})
    expect_refused(Status::not_exportable, HasSubstr(text(type, " is not one")),
                   [&](DLTensor &lent) { lent.device.device_type = static_cast<DLDeviceType>(type); });
}

TEST_F(DlpackImport, RefusesADeviceThatCannotBeUsed) {
  expect_refused(Status::unavailable, HasSubstr("cuda:63"), [](DLTensor &lent) { lent.device = {kDLCUDA, 63}; });
  expect_refused(Status::out_of_range, HasSubstr("-1"), [](DLTensor &lent) { lent.device = {kDLCUDA, -1}; });
}

TEST_F(DlpackImport, ReadsPinnedMemoryAsMainMemory) {
  LentMatrix lent;
  lent.managed.dl_tensor.device = {kDLCUDAHost, 0};
  EXPECT_EQ(from_dlpack(&lent.managed).device(), Device{});
}

TEST_F(DlpackImport, RefusesRanksOutside0To16) {
  for (const int32_t ndim : {-1, 17, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()})
    expect_refused(Status::invalid_argument, HasSubstr(text("rank ", ndim)), [&](DLTensor &lent) { lent.ndim = ndim; });
}

TEST_F(DlpackImport, RefusesAxesWithoutAShape) {
  expect_refused(Status::invalid_argument, HasSubstr("shape"), [](DLTensor &lent) { lent.shape = nullptr; });
}

TEST_F(DlpackImport, OfRank0NeedsNeitherShapeNorStrides) {
  LentMatrix lent;
  lent.managed.dl_tensor.ndim = 0;
  lent.managed.dl_tensor.shape = lent.managed.dl_tensor.strides = nullptr;
  EXPECT_THAT(values_of<int32_t>(from_dlpack(&lent.managed)), ElementsAre(0));
}

TEST_F(DlpackImport, RefusesSizesBelow0) {
  for (const int64_t size : {int64_t{-1}, std::numeric_limits<int64_t>::min()})
    expect_refused(Status::invalid_argument, HasSubstr(text(size)), [&](DLTensor &lent) { lent.shape[0] = size; });
}

TEST_F(DlpackImport, RefusesSizesWhoseProductOverflows) {
  for (const bool strides_given : {true, false})
    for (const int64_t size : {most, int64_t{1} << 62, int64_t{1} << 32})
      expect_refused(Status::invalid_argument, AllOf(HasSubstr(text(size)), HasSubstr("2^56")), [&](DLTensor &lent) {
        lent.shape[0] = lent.shape[1] = size;
        if (!strides_given) lent.strides = nullptr;
      });
}

TEST_F(DlpackImport, RefusesStridesThatLeaveTheAddressSpace) {
  for (const int64_t stride : {most, most / 2, int64_t{1} << 60, -most, std::numeric_limits<int64_t>::min()})
    expect_refused(Status::invalid_argument, AllOf(HasSubstr(text(stride)), HasSubstr("address space")),
                   [&](DLTensor &lent) { lent.strides[0] = stride; });
}

TEST_F(DlpackImport, RefusesAByteOffsetThatLeavesTheAddressSpace) {
  constexpr uint64_t largest = std::numeric_limits<uint64_t>::max();
  for (const uint64_t offset : {largest, largest - 3})
    expect_refused(Status::invalid_argument, HasSubstr(text(offset, " from address")),
                   [&](DLTensor &lent) { lent.byte_offset = offset; });
}

TEST_F(DlpackImport, RefusesNoDataForSomeElements) {
  expect_refused(Status::invalid_argument, HasSubstr("NULL"), [](DLTensor &lent) { lent.data = nullptr; });
  expect_refused(Status::invalid_argument, HasSubstr("NULL"), [](DLTensor &lent) {
    lent.data = nullptr;
    lent.byte_offset = 4;
  });
}

TEST_F(DlpackImport, WithoutElementsNeedsNoDataAndLooksAtNone) {
  for (const bool data_given : {true, false}) {
    LentMatrix lent;
    lent.shape = {2, 0};
    lent.managed.dl_tensor.byte_offset = data_given ? std::numeric_limits<uint64_t>::max() / 2 : 0;
    if (!data_given) lent.managed.dl_tensor.data = nullptr;
    const Tensor tensor = from_dlpack(&lent.managed);
    EXPECT_EQ(tensor.data, nullptr);
    EXPECT_EQ(tensor.shape, (Extents{2, 0}));
  }
}

TEST_F(DlpackImport, RefusesDataThatIsNotAligned) {
  expect_refused(Status::invalid_argument, HasSubstr("not aligned"), [](DLTensor &lent) {
    lent.shape[0] = 1;
    lent.byte_offset = 2;
  });
}

TEST_F(DlpackLegacyImport, SharesTheMemoryWritably) {
  LegacyLentMatrix lent;
  {
    const Tensor tensor = from_dlpack(&lent.managed);
    EXPECT_FALSE(tensor.read_only);
    EXPECT_THAT(values_of<int32_t>(tensor), ElementsAre(0, 1, 2, 3, 4, 5));
  }
  EXPECT_EQ(lent.given_back, 1);
}

// Strides as an export may have them: none below 0.
Tensor random_exportable(Random &random, DType dtype) {
  Tensor tensor = reference::random_tensor(random, dtype, reference::random_shape(random, 5, 4), true);
  for (int32_t axis = 0; axis < tensor.ndim(); ++axis)
    if (tensor.strides[axis] < 0) tensor = slice(tensor, axis, slice_open, slice_open, -1);
  tensor.read_only = elements_may_coincide(tensor.shape, tensor.strides);
  return tensor;
}

TEST_F(DlpackRoundTrip, ShowsTheSameElementsThroughTheSameMemory) {
  for (uint64_t seed = 0; seed < 1500; ++seed) {
    Random random(seed);
    const auto dtype = static_cast<DType>(reference::random_between(random, 1, dtype_count));
    const Tensor tensor = random_exportable(random, dtype);
    SCOPED_TRACE(text("seed ", seed, ": ", reference::describe(tensor)));
    const bool legacy = !tensor.read_only && random() % 2 == 0;
    const Tensor back = legacy ? from_dlpack(to_dlpack_legacy(tensor)) : from_dlpack(to_dlpack(tensor, false));
    EXPECT_EQ(back.dtype, tensor.dtype);
    EXPECT_EQ(back.shape, tensor.shape);
    EXPECT_EQ(back.data, tensor.data);
    EXPECT_EQ(back.read_only, tensor.read_only);
    EXPECT_EQ(reference::elements_of(back), reference::elements_of(tensor));
    if (HasFailure()) return;
  }
}

TEST_F(DlpackRoundTrip, OutlivesTheTensorThatWasExported) {
  Tensor tensor = counting({4});
  const Tensor back = from_dlpack(to_dlpack(tensor, false));
  tensor = {};
  EXPECT_THAT(values_of<int32_t>(back), ElementsAre(0, 1, 2, 3));
}

// One exchange of many: over memory of its own or shared with the other threads, half of them dropped unread.
void exchange(const Tensor &shared, Random &random) {
  const Tensor tensor = random() % 2 == 0 ? shared : counting({4, 3});
  if (random() % 2 == 0) {
    const Exported dropped = exported(tensor);
    return;
  }
  const Tensor back = random() % 2 == 0 ? from_dlpack(to_dlpack_legacy(tensor)) : from_dlpack(to_dlpack(tensor, false));
  const Exported again = exported(select(back, 0, 1));
  EXPECT_EQ(again->dl_tensor.data, tensor.data + 12);
}

// The fixture sees the live bytes come back to what they were.
TEST_F(DlpackRoundTrip, ManyOverThreadsLeaveNothingHeld) {
  const Tensor shared = counting({4, 3});
  std::vector<std::thread> threads;
  for (uint64_t seed = 0; seed < 4; ++seed)
    threads.emplace_back([&shared, seed] {
      Random random(seed);
      for (int32_t round = 0; round < 5000; ++round) exchange(shared, random);
    });
  for (std::thread &thread : threads) thread.join();
  EXPECT_THAT(values_of<int32_t>(select(shared, 0, 1)), ElementsAre(3, 4, 5));
}

}  // namespace
}  // namespace penstock::core
