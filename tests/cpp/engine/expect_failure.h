// Assertions about what a call throws.
#pragma once

#include <gmock/gmock.h>

#include <string>

#include "core/base/error.h"

namespace penstock::core {

// Runs call, and compares the status and sentence of its failure.
template <typename Call>
void expect_failure(Status status, const ::testing::Matcher<std::string> &sentence, Call call) {
  try {
    call();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error &error) {
    EXPECT_EQ(error.status(), status) << error.sentence();
    EXPECT_THAT(error.sentence(), sentence);
  }
}

}  // namespace penstock::core
