// What this processor has beyond the least that its architecture promises.
#pragma once

namespace penstock::core {

#if defined(__x86_64__)
inline bool processor_has_32_byte_vectors() { return __builtin_cpu_supports("avx2") != 0; }
inline bool processor_has_64_byte_vectors() {
  return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
         __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0;
}
inline bool processor_has_fused_multiply_add() { return __builtin_cpu_supports("fma") != 0; }
inline bool processor_has_bfloat16_products() {
  return processor_has_64_byte_vectors() && __builtin_cpu_supports("avx512bf16") != 0;
}
#else
inline bool processor_has_32_byte_vectors() { return false; }
inline bool processor_has_64_byte_vectors() { return false; }
inline bool processor_has_fused_multiply_add() { return false; }
inline bool processor_has_bfloat16_products() { return false; }
#endif

}  // namespace penstock::core
