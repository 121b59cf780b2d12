// Functions that are written once and compiled for both sides: by the host's compiler for the CPU, and by nvcc for the GPU
// as well.  What is marked PS_HD must give the same bits on both; element.h shows what that takes.
#pragma once

#ifdef __CUDACC__
#define PS_HD __host__ __device__
#else
#define PS_HD
#endif
