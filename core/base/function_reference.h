// A callable handed down a call: two pointers, no allocation, no copy of what it captured.
#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

namespace penstock::core {

template <typename Signature>
class FunctionReference;

// Refers to a callable that must outlive it; as a parameter it takes a lambda written in the call.
template <typename Result, typename... Arguments>
class FunctionReference<Result(Arguments...)> {
 public:
  template <typename Callable>
  requires(!std::same_as<std::remove_cvref_t<Callable>, FunctionReference> &&
           std::is_invocable_r_v<Result, Callable &, Arguments...>)
      // NOLINTNEXTLINE(google-explicit-constructor, bugprone-forwarding-reference-overload): a lambda converts in a call
      FunctionReference(Callable &&callable)
      // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): call_ casts back to what it was
      : object_(const_cast<void *>(static_cast<const void *>(std::addressof(callable)))),
        call_([](void *object, Arguments... arguments) -> Result {
          return (*static_cast<std::remove_reference_t<Callable> *>(object))(std::forward<Arguments>(arguments)...);
        }) {}

  Result operator()(Arguments... arguments) const { return call_(object_, std::forward<Arguments>(arguments)...); }

 private:
  void *object_;
  Result (*call_)(void *object, Arguments...);
};

}  // namespace penstock::core
