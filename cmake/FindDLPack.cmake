# DLPack's header, which the apache-tvm-ffi wheel carries: looked for where -DDLPACK_INCLUDE_DIR says, then in that wheel.
find_package(Python3 COMPONENTS Interpreter)
if(Python3_FOUND)
  execute_process(
    COMMAND ${Python3_EXECUTABLE} -c
      "import importlib.util as u; s = u.find_spec('tvm_ffi'); print(s.submodule_search_locations[0] if s else '')"
    OUTPUT_VARIABLE tvm_ffi_folder OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
find_path(DLPACK_INCLUDE_DIR dlpack/dlpack.h HINTS ${tvm_ffi_folder}/include)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(DLPack
  REQUIRED_VARS DLPACK_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "pip install apache-tvm-ffi, or give -DDLPACK_INCLUDE_DIR=<folder with dlpack/dlpack.h>")

if(DLPack_FOUND AND NOT TARGET DLPack::DLPack)
  add_library(DLPack::DLPack INTERFACE IMPORTED)
  set_target_properties(DLPack::DLPack PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${DLPACK_INCLUDE_DIR})
endif()
