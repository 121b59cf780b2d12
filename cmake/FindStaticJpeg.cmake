# libjpeg-turbo as a static library: libcore_jpeg.so links it in and hides it, so that its users need not install it, and
# none meets the libjpeg of another library in the process.
find_path(StaticJpeg_INCLUDE_DIR jpeglib.h)
find_library(StaticJpeg_LIBRARY NAMES libjpeg.a)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(StaticJpeg
  REQUIRED_VARS StaticJpeg_LIBRARY StaticJpeg_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "Debian and Ubuntu: apt-get install libjpeg62-turbo-dev (libjpeg-turbo8-dev)")

if(StaticJpeg_FOUND AND NOT TARGET StaticJpeg::StaticJpeg)
  add_library(StaticJpeg::StaticJpeg STATIC IMPORTED)
  set_target_properties(StaticJpeg::StaticJpeg PROPERTIES
    IMPORTED_LOCATION ${StaticJpeg_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${StaticJpeg_INCLUDE_DIR})
endif()
