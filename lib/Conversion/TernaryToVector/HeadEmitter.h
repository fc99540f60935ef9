//===- HeadEmitter.h - What kernels of attention share -------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_LIB_CONVERSION_TERNARYTOVECTOR_HEADEMITTER_H
#define TERNARY_LIB_CONVERSION_TERNARYTOVECTOR_HEADEMITTER_H

#include "BlockedSums.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include <cmath>

namespace ternary::vectorize {

/// The first column of a head of some rows of a tensor [B, T, columns], of which the first row is
/// that of token `firstToken` or, if there is none, 0.
struct Head {
  mlir::Value tensor, batch, column;
  mlir::Value firstToken = {};
};

/// Emits products over one head.
class HeadEmitter {
public:
  HeadEmitter(Emitter &e, const Microkernel &isa, int64_t size)
      : e(e), size(size), lanes(isa.lanes), vectors(std::max<int64_t>(2, kChunk / isa.lanes)),
        rows(llvm::bit_floor<uint64_t>(isa.accumulators / vectors)),
        floats(e.vectorType(lanes, e.b.getF32Type())) {}

  /// Tokens that a task has in its lanes.
  int64_t getWidth() const { return vectors * lanes; }

  /// Memory of an iteration for `count` rows of `getWidth()` lanes.
  mlir::Value allocate(int64_t count) {
    return e.allocateScratch({count, getWidth()}, e.b.getF32Type());
  }
  /// The same for all channels of a head, or of what blocked sums have of a head in `levels`
  /// levels.
  mlir::Value allocateHead(int64_t levels = 1) {
    return allocate(llvm::alignTo(levels * size, kChunk));
  }

  llvm::SmallVector<mlir::Value> load(mlir::Value scratch, mlir::Value row) {
    return llvm::map_to_vector(llvm::seq(vectors), [&](int64_t v) {
      return e.load(floats, scratch, {row, e.index(v * lanes)}, {});
    });
  }
  void store(mlir::ValueRange values, mlir::Value scratch, mlir::Value row) {
    for (auto [v, value] : llvm::enumerate(values))
      e.store(value, scratch, {row, e.index(v * lanes)}, {});
  }
  llvm::SmallVector<mlir::Value> repeat(mlir::Value value) {
    return llvm::SmallVector<mlir::Value>(vectors, value);
  }
  llvm::SmallVector<mlir::Value> constants(float value) {
    auto elements = mlir::DenseElementsAttr::get(floats, e.b.getF32FloatAttr(value));
    return repeat(mlir::arith::ConstantOp::create(e.b, elements));
  }

  /// Channels as rows, tokens `first` to `first + count` as lanes; lanes beyond are like the last
  /// of them, which takes no masks: not every machine can load bytes by them.
  void gather(const Head &head, mlir::Value first, mlir::Value count, mlir::Value scratch);

  /// Floats that may be kept in fewer bits, or codes as floats.
  mlir::Value loadFloats(mlir::VectorType type, mlir::Value tensor, mlir::ValueRange indices,
                         mlir::Value mask);

  /// Tokens `from` to `to`, at most kSumBlock, as f32: in `scratch` if they are kept in fewer bits.
  Head widen(const Head &head, mlir::Value from, mlir::Value to, mlir::Value scratch);
  /// Memory for it, none if `tensor` is of f32.
  mlir::Value allocateWidened(mlir::Value tensor);

  /// Asks for all channels of tokens `first` on: a head's lie apart, too far for the processor's
  /// own prefetchers. Beyond the last token it is harmless.
  void prefetch(const Head &head, mlir::Value first);

  /// The other way.
  void scatter(mlir::Value scratch, const Head &head, mlir::Value first, mlir::Value count);

  /// A number for each token, by way of `scratch`; lanes beyond `count` are zero.
  llvm::SmallVector<mlir::Value> gatherNumbers(const Head &head, mlir::Value first,
                                               mlir::Value count, mlir::Value scratch);
  void scatterNumbers(mlir::ValueRange numbers, const Head &head, mlir::Value first,
                      mlir::Value count, mlir::Value scratch);
  mlir::Value loadNumber(const Head &head, mlir::Value token) {
    return mlir::memref::LoadOp::create(e.b, head.tensor,
                                        mlir::ValueRange{head.batch, token, head.column});
  }
  /// `row` times the number of a token; itself if `numbers` has no tensor.
  llvm::SmallVector<mlir::Value> mulByNumber(mlir::ValueRange row, const Head &numbers,
                                             mlir::Value token) {
    if (!numbers.tensor)
      return row;
    return mul(row, repeat(e.splat(loadNumber(numbers, token), lanes)));
  }

  /// Goes through rows `from` to `to` in blocks that have registers, with carried values.
  llvm::SmallVector<mlir::Value>
  forRows(mlir::Value from, mlir::Value to, mlir::ValueRange init,
          llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value first, int64_t count,
                                                            mlir::ValueRange carried)>
              body) {
    return e.loopBlocks(from, to, {rows, 1}, init, body);
  }

  /// The products over channels of `count` tokens from `first` on with the tokens in lanes.
  llvm::SmallVector<mlir::Value> multiplyTokens(const Head &head, mlir::Value first, int64_t count,
                                                mlir::Value lanesOf);

  /// The products over channels of heads `head` to `head + count`, of a single token, with the
  /// tokens in lanes.
  llvm::SmallVector<mlir::Value> multiplyHeads(const Head &query, mlir::Value head, int64_t count,
                                               mlir::Value lanesOf);

  /// The products over channels of two heads of the tokens in lanes.
  llvm::SmallVector<mlir::Value> multiplyLanes(mlir::Value a, mlir::Value c);

  /// Which tokens lanes see: all see those from `from` (or the first) to `to` (or the last), and of
  /// the others what `isSeen` says.
  struct Seen {
    mlir::Value from, to;
    llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value token)> isSeen;
  };

  /// For some channels after others, from `channel` on, gives `body` the sums over tokens `from` to
  /// `to` of their elements of `head` times the token's row of `factors`. What a lane does not see
  /// is not added: it may be infinite.
  void
  sumProducts(const Head &head, mlir::Value from, mlir::Value to, mlir::Value factors,
              const Seen &seen,
              llvm::function_ref<void(mlir::Value channel, llvm::ArrayRef<mlir::Value> sums)> body);

  /// Adds up rows of channels from `channel` on with those of a stack of `allocateHead(levels)`.
  void joinRows(const Join &join, mlir::Value stack, mlir::Value channel, mlir::ValueRange rows);
  llvm::SmallVector<mlir::Value> loadRows(mlir::Value scratch, mlir::Value first, int64_t count);
  void storeRows(llvm::ArrayRef<mlir::Value> rows, mlir::Value scratch, mlir::Value first);

  /// Replaces every row of all channels.
  void forChannels(
      mlir::Value scratch,
      llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value, mlir::ValueRange)> body) {
    e.loop(e.index(0), e.index(size), 1, {}, [&](mlir::Value channel, mlir::ValueRange) {
      store(body(channel, load(scratch, channel)), scratch, channel);
      return llvm::SmallVector<mlir::Value>();
    });
  }
  void clear(mlir::Value scratch) {
    forChannels(scratch, [&](mlir::Value, mlir::ValueRange) { return constants(0.0f); });
  }

  /// Whether the position of every lane, the first being `first`, compares so with `other`.
  llvm::SmallVector<mlir::Value> compare(mlir::arith::CmpIPredicate predicate, mlir::Value first,
                                         mlir::Value other);

  /// Products times 1 / sqrt(D), −inf where a query must not see a key.
  llvm::SmallVector<mlir::Value> maskScores(mlir::ValueRange products, mlir::ValueRange isSeen);
  float getScale() const { return static_cast<float>(1.0 / std::sqrt(static_cast<double>(size))); }

  /// What is subtracted from scores: their maximum, or 0 where all of them are −inf.
  llvm::SmallVector<mlir::Value> shift(mlir::ValueRange maximum);

  llvm::SmallVector<mlir::Value> add(mlir::ValueRange a, mlir::ValueRange c) {
    return map<mlir::arith::AddFOp>(a, c);
  }
  llvm::SmallVector<mlir::Value> sub(mlir::ValueRange a, mlir::ValueRange c) {
    return map<mlir::arith::SubFOp>(a, c);
  }
  llvm::SmallVector<mlir::Value> mul(mlir::ValueRange a, mlir::ValueRange c) {
    return map<mlir::arith::MulFOp>(a, c);
  }
  llvm::SmallVector<mlir::Value> div(mlir::ValueRange a, mlir::ValueRange c) {
    return map<mlir::arith::DivFOp>(a, c);
  }
  template <typename OpTy>
  llvm::SmallVector<mlir::Value> map(mlir::ValueRange a, mlir::ValueRange c) {
    return llvm::map_to_vector(llvm::zip_equal(a, c), [&](auto pair) -> mlir::Value {
      return OpTy::create(e.b, std::get<0>(pair), std::get<1>(pair));
    });
  }
  /// What of `a` is greater, else `c`.
  llvm::SmallVector<mlir::Value> max(mlir::ValueRange a, mlir::ValueRange c) {
    return llvm::map_to_vector(llvm::zip_equal(a, c), [&](auto pair) -> mlir::Value {
      auto [x, most] = pair;
      mlir::Value greater =
          mlir::arith::CmpFOp::create(e.b, mlir::arith::CmpFPredicate::OGT, x, most);
      return mlir::arith::SelectOp::create(e.b, greater, x, most);
    });
  }
  mlir::Value maxOfLanes(mlir::ValueRange values);
  /// exp(a − c)
  llvm::SmallVector<mlir::Value> expOfDifference(mlir::ValueRange a, mlir::ValueRange c) {
    return llvm::map_to_vector(
        sub(a, c), [&](mlir::Value x) -> mlir::Value { return mlir::math::ExpOp::create(e.b, x); });
  }

  Emitter &e;
  const int64_t size, lanes, vectors, rows;
  const mlir::VectorType floats;

private:
  /// The products of rows of one element for each channel with tokens in lanes.
  llvm::SmallVector<mlir::Value>
  multiplyRows(int64_t count, mlir::Value lanesOf,
               llvm::function_ref<mlir::Value(int64_t r, mlir::Value channel)> loadElement);

  mlir::Value clamp(mlir::Value x, mlir::Value low, mlir::Value high) {
    return mlir::arith::MinUIOp::create(e.b, mlir::arith::MaxUIOp::create(e.b, x, low), high);
  }

  mlir::Value rowOf(const Head &head, mlir::Value token) {
    return head.firstToken ? mlir::arith::SubIOp::create(e.b, token, head.firstToken) : token;
  }

  /// Squares of tokens in lanes and channels.
  void forTiles(llvm::function_ref<void(mlir::Value token, mlir::Value channel)> body) {
    e.loop(e.index(0), e.index(getWidth()), kChunk, {}, [&](mlir::Value token, mlir::ValueRange) {
      e.loop(e.index(0), e.index(size), kChunk, {}, [&](mlir::Value channel, mlir::ValueRange) {
        body(token, channel);
        return llvm::SmallVector<mlir::Value>();
      });
      return llvm::SmallVector<mlir::Value>();
    });
  }

  llvm::SmallVector<mlir::Value> at(const Head &head, mlir::Value first, mlir::Value token,
                                    mlir::Value channel) {
    return {head.batch, e.add(first, token), e.add(head.column, channel)};
  }
};

/// Which heads there are, from a kernel.
struct Heads {
  template <typename OpTy>
  explicit Heads(OpTy op)
      : count(op.getHeads()), ofKeys(op.getKvHeads()),
        size(mlir::cast<mlir::MemRefType>(op.getIns()[0].getType()).getShape().back() / count) {}
  int64_t count, ofKeys, size;
  /// Where keys and values are codes.
  mlir::Value scalesOfKeys = {}, scalesOfValues = {};
};

} // namespace ternary::vectorize

#endif // TERNARY_LIB_CONVERSION_TERNARYTOVECTOR_HEADEMITTER_H
