#include "core/kpu/device.h"

#include <algorithm>
#include <cstring>

#include "core/base/error.h"
#include "core/kpu/pe_tier.h"
#include "core/kpu/values.h"
#include "core/tensor/copy.h"
#include "core/tensor/create.h"

namespace penstock::core::kpu {
namespace {

Config validated(const Config &config) {
  validate(config);
  return config;
}

Config with_dtype(const Config &config, DType dtype) {
  Config changed = config;
  changed.dtype = dtype;
  return changed;
}

void require_operands(const Tensor &first, const Tensor &second, int32_t ndim) {
  for (const Tensor *operand : {&first, &second}) {
    require_operand_dtype(operand->dtype);
    if (operand->device().type != DeviceType::cpu)
      fail(Status::invalid_argument, "an operand lies on another device: expected main memory; copy it there");
    if (operand->ndim() != ndim)
      fail(Status::invalid_argument, "an operand of shape ", operand->shape, ": expected ", ndim, " axes");
    if (operand->element_count() == 0)
      fail(Status::invalid_argument, "an operand of shape ", operand->shape, ": expected sizes of at least 1");
  }
  if (first.dtype != second.dtype)
    fail(Status::type_mismatch, "the operands are of ", first.dtype, " and ", second.dtype,
         ": expected one dtype; convert one");
}

DType result_dtype(DType operands) { return accumulates_integers(operands) ? DType::int32 : DType::float32; }

template <typename Number>
std::vector<Number> numbers_of(const Tensor &tensor) {
  const Tensor dense = contiguous(tensor);
  if constexpr (std::is_same_v<Number, int32_t>)
    return as_integers(dense.data, dense.element_count());
  else
    return as_floats(dense.data, dense.dtype, dense.element_count());
}

template <typename Number>
std::span<Number> elements(const Tensor &tensor) {
  return {reinterpret_cast<Number *>(tensor.data), static_cast<size_t>(tensor.element_count())};
}

struct Product {
  Plan plan;
  Tensor result;
  int64_t pe_cycles = 0;
};

template <typename Number>
void multiply_tensors(const Device &device, Product &product, const Tensor &a, const Tensor &b) {
  const std::vector<Number> left = numbers_of<Number>(a), right = numbers_of<Number>(b);
  product.pe_cycles = device.multiply_by_tier<Number>(left, right, elements<Number>(product.result), product.plan);
}

template <typename Number>
void convolve_tensors(const Device &device, Product &product, const Tensor &images, const Tensor &filters,
                      const Convolution &sizes, const ConvolutionPlan &plan) {
  const std::vector<Number> all_images = numbers_of<Number>(images), all_filters = numbers_of<Number>(filters);
  const std::span<Number> out = elements<Number>(product.result);
  std::vector<Number> results(out.size()), part(static_cast<size_t>(plan.gemm.m * plan.gemm.n));
  for (int64_t group = 0; group < sizes.groups; ++group) {
    const std::vector<Number> left = image_matrix(all_images, sizes, plan, group);
    const std::vector<Number> right = filter_matrix(all_filters, sizes, plan, group);
    product.pe_cycles += device.multiply_by_tier<Number>(left, right, part, product.plan);
    place_result(results, part, sizes, plan, group);
  }
  std::copy(results.begin(), results.end(), out.begin());
}

}  // namespace

Device::Device(const Config &config)
    : machine_(validated(config)),
      main_("main memory", config.main_memory_size),
      scratchpad_("scratchpad", config.scratchpad_size) {}

const BankActivity &Device::activity(MemoryKind kind) const {
  return kind == MemoryKind::main ? machine_.dram_activity : machine_.scratchpad_activity;
}

void Device::write(MemoryKind kind, int64_t address, std::span<const std::byte> bytes) {
  const std::span<std::byte> target = memory(kind).range(address, static_cast<int64_t>(bytes.size()));
  if (!bytes.empty()) std::memcpy(target.data(), bytes.data(), bytes.size());
}

void Device::read(MemoryKind kind, int64_t address, std::span<std::byte> bytes) const {
  const std::span<std::byte> source = memory(kind).range(address, static_cast<int64_t>(bytes.size()));
  if (!bytes.empty()) std::memcpy(bytes.data(), source.data(), bytes.size());
}

void Device::transfer(MemoryKind to, int64_t to_address, MemoryKind from, int64_t from_address, int64_t nbytes) {
  const std::span<std::byte> source = memory(from).range(from_address, nbytes);
  const std::span<std::byte> target = memory(to).range(to_address, nbytes);
  if (to == from && std::abs(to_address - from_address) < nbytes)
    fail(Status::invalid_argument, "a transfer of ", nbytes, " bytes from address ", from_address, " to ", to_address,
         " of the same memory overlaps itself: use addresses at least that far apart");
  if (nbytes == 0) return;
  run_as_job("transfer", [&](Machine &machine, int32_t job) {
    Counters counters;
    int64_t end = machine.now;
    const auto pass = [&](SpanKind kind, int64_t address) {
      end = machine.run_transfer({kind, {address, nbytes, 1, nbytes}}, end, job, counters);
      ++counters.critical_transfers;
    };
    if (from == MemoryKind::main) pass(SpanKind::load_input, from_address);
    if (to == MemoryKind::main) pass(SpanKind::store_output, to_address);
    if (to == from && to == MemoryKind::scratchpad) end += machine.config.dma_latency;
    counters.cycles = counters.stall_cycles = end - machine.now;
    counters.worst_latency = std::max(machine.worst_latency(), machine.config.dma_latency);
    counters.count_energy(machine.config);
    machine.now = end;
    return counters;
  });
  std::memcpy(target.data(), source.data(), static_cast<size_t>(nbytes));
}

template <typename Number>
int64_t Device::multiply_by_tier(std::span<const Number> a, std::span<const Number> b, std::span<Number> c,
                                 const Plan &plan) const {
  if (config().tier == Tier::pe) return run_pe_array(a, b, c, plan);
  multiply(a, b, c, plan);
  return 0;
}
template int64_t Device::multiply_by_tier(std::span<const float>, std::span<const float>, std::span<float>,
                                          const Plan &) const;
template int64_t Device::multiply_by_tier(std::span<const int32_t>, std::span<const int32_t>, std::span<int32_t>,
                                          const Plan &) const;

void Device::run_as_job(const std::string &name, FunctionReference<Counters(Machine &, int32_t)> body) {
  const Dram dram_before = machine_.dram;
  const size_t spans_before = machine_.timeline.spans.size();
  const int64_t now_before = machine_.now;
  try {
    const Counters counters = body(machine_, static_cast<int32_t>(jobs_.size()));
    machine_.timeline.jobs.push_back(name);
    jobs_.push_back(counters);
    totals_.add(counters);
  } catch (...) {
    machine_.dram = dram_before;
    machine_.timeline.spans.resize(spans_before);
    machine_.timeline.jobs.resize(jobs_.size());
    machine_.now = now_before;
    throw;
  }
}

// The PE tier finds its operands in place: its cycles are those that the array was stepped, its traffic is the plan's.
void Device::run_plan(const std::string &name, const Plan &plan, const Config &own, int64_t pe_cycles) {
  run_as_job(name, [&](Machine &machine, int32_t job) {
    if (config().tier == Tier::event) {
      Counters counters = run_events(plan, machine, job);
      counters.count_energy(own);
      return counters;
    }
    Counters counters = closed_form(plan, own);
    counters.compute_cycles = counters.cycles = pe_cycles - (config().scalesim_compatible ? 1 : 0);
    machine.timeline.add({SpanKind::compute, job, machine.now, machine.now + counters.cycles, 0});
    machine.now += counters.cycles;
    return counters;
  });
}

Tensor Device::matmul(const Tensor &a, const Tensor &b) {
  require_operands(a, b, 2);
  if (a.shape[1] != b.shape[0])
    fail(Status::invalid_argument, "the operands' shapes are ", a.shape, " and ", b.shape,
         ": expected as many columns of the first as rows of the second");
  const Config own = with_dtype(config(), a.dtype);
  Product product{plan({a.shape[0], b.shape[1], a.shape[1], 1, 0}, own), {}, 0};
  require_runnable(product.plan, own);
  product.result = empty(result_dtype(a.dtype), {a.shape[0], b.shape[1]}, {});
  if (accumulates_integers(a.dtype))
    multiply_tensors<int32_t>(*this, product, a, b);
  else
    multiply_tensors<float>(*this, product, a, b);
  run_plan(text("matmul ", a.shape, " ", b.shape), product.plan, own, product.pe_cycles);
  return product.result;
}

Tensor Device::conv2d(const Tensor &images, const Tensor &filters, Convolution sizes) {
  require_operands(images, filters, 4);
  sizes.batch = images.shape[0], sizes.channels = images.shape[1];
  sizes.height = images.shape[2], sizes.width = images.shape[3];
  sizes.filters = filters.shape[0], sizes.filter_height = filters.shape[2], sizes.filter_width = filters.shape[3];
  const Config own = with_dtype(config(), images.dtype);
  const ConvolutionPlan convolution = plan_convolution(sizes, own);
  if (filters.shape[1] != sizes.channels / sizes.groups)
    fail(Status::invalid_argument, "filters of shape ", filters.shape, ": expected ", sizes.channels / sizes.groups,
         " channels, those of the images of shape ", images.shape, " by ", sizes.groups, " groups");
  Product product{plan(convolution.gemm, own), {}, 0};
  require_runnable(product.plan, own);
  product.result = empty(result_dtype(images.dtype),
                         {sizes.batch, sizes.filters, convolution.output_height, convolution.output_width}, {});
  if (accumulates_integers(images.dtype))
    convolve_tensors<int32_t>(*this, product, images, filters, sizes, convolution);
  else
    convolve_tensors<float>(*this, product, images, filters, sizes, convolution);
  run_plan(text("conv2d ", images.shape, " ", filters.shape), product.plan, own, product.pe_cycles);
  return product.result;
}

void Device::simulate(const Layer &layer, int64_t batch) {
  const Plan made = plan(gemm_of(layer, batch, config()), config());
  require_runnable(made, config());
  run_as_job(layer.name, [&](Machine &machine, int32_t job) { return run_events(made, machine, job); });
}

void Device::reset() {
  Machine anew(machine_.config);
  machine_ = std::move(anew);
  totals_ = {};
  jobs_.clear();
}

}  // namespace penstock::core::kpu
