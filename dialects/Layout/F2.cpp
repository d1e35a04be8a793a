#include "dialects/Layout/F2.h"

namespace cosmati::f2 {

Solver::Solver(llvm::ArrayRef<Word> columns) {
  for (unsigned i = 0; i < columns.size(); ++i) {
    Word image = columns[i], x = Word(1) << i;
    while (image && echelon[topBit(image)]) {
      unsigned top = topBit(image);
      image ^= echelon[top];
      x ^= combination[top];
    }
    if (!image) {
      kernelBasis.push_back(x);
      continue;
    }
    echelon[topBit(image)] = image;
    combination[topBit(image)] = x;
    ++pivotColumns;
  }
}

std::optional<Word> Solver::solve(Word y) const {
  Word x = 0;
  while (y) {
    unsigned top = topBit(y);
    if (!echelon[top])
      return std::nullopt;
    y ^= echelon[top];
    x ^= combination[top];
  }
  return x;
}

Word Solver::freeVariables() const {
  Word mask = 0;
  for (Word v : kernelBasis)
    mask |= Word(1) << topBit(v);
  return mask;
}

Word Solver::nearest(Word solution, Word wanted) const {
  for (Word v : llvm::reverse(kernelBasis))
    if (((solution ^ wanted) >> topBit(v)) & 1)
      solution ^= v;
  return solution;
}

Columns intersect(llvm::ArrayRef<Word> a, llvm::ArrayRef<Word> b) {
  // Zassenhaus: reduce a's vectors, then b's, and carry along what each contains of a. Where a
  // vector of b reduces to 0, its a-part equals its b-part and so lies in both spans.
  std::array<Word, 32> echelon{}, partOfA{};
  Columns result;
  auto reduceAndStore = [&](Word v, Word part) {
    while (v && echelon[topBit(v)]) {
      part ^= partOfA[topBit(v)];
      v ^= echelon[topBit(v)];
    }
    if (v) {
      echelon[topBit(v)] = v;
      partOfA[topBit(v)] = part;
    }
    return v ? 0 : part;
  };
  for (Word v : a)
    reduceAndStore(v, v);
  Subspace seen;
  for (Word v : b)
    if (Word common = reduceAndStore(v, 0); common && seen.insert(common))
      result.push_back(common);
  return result;
}

void extendBasis(Subspace &span, Columns &chosen, llvm::ArrayRef<Word> candidates, unsigned limit) {
  for (Word v : candidates) {
    if (chosen.size() >= limit)
      return;
    if (span.insert(v))
      chosen.push_back(v);
  }
}

Columns unitVectors(unsigned bits) {
  Columns units;
  for (unsigned i = 0; i < bits; ++i)
    units.push_back(Word(1) << i);
  return units;
}

} // namespace cosmati::f2
