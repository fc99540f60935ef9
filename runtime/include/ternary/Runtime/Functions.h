//===- Functions.h - Calling compiled functions -----------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_RUNTIME_FUNCTIONS_H
#define TERNARY_RUNTIME_FUNCTIONS_H

#include "ternary/Runtime/AlignedBuffer.h"
#include "ternary/function.h"

#include <string>
#include <vector>

namespace ternary::runtime {

/// The functions in a shared object, which stays loaded.
class Functions {
public:
  /// Whether the shared object at `path` has functions, and no model.
  static bool areIn(const std::string &path);

  /// Loads the shared object at `path` and checks that it fits this program and this machine.
  explicit Functions(const std::string &path);

  const std::string &path() const { return name; }
  const ternary_functions &info() const { return *list; }

  /// Throws if there is none of that name, and says which there are.
  const ternary_function &find(const std::string &function) const;

private:
  std::string name;
  const ternary_functions *list;
};

/// "x: f32 [4, ?]", or "n: index" for a number.
std::string describe(const ternary_value &value);

/// "classify(x: f32 [4, 64]) -> (y0: f32 [4, 10])".
std::string describe(const ternary_function &function);

/// How many bytes a number of a type takes in memory, by its name in `ternary_value`.
int64_t byteWidth(const std::string &type);

/// How many elements an array has.
int64_t countElements(const std::vector<int64_t> &shape);

/// Memory of a value of a function; a number is an array without dimensions.
struct FunctionArray {
  FunctionArray(const ternary_value &value, std::vector<int64_t> shape);

  std::vector<int64_t> shape;
  AlignedBuffer<uint8_t> memory;
};

/// A call of a function with inputs of certain shapes.
class FunctionCall {
public:
  struct Input {
    void *data; ///< a tensor row by row, or a number
    std::vector<int64_t> shape;
  };

  /// Throws unless the shapes are those that the function takes. What inputs point to lives until
  /// the call has run.
  FunctionCall(const ternary_function &function, const std::vector<Input> &inputs);

  /// The shapes of the results, numbers as arrays without dimensions.
  const std::vector<std::vector<int64_t>> &resultShapes() const { return shapes; }

  /// What run() needs, at any address.
  int64_t workspaceBytes() const { return bytes; }

  /// Calls the function, which writes `results`. Throws if it refuses.
  void run(const std::vector<void *> &results, void *workspace) const;

private:
  const ternary_function &function;
  std::vector<void *> values;
  std::vector<int64_t> sizes;
  std::vector<std::vector<int64_t>> shapes;
  int64_t bytes = 0;
};

} // namespace ternary::runtime

#endif // TERNARY_RUNTIME_FUNCTIONS_H
