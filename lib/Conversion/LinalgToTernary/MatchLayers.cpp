//===- MatchLayers.cpp - Parts of ternary layers among expressions --------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MatchLayers.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <cmath>

using namespace mlir;
using namespace ternary;

using Kind = Expression::Kind;
using Node = Expressions::Node;
using Term = Expression::Term;

/// The other operand of a maximum or minimum with a number, which goes to `bound`.
static Node matchBound(Node node, Kind kind, double &bound) {
  if (node->kind != kind)
    return nullptr;
  for (unsigned i : {0, 1})
    if (Node constant = node->terms[i].first; constant->isNumber()) {
      bound = constant->number;
      return node->terms[1 - i].first;
    }
  return nullptr;
}

/// The factors of a product, or the node as the only one.
static SmallVector<Term> getFactors(Node node) {
  if (node->kind == Kind::Product)
    return llvm::to_vector(ArrayRef<Term>(node->terms));
  return {{node, 1}};
}

//===----------------------------------------------------------------------===//
// Activations in 8 bits
//===----------------------------------------------------------------------===//

/// `node` as round(x · 127 / m) between bounds that change nothing.
static std::optional<QuantizedRows> matchRounded(Expressions &expressions, Node node,
                                                 int64_t columns, StringRef &missing) {
  double bound;
  while (true) {
    if (Node inner = matchBound(node, Kind::Min, bound)) {
      if (bound < 127 - 1e-3)
        return std::nullopt;
      node = inner;
    } else if (Node inner = matchBound(node, Kind::Max, bound)) {
      if (bound > -127 + 1e-3)
        return std::nullopt;
      node = inner;
    } else {
      break;
    }
  }
  if (node->kind != Kind::Round)
    return std::nullopt;
  Node scaled = node->terms.front().first;
  missing = "expected inputs that are rounded after 127 / max(max |x|, 1e-5) of the row";
  for (auto [factor, exponent] : getFactors(scaled)) {
    Node largest = matchBound(factor, Kind::Max, bound);
    if (exponent != -1 || !largest || largest->kind != Kind::RowMax ||
        largest->number != static_cast<double>(columns))
      continue;
    Node magnitude = largest->terms.front().first;
    if (magnitude->kind != Kind::Abs)
      continue;
    if (!isClose(bound, 1e-5)) {
      missing = "expected max |x| of a row to be at least 1e-5 when inputs are quantised";
      continue;
    }
    Node input = expressions.product({{scaled, 1}, {factor, 1}}, 1.0 / 127);
    if (input == magnitude->terms.front().first)
      return QuantizedRows{input, factor, false};
  }
  return std::nullopt;
}

std::optional<QuantizedRows> ternary::matchQuantizedRows(Expressions &expressions, Node node,
                                                         int64_t columns, StringRef &missing) {
  missing = "expected inputs quantised to 8 bits";
  for (auto [factor, exponent] : getFactors(node)) {
    if (exponent != 1)
      continue;
    std::optional<QuantizedRows> rows = matchRounded(expressions, factor, columns, missing);
    if (!rows)
      continue;
    if (node == factor)
      return rows;
    Node rest = expressions.product({{node, 1}, {factor, -1}, {rows->magnitude, -1}}, 127);
    if (rest->isNumber(1)) {
      rows->isDequantized = true;
      return rows;
    }
    missing = "expected quantised inputs, themselves or times max |x| / 127 of the row";
  }
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Norms and activation functions
//===----------------------------------------------------------------------===//

std::optional<Norm> ternary::matchNorm(Expressions &expressions, Node node, unsigned rank) {
  for (auto [factor, exponent] : getFactors(node)) {
    if (exponent != -0.5)
      continue;
    Norm norm;
    Node sum = factor;
    // Without ε, the mean's divisor is part of the product.
    double divisor = 1;
    if (factor->kind == Kind::Sum && factor->terms.size() == 1 && factor->number > 0) {
      sum = factor->terms.front().first;
      norm.epsilon = factor->number;
    }
    if (sum->kind != Kind::RowSum)
      continue;
    if (sum == factor)
      divisor = 1 / std::sqrt(sum->number);
    else if (!isClose(factor->terms.front().second * sum->number, 1))
      continue;
    Node squares = sum->terms.front().first;
    Node rest = expressions.product({{node, 1}, {factor, 0.5}}, divisor);
    auto isInput = [&](Node input) {
      Node square = expressions.product({{input, 2}});
      if (square == squares)
        return true;
      // Roundings of √K.
      return square->kind == Kind::Product && squares->kind == Kind::Product &&
             square->terms == squares->terms && isClose(square->number, squares->number);
    };
    if (isInput(rest)) {
      norm.input = rest;
      return norm;
    }
    for (auto [gain, power] : getFactors(rest)) {
      bool isVector = gain->kind == Kind::Leaf && power == 1 && gain->map &&
                      gain->map.getNumResults() == 1 &&
                      gain->map.getResult(0) == getAffineDimExpr(rank - 1, gain->map.getContext());
      norm.input = isVector ? expressions.product({{rest, 1}, {gain, -1}}) : nullptr;
      if (isVector && isInput(norm.input)) {
        norm.gain = gain->value;
        return norm;
      }
    }
    if (rest->kind == Kind::Product && !rest->isNumber()) {
      norm.factor = rest->number;
      norm.input = expressions.product({{rest, 1}}, 1 / rest->number);
      if (isInput(norm.input))
        return norm;
    }
  }
  return std::nullopt;
}

/// x of 1 / (1 + exp(-x)).
static Node matchSigmoid(Expressions &expressions, Term factor) {
  auto [sum, exponent] = factor;
  if (exponent != -1 || sum->kind != Kind::Sum || sum->number != 1 || sum->terms.size() != 1)
    return nullptr;
  auto [exponential, one] = sum->terms.front();
  if (one != 1 || exponential->kind != Kind::Other || exponential->terms.size() != 1)
    return nullptr;
  // By the name alone: an op of that name has no other meaning.
  if (OperationName::getFromOpaquePointer(exponential->name).getStringRef() !=
      math::ExpOp::getOperationName())
    return nullptr;
  return expressions.product({{exponential->terms.front().first, 1}}, -1);
}

std::optional<std::pair<Activation, Node>> ternary::matchActivation(Expressions &expressions,
                                                                    Node node) {
  double bound;
  if (Node input = matchBound(node, Kind::Max, bound); input && bound == 0)
    return std::make_pair(Activation::Relu, input);
  if (node->kind != Kind::Product)
    return std::nullopt;
  if (node->terms.size() == 1 && node->number == 1 && node->terms[0].second == 2)
    if (Node input = matchBound(node->terms[0].first, Kind::Max, bound); input && bound == 0)
      return std::make_pair(Activation::SquaredRelu, input);
  for (Term factor : node->terms) {
    Node input = matchSigmoid(expressions, factor);
    if (!input)
      continue;
    Node rest = expressions.product({{node, 1}, {factor.first, 1}});
    if (rest->isNumber() && rest->number == 1)
      return std::make_pair(Activation::Sigmoid, input);
    if (rest == input)
      return std::make_pair(Activation::Silu, input);
  }
  return std::nullopt;
}

bool ternary::isPositive(Node node) {
  double bound;
  switch (node->kind) {
  case Kind::Product:
    return node->number > 0 &&
           llvm::all_of(node->terms, [](Term term) { return isPositive(term.first); });
  case Kind::Sum:
    return node->number > 0 && llvm::all_of(node->terms, [](Term term) {
             return term.second > 0 && (term.first->kind == Kind::Abs || isPositive(term.first));
           });
  case Kind::Max:
    return matchBound(node, Kind::Max, bound) && bound > 0;
  default:
    return false;
  }
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

Node ternary::matchLatent(Expressions &expressions, Node node, int64_t count) {
  for (auto [clamped, exponent] : getFactors(node)) {
    double top = 0, bottom = 0;
    Node inner = clamped;
    for (int i = 0; i < 2; ++i)
      if (Node next = matchBound(inner, Kind::Min, top))
        inner = next;
      else if (Node next = matchBound(inner, Kind::Max, bottom))
        inner = next;
    if (exponent != 1 || top != 1 || bottom != -1 || inner->kind != Kind::Round)
      continue;
    Node scale = expressions.product({{node, 1}, {clamped, -1}});
    Node latent = expressions.product({{inner->terms.front().first, 1}, {scale, 1}});
    double least;
    Node mean = matchBound(scale, Kind::Max, least);
    if (!mean || !isClose(least, 1e-5) || mean->kind != Kind::Product || mean->terms.size() != 1)
      continue;
    Node sum = mean->terms.front().first;
    if (sum->kind == Kind::Total && mean->terms.front().second == 1 &&
        sum->number == static_cast<double>(count) && isClose(mean->number * sum->number, 1) &&
        sum->terms.front().first->kind == Kind::Abs &&
        sum->terms.front().first->terms.front().first == latent)
      return latent;
  }
  return nullptr;
}

/// The s of a row of 0, s and -s, 0 if all are 0; none if there are others.
static std::optional<float> matchScale(ArrayRef<float> row) {
  float scale = 0;
  for (float x : row) {
    if (x == 0)
      continue;
    if (!std::isfinite(x) || (scale != 0 && std::abs(x) != scale))
      return std::nullopt;
    scale = std::abs(x);
  }
  return scale;
}

std::optional<TernaryMatrix> ternary::matchTrits(ArrayRef<float> weight, int64_t rows,
                                                 int64_t columns) {
  TernaryMatrix matrix{rows, columns, {}, {}};
  for (float x : weight)
    matrix.trits.push_back((x > 0) - (x < 0));
  if (std::optional<float> scale = matchScale(weight)) {
    matrix.scales.push_back(*scale != 0 ? *scale : 1);
    return matrix;
  }
  for (int64_t row = 0; row < rows; ++row) {
    std::optional<float> scale = matchScale(weight.slice(row * columns, columns));
    if (!scale)
      return std::nullopt;
    matrix.scales.push_back(*scale != 0 ? *scale : 1);
  }
  // Rows of one element each have a scale of their own, whatever they are.
  return columns > 1 ? std::optional(matrix) : std::nullopt;
}
