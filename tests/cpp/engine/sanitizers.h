// Which sanitizers the tests are compiled with, as GCC and Clang each say it: 0 or 1.
#pragma once

#if defined(__has_feature)
#define PENSTOCK_TEST_HAS_FEATURE(feature) __has_feature(feature)
#else
#define PENSTOCK_TEST_HAS_FEATURE(feature) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || PENSTOCK_TEST_HAS_FEATURE(address_sanitizer)
#define PENSTOCK_TEST_ADDRESS_SANITIZER 1
#else
#define PENSTOCK_TEST_ADDRESS_SANITIZER 0
#endif

#if defined(__SANITIZE_THREAD__) || PENSTOCK_TEST_HAS_FEATURE(thread_sanitizer)
#define PENSTOCK_TEST_THREAD_SANITIZER 1
#else
#define PENSTOCK_TEST_THREAD_SANITIZER 0
#endif
