// Linear algebra over F2 on machine words: a vector is a uint32_t, addition is XOR, and a matrix is
// the list of its columns.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/bit.h"

#include <array>
#include <cstdint>
#include <optional>

namespace cosmati::f2 {

using Word = uint32_t;
using Columns = llvm::SmallVector<Word, 16>;

/// Matrix times vector: XOR of the columns that `x` selects.
inline Word apply(llvm::ArrayRef<Word> columns, Word x) {
  Word y = 0;
  for (; x; x &= x - 1)
    y ^= columns[llvm::countr_zero(x)];
  return y;
}

/// Position of the highest set bit. Requires x != 0.
inline unsigned topBit(Word x) { return 31 - llvm::countl_zero(x); }

/// A word of `bits` ones, for bits in 0..32.
inline Word lowMask(unsigned bits) { return bits >= 32 ? ~Word(0) : (Word(1) << bits) - 1; }

/// A subspace that grows, kept in echelon form (one vector for each highest bit).
class Subspace {
public:
  Subspace() = default;
  explicit Subspace(llvm::ArrayRef<Word> vectors) { insertAll(vectors); }

  /// Adds `v` to the span; returns whether the subspace grew.
  bool insert(Word v) {
    v = reduce(v);
    if (!v)
      return false;
    byTop[topBit(v)] = v;
    ++dimension;
    return true;
  }
  void insertAll(llvm::ArrayRef<Word> vectors) {
    for (Word v : vectors)
      insert(v);
  }
  bool contains(Word v) const { return reduce(v) == 0; }
  unsigned dim() const { return dimension; }

private:
  Word reduce(Word v) const {
    for (Word rest = v; rest;) {
      unsigned top = topBit(rest);
      if (byTop[top])
        v ^= byTop[top];
      rest = v & lowMask(top);
    }
    return v;
  }
  std::array<Word, 32> byTop{};
  unsigned dimension = 0;
};

inline unsigned rank(llvm::ArrayRef<Word> vectors) { return Subspace(vectors).dim(); }

/// Solves `columns * x = y` for many y. At most 32 columns.
class Solver {
public:
  explicit Solver(llvm::ArrayRef<Word> columns);

  unsigned rank() const { return pivotColumns; }
  /// The solution in which all free variables are 0, if there is one.
  std::optional<Word> solve(Word y) const;
  /// A basis of the solutions of `columns * x = 0`. Vector k's highest bit is a free variable,
  /// namely a column that depends on columns before it; those bits are distinct and ascend.
  llvm::ArrayRef<Word> kernel() const { return kernelBasis; }
  /// The mask of free variables.
  Word freeVariables() const;
  /// Moves `solution` along the kernel so that it equals `wanted` in every free variable, the most
  /// significant first. If any solution agrees with `wanted` above some bit, the result does.
  Word nearest(Word solution, Word wanted) const;

private:
  std::array<Word, 32> echelon{};     ///< by highest bit: a vector of the image ...
  std::array<Word, 32> combination{}; ///< ... and the x that gives it
  Columns kernelBasis;
  unsigned pivotColumns = 0;
};

/// A basis of the intersection of two spans.
Columns intersect(llvm::ArrayRef<Word> a, llvm::ArrayRef<Word> b);

/// Appends to `chosen` those of `candidates`, in order, that are independent of `span` (which grows
/// by them), until `chosen` has `limit` vectors.
void extendBasis(Subspace &span, Columns &chosen, llvm::ArrayRef<Word> candidates,
                 unsigned limit = 32);

/// The unit vectors of F2^bits.
Columns unitVectors(unsigned bits);

} // namespace cosmati::f2
