# How everything is compiled: the language, the warnings, the numeric promises, the sanitizers.
include(GNUInstallDirs)

set(CMAKE_C_STANDARD 99)
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

# Contraction off: a result must not depend on whether the compiler found a fused multiply-add.
add_compile_options("$<$<COMPILE_LANGUAGE:C,CXX>:-Wall;-Wextra;-Wpedantic;-ffp-contract=off>")
# Vectors wider than the target's are passed in another way than those it has; lanes.h is inlined, and passes none.
add_compile_options($<$<COMPILE_LANGUAGE:C,CXX>:-Wno-psabi>)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  add_compile_options($<$<COMPILE_LANGUAGE:C,CXX>:-Wno-restrict>)  # GCC's bug 105651: it warns of plain uses of std::string
endif()
if(PENSTOCK_WARNINGS_AS_ERRORS)
  add_compile_options($<$<COMPILE_LANGUAGE:C,CXX>:-Werror>)
endif()

if(PENSTOCK_SANITIZE STREQUAL "address")
  set(penstock_sanitize -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_compile_definitions(PENSTOCK_ADDRESS_SANITIZER)  # GCC and Clang each have a way of their own to say it
  if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
    list(APPEND penstock_sanitize -fno-sanitize=vptr,function)  # they need C++'s runtime, also where a C program loads us
  endif()
elseif(PENSTOCK_SANITIZE STREQUAL "thread")
  set(penstock_sanitize -fsanitize=thread)
elseif(PENSTOCK_SANITIZE)
  message(FATAL_ERROR "PENSTOCK_SANITIZE=${PENSTOCK_SANITIZE}: expected address, thread or nothing")
endif()
if(penstock_sanitize)
  add_compile_options(${penstock_sanitize} -O1 -g1)  # more takes the compiler long, and is looked at by nobody
  add_link_options(${penstock_sanitize})
endif()
