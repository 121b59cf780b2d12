#include "core/kpu/program.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>
#include <optional>

#include "core/base/checked.h"
#include "core/base/error.h"
#include "core/kpu/values.h"

namespace penstock::core::kpu {
namespace {

enum class Operation { load, store, matmul, conv, activation, barrier };
enum class Engine : size_t { dma, array, vector };

constexpr std::string_view operations[] = {"load", "store", "matmul", "conv", "activation", "barrier"};
constexpr std::string_view spaces = " \t\r";

// Bytes that an instruction reads or writes.
struct Touched {
  MemoryKind memory;
  int64_t begin, nbytes;
  bool is_written;
};

bool collide(const Touched &first, const Touched &second) {
  return first.memory == second.memory && (first.is_written || second.is_written) &&
         first.begin < second.begin + second.nbytes && second.begin < first.begin + first.nbytes;
}

struct Instruction {
  Operation operation = Operation::barrier;
  DType dtype = DType::float32;
  bool is_weight = false, is_relu6 = false;
  Gemm gemm;
  Convolution convolution;
  std::optional<ConvolutionPlan> convolution_plan;
  std::optional<Plan> plan;
  std::vector<Touched> touched;  // load, store: destination, source; products: result, left, right; activation: one
};

// The values of one line, each to be asked for once.
class Values {
 public:
  Values(std::string_view line, int64_t number) : number_(number) {
    while (true) {
      const size_t begin = line.find_first_not_of(spaces);
      if (begin == std::string_view::npos) break;
      line.remove_prefix(begin);
      const std::string_view pair = line.substr(0, line.find_first_of(spaces));
      line.remove_prefix(pair.size());
      const size_t equals = pair.find('=');
      if (equals == std::string_view::npos) refuse("\"", pair, "\": expected name=value");
      if (!values_.emplace(pair.substr(0, equals), pair.substr(equals + 1)).second)
        refuse("\"", pair.substr(0, equals), "\" stands there twice");
    }
  }

  template <typename... Parts>
  [[noreturn]] void refuse(const Parts &...parts) const {
    fail(Status::data_error, "program, line ", number_, ": ", parts...);
  }

  std::string_view word(std::string_view name, std::string_view otherwise) {
    const auto found = values_.find(name);
    if (found == values_.end()) return otherwise;
    const std::string_view value = found->second;
    values_.erase(found);
    return value;
  }

  int64_t integer(std::string_view name, std::optional<int64_t> otherwise = std::nullopt) {
    const std::string_view value = word(name, "");
    if (value.empty()) {
      if (!otherwise) refuse("\"", name, "=\" is missing");
      return *otherwise;
    }
    const bool is_hexadecimal = value.starts_with("0x");
    const std::string_view digits = value.substr(is_hexadecimal ? 2 : 0);
    int64_t result = 0;
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), result, is_hexadecimal ? 16 : 10);
    if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size() || result < 0 || result > largest_size)
      refuse(name, " is \"", value, "\": expected an integer from 0 to ", largest_size);
    return result;
  }

  void require_empty(std::string_view operation) const {
    if (!values_.empty()) refuse(operation, " has no value \"", values_.begin()->first, "\"");
  }

 private:
  int64_t number_;
  std::map<std::string_view, std::string_view> values_;
};

DType read_dtype(Values &values, bool of_results) {
  const std::string_view name = values.word("dtype", "float32");
  const std::optional<DType> dtype = find_dtype(name);
  if (!dtype) values.refuse("dtype is \"", name, "\", which there is not");
  if (of_results && *dtype != DType::float32 && *dtype != DType::int32)
    values.refuse("dtype is \"", name, "\": expected float32 or int32, as results are");
  if (!of_results) require_operand_dtype(*dtype);
  return *dtype;
}

void read_copy(Instruction &instruction, Values &values) {
  const bool loads = instruction.operation == Operation::load;
  const int64_t to = values.integer("to"), from = values.integer("from"), bytes = values.integer("bytes");
  const MemoryKind target = loads ? MemoryKind::scratchpad : MemoryKind::main;
  const MemoryKind source = loads ? MemoryKind::main : MemoryKind::scratchpad;
  instruction.touched = {{target, to, bytes, true}, {source, from, bytes, false}};
  if (!loads) return;
  const std::string_view operand = values.word("operand", "input");
  if (operand != "input" && operand != "weight")
    values.refuse("operand is \"", operand, "\": expected input or weight");
  instruction.is_weight = operand == "weight";
}

// A product of sizes that a memory is then asked for: what is beyond every memory stays so, without an overflow.
int64_t elements_of(std::initializer_list<int64_t> sizes) {
  constexpr int64_t beyond = int64_t{1} << 58;
  int64_t product = 1;
  for (const int64_t size : sizes) product = std::min(beyond, checked_multiply(product, size).value_or(beyond));
  return product;
}

void touch_product(Instruction &instruction, int64_t result, int64_t left, int64_t right, int64_t left_elements,
                   int64_t right_elements, int64_t results) {
  const int64_t element = dtype_size(instruction.dtype);
  instruction.touched = {{MemoryKind::scratchpad, result, results * accumulator_size, true},
                         {MemoryKind::scratchpad, left, left_elements * element, false},
                         {MemoryKind::scratchpad, right, right_elements * element, false}};
}

void read_matmul(Instruction &instruction, Values &values) {
  instruction.dtype = read_dtype(values, false);
  const int64_t a = values.integer("a"), b = values.integer("b"), c = values.integer("c");
  Gemm &gemm = instruction.gemm;
  gemm = {values.integer("m"), values.integer("n"), values.integer("k"), 1, 0};
  touch_product(instruction, c, a, b, elements_of({gemm.m, gemm.k}), elements_of({gemm.k, gemm.n}),
                elements_of({gemm.m, gemm.n}));
}

void read_conv(Instruction &instruction, Values &values, const Config &config) {
  instruction.dtype = read_dtype(values, false);
  const int64_t input = values.integer("input"), weight = values.integer("weight"), output = values.integer("output");
  Convolution &sizes = instruction.convolution;
  sizes = {values.integer("batch", 1),     values.integer("channels"),  values.integer("height"),
           values.integer("width"),        values.integer("filters"),   values.integer("filter_height"),
           values.integer("filter_width"), values.integer("stride", 1), values.integer("padding", 0),
           values.integer("groups", 1)};
  instruction.convolution_plan = plan_convolution(sizes, config);
  instruction.gemm = instruction.convolution_plan->gemm;
  touch_product(instruction, output, input, weight,
                elements_of({sizes.batch, sizes.channels, sizes.height, sizes.width}),
                elements_of({sizes.filters, instruction.gemm.k}), elements_of({instruction.gemm.m, sizes.filters}));
}

void read_activation(Instruction &instruction, Values &values) {
  instruction.dtype = read_dtype(values, true);
  const std::string_view function = values.word("function", "");
  if (function != "relu" && function != "relu6")
    values.refuse("function is \"", function, "\": expected relu or relu6");
  instruction.is_relu6 = function == "relu6";
  const int64_t at = values.integer("at"), count = values.integer("count");
  instruction.touched = {{MemoryKind::scratchpad, at, count * 4, true}};
}

void require_touchable(const Instruction &instruction, const Device &device) {
  for (const Touched &touched : instruction.touched) device.memory(touched.memory).range(touched.begin, touched.nbytes);
  for (size_t index = 1; index < instruction.touched.size(); ++index)
    if (collide(instruction.touched[0], instruction.touched[index]))
      fail(Status::invalid_argument, "the result at address ", instruction.touched[0].begin, " with ",
           instruction.touched[0].nbytes, " bytes overlaps an operand at ", instruction.touched[index].begin, " with ",
           instruction.touched[index].nbytes);
}

Instruction parse_instruction(std::string_view line, int64_t number, const Device &device) {
  const std::string_view name = line.substr(0, line.find_first_of(spaces));
  Values values(line.substr(name.size()), number);
  const auto found = std::find(std::begin(operations), std::end(operations), name);
  if (found == std::end(operations))
    values.refuse("\"", name, "\" is no instruction: expected load, store, matmul, conv, activation or barrier");
  Instruction instruction;
  instruction.operation = static_cast<Operation>(found - std::begin(operations));
  try {
    Config config = device.config();
    switch (instruction.operation) {
      case Operation::load:
      case Operation::store: read_copy(instruction, values); break;
      case Operation::matmul: read_matmul(instruction, values); break;
      case Operation::conv: read_conv(instruction, values, config); break;
      case Operation::activation: read_activation(instruction, values); break;
      case Operation::barrier: break;
    }
    values.require_empty(name);
    require_touchable(instruction, device);
    config.dtype = instruction.dtype;
    if (instruction.operation == Operation::matmul || instruction.operation == Operation::conv)
      instruction.plan = plan(instruction.gemm, config);
  } catch (const Error &error) {
    if (error.sentence().starts_with("program, line ")) throw;
    fail(error.status(), "program, line ", number, ": ", error.sentence());
  }
  return instruction;
}

std::vector<Instruction> parse(std::string_view content, const Device &device) {
  std::vector<Instruction> instructions;
  for (int64_t number = 1; !content.empty(); ++number) {
    const size_t end = content.find('\n');
    std::string_view line = content.substr(0, end);
    content.remove_prefix(end == std::string_view::npos ? content.size() : end + 1);
    line = line.substr(0, line.find('#'));
    const size_t begin = line.find_first_not_of(spaces);
    if (begin != std::string_view::npos) instructions.push_back(parse_instruction(line.substr(begin), number, device));
  }
  return instructions;
}

// Runs instructions that are known to be right.
class ProgramRun {
 public:
  ProgramRun(const Device &device, Machine &machine, int32_t job)
      : device_(device), machine_(machine), job_(job), begin_(machine_.now), free_{begin_, begin_, begin_} {}

  void run(const Instruction &instruction) {
    switch (instruction.operation) {
      case Operation::load:
      case Operation::store: copy(instruction); break;
      case Operation::matmul:
      case Operation::conv: compute(instruction); break;
      case Operation::activation: activate(instruction); break;
      case Operation::barrier: std::fill(std::begin(free_), std::end(free_), latest()); break;
    }
  }

  Counters finish() {
    counters_.cycles = latest() - begin_;
    counters_.stall_cycles = counters_.cycles - counters_.compute_cycles - counters_.bank_conflict_cycles;
    counters_.worst_latency = machine_.worst_latency();
    counters_.critical_transfers = counters_.transfers;
    const auto energy = counters_.energy;
    counters_.count_energy(device_.config());
    counters_.energy[static_cast<size_t>(EnergyPart::mac)] = energy[static_cast<size_t>(EnergyPart::mac)];
    machine_.now = latest();
    return counters_;
  }

 private:
  struct Running {
    Touched touched;
    int64_t end;
  };

  int64_t latest() const { return std::max({free_[0], free_[1], free_[2]}); }

  int64_t start_of(const Instruction &instruction, Engine engine) const {
    int64_t start = free_[static_cast<size_t>(engine)];
    for (const Running &running : running_)
      for (const Touched &touched : instruction.touched)
        if (collide(running.touched, touched)) start = std::max(start, running.end);
    return start;
  }

  void end_at(const Instruction &instruction, Engine engine, int64_t end) {
    free_[static_cast<size_t>(engine)] = end;
    const int64_t idle_since = std::min({free_[0], free_[1], free_[2]});
    std::erase_if(running_, [&](const Running &running) { return running.end <= idle_since; });
    for (const Touched &touched : instruction.touched) running_.push_back({touched, end});
  }

  std::span<std::byte> bytes(const Touched &touched) const {
    return device_.memory(touched.memory).range(touched.begin, touched.nbytes);
  }

  void copy(const Instruction &instruction) {
    const Touched &target = instruction.touched[0], &source = instruction.touched[1];
    const bool loads = instruction.operation == Operation::load;
    if (target.nbytes > 0) std::memcpy(bytes(target).data(), bytes(source).data(), bytes(source).size());
    const SpanKind kind = !loads                  ? SpanKind::store_output
                          : instruction.is_weight ? SpanKind::load_weight
                                                  : SpanKind::load_input;
    const int64_t address = loads ? source.begin : target.begin;
    const int64_t start = start_of(instruction, Engine::dma);
    const Transfer transfer{kind, {address, target.nbytes, 1, target.nbytes}};
    end_at(instruction, Engine::dma, machine_.run_transfer(transfer, start, job_, counters_));
  }

  void compute(const Instruction &instruction) {
    int64_t pe_cycles =
        accumulates_integers(instruction.dtype) ? multiply<int32_t>(instruction) : multiply<float>(instruction);
    const Plan &plan = *instruction.plan;
    const bool is_pe = device_.config().tier == Tier::pe;
    if (device_.config().scalesim_compatible) --pe_cycles;
    const int64_t cycles = is_pe ? pe_cycles : plan.compute_cycles;
    const int64_t conflicts = is_pe ? 0 : conflict_cycles(plan);
    count(instruction, cycles, conflicts);
    const int64_t start = start_of(instruction, Engine::array), end = start + cycles + conflicts;
    machine_.timeline.add({SpanKind::compute, job_, start, end, 0});
    end_at(instruction, Engine::array, end);
  }

  int64_t conflict_cycles(const Plan &plan) const {
    BankConflicts conflicts(device_.config(), plan);
    int64_t cycles = 0;
    for (ChunkWalk walk(plan); !walk.at_end();) cycles += conflicts.cycles(walk.next());
    return cycles;
  }

  void count(const Instruction &instruction, int64_t cycles, int64_t conflicts) {
    Config config = device_.config();
    config.dtype = instruction.dtype;
    Counters counters = closed_form(*instruction.plan, config);
    counters.cycles = 0;
    counters.compute_cycles = cycles;
    counters.bank_conflict_cycles = conflicts;
    counters.dram_read_input = counters.dram_read_weight = counters.dram_written_output = 0;
    counters.scratchpad_written_input = counters.scratchpad_written_weight = 0;
    counters.accumulator_read -= instruction.touched[0].nbytes;  // counted when they are stored
    counters_.add(counters);
  }

  template <typename Number>
  std::vector<Number> numbers(const Instruction &instruction, size_t operand) const {
    const std::span<std::byte> all = bytes(instruction.touched[operand]);
    const int64_t count = static_cast<int64_t>(all.size()) / dtype_size(instruction.dtype);
    if constexpr (std::is_same_v<Number, int32_t>)
      return as_integers(all.data(), count);
    else
      return as_floats(all.data(), instruction.dtype, count);
  }

  template <typename Number>
  int64_t multiply(const Instruction &instruction) {
    const std::vector<Number> left = numbers<Number>(instruction, 1), right = numbers<Number>(instruction, 2);
    const std::span<std::byte> out = bytes(instruction.touched[0]);
    std::vector<Number> results(out.size() / sizeof(Number));
    int64_t cycles = 0;
    if (!instruction.convolution_plan) {
      cycles = device_.multiply_by_tier<Number>(left, right, results, *instruction.plan);
    } else {
      const Convolution &sizes = instruction.convolution;
      const ConvolutionPlan &plan = *instruction.convolution_plan;
      std::vector<Number> part(static_cast<size_t>(plan.gemm.m * plan.gemm.n));
      for (int64_t group = 0; group < sizes.groups; ++group) {
        const std::vector<Number> images = image_matrix(left, sizes, plan, group);
        const std::vector<Number> filters = filter_matrix(right, sizes, plan, group);
        cycles += device_.multiply_by_tier<Number>(images, filters, part, *instruction.plan);
        place_result(results, part, sizes, plan, group);
      }
    }
    std::memcpy(out.data(), results.data(), out.size());
    return cycles;
  }

  void activate(const Instruction &instruction) {
    const std::span<std::byte> all = bytes(instruction.touched[0]);
    if (instruction.dtype == DType::int32)
      clamp<int32_t>(all, instruction.is_relu6);
    else
      clamp<float>(all, instruction.is_relu6);
    const auto count = static_cast<int64_t>(all.size() / 4);
    const int64_t cycles = (count + device_.config().vector_width - 1) / device_.config().vector_width;
    counters_.vector_operations += count;
    counters_.vector_cycles += cycles;
    const int64_t start = start_of(instruction, Engine::vector);
    machine_.timeline.add({SpanKind::vector, job_, start, start + cycles, static_cast<int64_t>(all.size())});
    end_at(instruction, Engine::vector, start + cycles);
  }

  template <typename Number>
  static void clamp(std::span<std::byte> all, bool is_relu6) {
    for (size_t offset = 0; offset < all.size(); offset += sizeof(Number)) {
      Number value;
      std::memcpy(&value, all.data() + offset, sizeof(Number));
      if (value < Number{0}) value = 0;  // a NaN stays
      if (is_relu6 && value > Number{6}) value = 6;
      std::memcpy(all.data() + offset, &value, sizeof(Number));
    }
  }

  const Device &device_;
  Machine &machine_;
  int32_t job_;
  int64_t begin_;
  int64_t free_[3];
  Counters counters_;
  std::vector<Running> running_;
};

}  // namespace

void run_program(Device &device, std::string_view content) {
  const std::vector<Instruction> instructions = parse(content, device);
  if (instructions.empty())
    fail(Status::data_error,
         "the program has no instructions: expected load, store, matmul, conv, activation or barrier");
  device.run_as_job("program", [&](Machine &machine, int32_t job) {
    ProgramRun run(device, machine, job);
    for (const Instruction &instruction : instructions) run.run(instruction);
    return run.finish();
  });
}

}  // namespace penstock::core::kpu
