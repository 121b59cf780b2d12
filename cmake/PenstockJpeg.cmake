# libcore_jpeg.so: what decodes JPEG images, beside libcore.so and opened by it at first use.  Built where libjpeg-turbo is found.
set(PENSTOCK_JPEG AUTO CACHE STRING "Build the plug-in for JPEG images: AUTO (where libjpeg-turbo is found), ON or OFF")
set_property(CACHE PENSTOCK_JPEG PROPERTY STRINGS AUTO ON OFF)

# A program that has the engine linked in looks for plug-ins beside itself.
function(penstock_use_jpeg program)
  if(TARGET penstock_jpeg)
    add_custom_command(TARGET ${program} POST_BUILD COMMAND ${CMAKE_COMMAND} -E create_symlink
                       $<TARGET_FILE:penstock_jpeg> $<TARGET_FILE_DIR:${program}>/$<TARGET_FILE_NAME:penstock_jpeg>)
    add_dependencies(${program} penstock_jpeg)
  endif()
endfunction()

set(penstock_builds_jpeg FALSE)
if(NOT PENSTOCK_JPEG)
  return()
elseif(PENSTOCK_JPEG STREQUAL "AUTO")
  find_package(StaticJpeg QUIET)
  if(NOT StaticJpeg_FOUND)
    message(STATUS "libcore_jpeg.so is not built: there is no libjpeg-turbo (Debian and Ubuntu: apt-get install libjpeg62-turbo-dev)")
    return()
  endif()
else()
  find_package(StaticJpeg REQUIRED)
endif()

file(GLOB jpeg_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/core/plugins/jpeg/*.cc)
add_library(penstock_jpeg MODULE ${jpeg_sources})
set_target_properties(penstock_jpeg PROPERTIES PREFIX lib OUTPUT_NAME core_jpeg SUFFIX .so)
target_include_directories(penstock_jpeg PRIVATE ${PROJECT_SOURCE_DIR})
target_compile_definitions(penstock_jpeg PRIVATE PENSTOCK_VERSION="${PROJECT_VERSION}")
target_link_libraries(penstock_jpeg PRIVATE StaticJpeg::StaticJpeg)
target_link_options(penstock_jpeg PRIVATE -Wl,--version-script=${PROJECT_SOURCE_DIR}/core/plugins/plugin.map
                    -Wl,--exclude-libs,ALL -Wl,--defsym=stderr=penstock_jpeg_standard_error)
if(NOT PENSTOCK_SANITIZE)
  target_link_options(penstock_jpeg PRIVATE -Wl,-z,defs)
endif()
set_property(TARGET penstock_jpeg APPEND PROPERTY LINK_DEPENDS ${PROJECT_SOURCE_DIR}/core/plugins/plugin.map)
set(penstock_builds_jpeg TRUE)
# libcore.so needs it at run time alone: who builds the one is to have the other.
add_dependencies(penstock_core penstock_jpeg)
