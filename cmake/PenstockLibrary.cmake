# The engine (a static library, which the C++ tests link) and libcore.so, which shows nothing of it but ps_*.
file(GLOB core_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/core/base/*.cc ${PROJECT_SOURCE_DIR}/core/tensor/*.cc
     ${PROJECT_SOURCE_DIR}/core/ops/*.cc ${PROJECT_SOURCE_DIR}/core/ops/kernels/*.cc
     ${PROJECT_SOURCE_DIR}/core/io/*.cc ${PROJECT_SOURCE_DIR}/core/kpu/*.cc ${PROJECT_SOURCE_DIR}/core/loader/*.cc
     ${PROJECT_SOURCE_DIR}/core/loader/samples/*.cc ${PROJECT_SOURCE_DIR}/core/image/*.cc
     ${PROJECT_SOURCE_DIR}/core/autograd/*.cc ${PROJECT_SOURCE_DIR}/core/linalg/*.cc
     ${PROJECT_SOURCE_DIR}/core/linalg/kernels/*.cc
     ${PROJECT_SOURCE_DIR}/core/nn/*.cc ${PROJECT_SOURCE_DIR}/core/nn/kernels/*.cc
     ${PROJECT_SOURCE_DIR}/core/nn/layers/*.cc
     ${PROJECT_SOURCE_DIR}/core/worlds/*.cc)
file(GLOB_RECURSE game_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/core/worlds/games/*.cc)
# The replay page, as text in the library: page.html, page.css and page.js beside their template.
set(page_folder ${PROJECT_SOURCE_DIR}/core/worlds/page)
foreach(part IN ITEMS HTML CSS JS)
  string(TOLOWER ${part} ending)
  file(READ ${page_folder}/page.${ending} PENSTOCK_PAGE_${part})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${page_folder}/page.${ending})
endforeach()
configure_file(${page_folder}/page.cc.in ${PROJECT_BINARY_DIR}/page.cc @ONLY)
add_library(penstock_engine STATIC ${core_sources} ${game_sources} ${PROJECT_BINARY_DIR}/page.cc)
# Chosen at run time by what the processor has; everything in them is inlined, so that nothing of it is called elsewhere.
# Each of these has files for vectors of 16, 32 and, some of them, 64 bytes.
file(GLOB vector_kernels_32 CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/core/worlds/games/classic_control/kernels_32.cc
     ${PROJECT_SOURCE_DIR}/core/ops/kernels/*_32.cc ${PROJECT_SOURCE_DIR}/core/image/*_kernels_32.cc
     ${PROJECT_SOURCE_DIR}/core/nn/kernels/*_32.cc)
file(GLOB vector_kernels_64 CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/core/worlds/games/classic_control/kernels_64.cc
     ${PROJECT_SOURCE_DIR}/core/ops/kernels/*_64.cc ${PROJECT_SOURCE_DIR}/core/nn/kernels/*_64.cc)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  set_source_files_properties(${vector_kernels_32} PROPERTIES COMPILE_OPTIONS "-mavx2")
  set_source_files_properties(${vector_kernels_64} PROPERTIES
    COMPILE_OPTIONS "-mavx512f;-mavx512bw;-mavx512dq;-mavx512vl;-mprefer-vector-width=512")
endif()
# Nobody looks at the processor's floating-point flags or at errno: without them a choice between two results needs no
# branch, nor does a root.  No value changes.
file(GLOB vector_kernels CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/core/ops/kernels/*_16.cc
     ${PROJECT_SOURCE_DIR}/core/ops/kernels/*_32.cc ${PROJECT_SOURCE_DIR}/core/ops/kernels/*_64.cc
     ${PROJECT_SOURCE_DIR}/core/nn/kernels/*_16.cc ${PROJECT_SOURCE_DIR}/core/nn/kernels/*_32.cc
     ${PROJECT_SOURCE_DIR}/core/nn/kernels/*_64.cc)
set_property(SOURCE ${vector_kernels} APPEND PROPERTY COMPILE_OPTIONS -fno-trapping-math -fno-math-errno)
# Matrix products and convolutions, which alone fuse products with sums (core/base/multiply_add.h).
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  set(fused_kernels_32_options -mavx2 -mfma)
  set(fused_kernels_64_options -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma -mprefer-vector-width=512)
  set(fused_kernels_bfloat16_options ${fused_kernels_64_options} -mavx512bf16)
endif()
foreach(kernels IN ITEMS core/linalg/kernels/block_kernels core/nn/kernels/window_tiles)
  foreach(kind IN ITEMS 32 64 bfloat16)
    set_source_files_properties(${PROJECT_SOURCE_DIR}/${kernels}_${kind}.cc PROPERTIES
      COMPILE_OPTIONS "${fused_kernels_${kind}_options}")
  endforeach()
endforeach()
# Loops are marked as free to be made vectors; Clang would warn of those of which it can make none.
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  file(GLOB elementwise_kernels CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/core/ops/*.cc
       ${PROJECT_SOURCE_DIR}/core/ops/kernels/*.cc ${PROJECT_SOURCE_DIR}/core/linalg/kernels/*.cc
       ${PROJECT_SOURCE_DIR}/core/nn/kernels/*.cc)
  set_property(SOURCE ${elementwise_kernels} APPEND PROPERTY COMPILE_OPTIONS -Wno-pass-failed)
endif()
target_include_directories(penstock_engine PUBLIC ${PROJECT_SOURCE_DIR})
target_compile_definitions(penstock_engine PRIVATE PENSTOCK_VERSION="${PROJECT_VERSION}")
target_link_libraries(penstock_engine PRIVATE LibDeflate::LibDeflate NlohmannJson::NlohmannJson XxHash::XxHash StaticZlib::StaticZlib Zstd::Zstd
                      PUBLIC DLPack::DLPack Threads::Threads ${CMAKE_DL_LIBS})

file(GLOB capi_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/capi/src/*.cc)
set(version_script ${PROJECT_SOURCE_DIR}/capi/libcore.map)
add_library(penstock_core SHARED ${capi_sources})
add_library(penstock::core ALIAS penstock_core)
set_target_properties(penstock_core PROPERTIES
  OUTPUT_NAME core EXPORT_NAME core VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
  LINK_DEPENDS ${version_script})
target_include_directories(penstock_core PUBLIC
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/capi/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(penstock_core PRIVATE penstock_engine)
# nodelete: the thread pool and thread-local errors outlive any dlclose.
target_link_options(penstock_core PRIVATE -Wl,--version-script=${version_script} -Wl,--exclude-libs,ALL
                    -Wl,-z,nodelete -Wl,-Bsymbolic-functions)
if(NOT PENSTOCK_SANITIZE)
  target_link_options(penstock_core PRIVATE -Wl,-z,defs)
endif()
