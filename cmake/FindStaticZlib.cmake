# zlib as a static library: libcore.so links it in and hides it, so that its users need not install it.
find_path(StaticZlib_INCLUDE_DIR zlib.h)
find_library(StaticZlib_LIBRARY NAMES libz.a)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(StaticZlib
  REQUIRED_VARS StaticZlib_LIBRARY StaticZlib_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "Debian and Ubuntu: apt-get install zlib1g-dev")

if(StaticZlib_FOUND AND NOT TARGET StaticZlib::StaticZlib)
  add_library(StaticZlib::StaticZlib STATIC IMPORTED)
  set_target_properties(StaticZlib::StaticZlib PROPERTIES
    IMPORTED_LOCATION ${StaticZlib_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${StaticZlib_INCLUDE_DIR})
endif()
