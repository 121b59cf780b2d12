// The replay page as it lies beside: what replay_page.cc fills in.
#pragma once

#include <string_view>

namespace penstock::core {

// page_html has places for the others, and for what is shown, as {{name}}.
extern const std::string_view page_html, page_style, page_script;

}  // namespace penstock::core
