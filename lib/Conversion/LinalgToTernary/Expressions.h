//===- Expressions.h - What elements of tensors are computed from -*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One computation has many spellings among linalg's ops: a generic for each operation or one for
// all, x · (127 / m) or x / (m / 127), x + (q - x) for q. An expression is the same for all of
// them: it is made of products of powers and of sums, as of real numbers, and what is equal is one
// node. So NaNs, infinities and rounding are not told apart; patterns are looked for in it.
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_CONVERSION_LINALGTOTERNARY_EXPRESSIONS_H
#define TERNARY_LIB_CONVERSION_LINALGTOTERNARY_EXPRESSIONS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/Value.h"
#include <deque>
#include <map>

namespace ternary {

struct Expression {
  enum class Kind {
    Leaf,    ///< element `map` of `value`, or `value`, a number
    Product, ///< number · Π term^exponent
    Sum,     ///< number + Σ factor · term
    Max,     ///< of two
    Min,
    Round, ///< to the nearest integer, ties to even
    Abs,
    RowSum, ///< of the last dimension, `number` elements
    RowMax,
    Total, ///< sum of a whole tensor, `number` elements
    Other, ///< `name` of the terms
  };
  using Term = std::pair<const Expression *, double>;

  explicit Expression(Kind kind) : kind(kind) {}

  Kind kind;
  double number = 0;
  llvm::SmallVector<Term, 2> terms;
  mlir::Value value;
  mlir::AffineMap map;
  /// The op's name and, for its attributes, its address in the context.
  const void *name = nullptr, *attributes = nullptr;
  unsigned id = 0;

  bool isNumber() const { return kind == Kind::Product && terms.empty(); }
  bool isNumber(double wanted) const;
};

/// Whether both are the same f32, or nearly so after different roundings.
bool isClose(double a, double b);

/// Element `map` of a tensor, the map's dimensions being those of what is looked at.
struct Access {
  mlir::Value tensor;
  mlir::AffineMap map;
};

/// Makes expressions of tensors. All are over one space of indices: for the elements of a tensor
/// [a, b, K] these are d0, d1 and d2, and sums and maxima of rows are over d2 within the row.
class Expressions {
public:
  using Node = const Expression *;

  /// The elements of a tensor.
  Node ofTensor(mlir::Value tensor);
  Node of(Access access);
  /// A value in the body of `op`, over the op's iteration space.
  Node ofScalar(mlir::Value scalar, mlir::linalg::LinalgOp op);

  /// The first tensor of `type` that was seen to have these elements at `map`, by default its own,
  /// and is there before `before`; or null.
  mlir::Value findTensor(Node node, mlir::RankedTensorType type, mlir::Operation *before,
                         mlir::DominanceInfo &dominance, mlir::AffineMap map = {}) const;

  /// From now on, `tensor` has the elements of `old`, and is found instead.
  void replace(mlir::Value old, mlir::Value tensor);

  Node number(double value);
  Node product(llvm::ArrayRef<Expression::Term> factors, double coefficient = 1);
  Node sum(llvm::ArrayRef<Expression::Term> terms, double constant = 0);
  Node maximum(Node a, Node b) { return extremum(Expression::Kind::Max, a, b); }
  Node minimum(Node a, Node b) { return extremum(Expression::Kind::Min, a, b); }

private:
  Node intern(Expression expression);
  Node leaf(mlir::Value value, mlir::AffineMap map);
  Node extremum(Expression::Kind kind, Node a, Node b);
  Node build(Access access);
  Node buildConstant(mlir::ElementsAttr constant);
  Node buildLinalg(mlir::OpResult result, mlir::AffineMap map);
  Node buildReduction(mlir::OpResult result, mlir::AffineMap iteration);
  Node buildScalar(mlir::Value scalar, mlir::linalg::LinalgOp op, mlir::AffineMap iteration);
  Node buildOp(mlir::Operation *op, llvm::function_ref<Node(mlir::Value)> get);

  using Key = std::tuple<int, double, std::vector<std::pair<unsigned, double>>, const void *,
                         const void *, const void *, const void *>;
  std::deque<Expression> storage;
  std::map<Key, Node> interned;
  llvm::DenseMap<std::pair<mlir::Value, mlir::AffineMap>, Node> known;
  llvm::DenseMap<Node, llvm::SmallVector<Access, 1>> tensors;
  int depth = 0;
};

/// The map by which a tensor's own elements are read: unit dimensions are at 0.
mlir::AffineMap getOwnMap(mlir::RankedTensorType type);

/// An equal element further up: through reshapes that only add or drop unit dimensions, and
/// through ops that only move elements, such as transposes and broadcasts.
Access lookThroughMoves(Access access);

/// Of `op`, where its iteration is when its result is read at `map`, as far as that says; null if
/// it is not read in the order of loops. Loops that reduce are at `reduction`.
mlir::AffineMap getIteration(mlir::OpResult result, mlir::AffineMap map,
                             mlir::AffineExpr reduction);

} // namespace ternary

#endif // TERNARY_LIB_CONVERSION_LINALGTOTERNARY_EXPRESSIONS_H
