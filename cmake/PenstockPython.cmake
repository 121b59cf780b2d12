# The Python package: two extension modules for every Python from 3.11 on (the limited API), and libcore beside them.
# Beside these, a target that has pip build and install the package: cmake --build BUILD --target python_package
find_package(Python3 3.11 COMPONENTS Interpreter)

# pip fetches what the build needs (pyproject.toml), unless Python3_EXECUTABLE has it all: then no network is needed.
if(Python3_FOUND AND PROJECT_IS_TOP_LEVEL AND NOT SKBUILD)
  execute_process(
    COMMAND ${Python3_EXECUTABLE} -c
      "from importlib.util import find_spec; assert all(map(find_spec, ('scikit_build_core', 'cffi', 'tvm_ffi')))"
    RESULT_VARIABLE something_is_missing ERROR_QUIET)
  if(something_is_missing)
    set(isolation "")
  else()
    set(isolation --no-build-isolation)
  endif()
  add_custom_target(python_package
    COMMAND ${Python3_EXECUTABLE} -m pip install --disable-pip-version-check ${isolation} ${PROJECT_SOURCE_DIR}
    COMMENT "Building and installing the Python package" VERBATIM USES_TERMINAL)
endif()
if(NOT PENSTOCK_PYTHON)
  return()
endif()

find_package(Python3 3.11 REQUIRED COMPONENTS Interpreter Development.Module)

function(add_python_module name)
  add_library(${name} MODULE ${ARGN})
  target_compile_definitions(${name} PRIVATE Py_LIMITED_API=0x030B0000)
  target_include_directories(${name} SYSTEM PRIVATE ${Python3_INCLUDE_DIRS})
  target_link_libraries(${name} PRIVATE penstock_core)
  set_target_properties(${name} PROPERTIES PREFIX "" SUFFIX ".abi3.so" INSTALL_RPATH "$ORIGIN"
                        BUILD_WITH_INSTALL_RPATH ON)
endfunction()

# Everything but the exchange is cffi, its declarations taken from the public headers.
file(GLOB public_headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/capi/include/penstock/*.h)
set(cffi_source ${PROJECT_BINARY_DIR}/python/_cffi.c)
add_custom_command(
  OUTPUT ${cffi_source}
  COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/python/generate_cffi.py ${PROJECT_SOURCE_DIR}/capi/include
          ${cffi_source}
  DEPENDS ${PROJECT_SOURCE_DIR}/python/generate_cffi.py ${public_headers}
  COMMENT "Generating the cffi module from the headers")
add_python_module(_cffi ${cffi_source})
set_source_files_properties(${cffi_source} PROPERTIES COMPILE_OPTIONS -w)  # generated: its warnings are not ours

file(GLOB dlpack_ext_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/dlpack_ext/*.cc)
add_python_module(_dlpack ${dlpack_ext_sources})
target_include_directories(_dlpack PRIVATE ${PROJECT_SOURCE_DIR})
target_link_libraries(_dlpack PRIVATE DLPack::DLPack)

# In a wheel: the modules, libcore as one file under its soname, the plug-ins beside it, and the headers.
if(SKBUILD)
  install(TARGETS _cffi _dlpack LIBRARY DESTINATION penstock COMPONENT python)
  install(FILES $<TARGET_FILE:penstock_core> DESTINATION penstock COMPONENT python
          RENAME $<TARGET_SONAME_FILE_NAME:penstock_core>)
  if(penstock_builds_cuda)
    install(TARGETS penstock_cuda LIBRARY DESTINATION penstock COMPONENT python)
  endif()
  if(penstock_builds_jpeg)
    install(TARGETS penstock_jpeg LIBRARY DESTINATION penstock COMPONENT python)
  endif()
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/capi/include/penstock DESTINATION penstock/include COMPONENT python)
endif()
