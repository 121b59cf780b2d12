# JSON for Modern C++: headers alone.
find_path(NlohmannJson_INCLUDE_DIR nlohmann/json.hpp)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(NlohmannJson
  REQUIRED_VARS NlohmannJson_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "Debian and Ubuntu: apt-get install nlohmann-json3-dev")

if(NlohmannJson_FOUND AND NOT TARGET NlohmannJson::NlohmannJson)
  add_library(NlohmannJson::NlohmannJson INTERFACE IMPORTED)
  set_target_properties(NlohmannJson::NlohmannJson PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${NlohmannJson_INCLUDE_DIR})
endif()
