// The wrong values of each parameter of a call: NULL for a pointer, a number no enum has, a damaged options struct and a shape
// too large follow from the parameter's type and name in the header; the table in calls.h adds what only it can know.
#pragma once

#include <string>
#include <vector>

#include "calls.h"
#include "function_list.h"

namespace penstock::test {

// Every wrong value of every parameter.
std::vector<WrongValue> wrong_values(const Call &call, const Function &function);

// Parameters with neither a wrong value nor a word in the table that any value is right.
std::vector<std::string> uncovered_parameters(const Call &call, const Function &function);

// Quotes in the table that no public header has.
std::vector<std::string> invented_quotes(const Call &call);

}  // namespace penstock::test
