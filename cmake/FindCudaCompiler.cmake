# nvcc, for the plug-in that serves GPUs: looked for where -DCMAKE_CUDA_COMPILER or CUDACXX says, on PATH, where NVIDIA's
# installers put it, and in a wheel of Python3_EXECUTABLE's (pip install nvidia-cuda-nvcc, which brings all that nvcc needs).
# Sets PENSTOCK_NVCC, empty where there is none.
if(CMAKE_CUDA_COMPILER)
  set(PENSTOCK_NVCC ${CMAKE_CUDA_COMPILER})
  return()
endif()
if(DEFINED ENV{CUDACXX})
  set(PENSTOCK_NVCC $ENV{CUDACXX})
  return()
endif()
find_package(Python3 COMPONENTS Interpreter QUIET)
if(Python3_FOUND)
  execute_process(
    COMMAND ${Python3_EXECUTABLE} -c
      "import glob, importlib.util as u; s = u.find_spec('nvidia'); print(*(f for p in (s.submodule_search_locations if s else ()) for f in glob.glob(p + '/cu*/bin')), sep=';')"
    OUTPUT_VARIABLE wheel_folders OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
find_program(PENSTOCK_NVCC nvcc PATHS /usr/local/cuda/bin ${wheel_folders})
if(NOT PENSTOCK_NVCC)
  set(PENSTOCK_NVCC "")
endif()
