#include "dialects/Layout/StagingLayout.h"

#include "dialects/Layout/F2.h"
#include "dialects/Layout/LayoutError.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <tuple>

namespace cosmati {

namespace {

constexpr int64_t kAccessBits = 128, kLineBits = 1024, kMaxPhase = 32;

llvm::Error invalid(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

/// place -> byte offset, for packed elements of any width. Bits within a byte are dropped.
LinearLayout toByteOffset(const LinearLayout &toOffset, unsigned elementBits) {
  LayoutSpace out;
  uint64_t size = static_cast<uint64_t>(toOffset.outSize(LayoutDim::Offset)) * elementBits / 8;
  out.setBits(LayoutDim::Offset, size > 1 ? llvm::Log2_64(size) : 0);
  f2::Columns columns;
  for (uint32_t column : toOffset.columns()) {
    uint64_t offset = toOffset.out().coordinate(column, LayoutDim::Offset);
    columns.push_back(static_cast<uint32_t>(offset * elementBits / 8));
  }
  return LinearLayout::fromColumns(toOffset.in(), out, columns);
}

/// Groups that touch different elements; registers that repeat an element need no access.
int64_t distinctGroups(const VectorAccess &access) {
  llvm::SmallVector<int32_t, 32> offsets;
  for (const VectorGroup &group : access.groups)
    offsets.push_back(group.offset);
  llvm::sort(offsets);
  return std::unique(offsets.begin(), offsets.end()) - offsets.begin();
}

/// All parameters worth trying for one order, the rule for 16-byte pieces first.
llvm::SmallVector<SwizzleParameters, 64>
candidates(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> order, unsigned elementBits) {
  llvm::SmallVector<SwizzleParameters, 64> result;
  int64_t rowElements = shape[order[0]], rows = shape[order[1]];
  int64_t rowBits = rowElements * elementBits;
  auto add = [&](int64_t vecBits, int64_t perPhase, int64_t maxPhase) {
    int64_t vec = std::max<int64_t>(1, vecBits / elementBits);
    if (maxPhase > 1 && (vec * maxPhase > rowElements || perPhase * maxPhase > rows))
      return;
    result.push_back(
        {std::min(vec, rowElements), perPhase, maxPhase, llvm::SmallVector<int64_t, 4>(order)});
  };
  int64_t perPhase = std::max<int64_t>(1, kLineBits / rowBits);
  int64_t pieces = std::min<int64_t>(8, std::max<int64_t>(1, rowBits / kAccessBits));
  add(kAccessBits, perPhase, std::min(pieces, std::max<int64_t>(1, rows / perPhase)));
  add(kAccessBits, 1, 1);
  for (int64_t vecBits : {128, 256, 512, 1024, 64, 32})
    for (int64_t phases = 2; phases <= kMaxPhase; phases *= 2)
      for (int64_t per = 1; per <= kMaxPhase; per *= 2)
        if (vecBits >= elementBits)
          add(vecBits, per, phases);
  return result;
}

class StagingSearch {
public:
  StagingSearch(const LinearLayout &writer, const LinearLayout &reader, unsigned elementBits,
                const StagingOptions &options)
      : writer(writer), reader(reader), elementBits(elementBits), options(options),
        shape(writer.shape()) {}
  llvm::Expected<StagingChoice> best() const;

private:
  llvm::Expected<StagingChoice> bestOf(llvm::ArrayRef<int64_t> order) const;
  llvm::Expected<StagingChoice> evaluate(SwizzleParameters parameters) const;
  llvm::SmallVector<int64_t, 4> orderWith(unsigned fastest) const;

  const LinearLayout &writer, &reader;
  unsigned elementBits;
  StagingOptions options;
  llvm::SmallVector<int64_t, 4> shape;
};

llvm::Expected<StagingChoice> StagingSearch::evaluate(SwizzleParameters parameters) const {
  StagingChoice choice;
  choice.swizzle = std::move(parameters);
  choice.shared = choice.swizzle.layout(shape);
  llvm::Expected<SharedTraffic> write = cheapestTraffic(writer, choice.shared, elementBits,
                                                        /*isStore=*/true, options.stmatrix);
  if (!write)
    return write.takeError();
  llvm::Expected<SharedTraffic> read = cheapestTraffic(reader, choice.shared, elementBits,
                                                       /*isStore=*/false, options.ldmatrix);
  if (!read)
    return read.takeError();
  choice.write = *write;
  choice.read = *read;
  return choice;
}

/// One of the last two dims fastest, then the other, then batches.
llvm::SmallVector<int64_t, 4> StagingSearch::orderWith(unsigned fastest) const {
  unsigned rank = shape.size();
  llvm::SmallVector<int64_t, 4> order{fastest, 2 * int64_t(rank) - 3 - fastest};
  for (unsigned dim = rank - 2; dim-- > 0;)
    order.push_back(dim);
  return order;
}

/// Fewer is better: wavefronts, then instructions.
std::tuple<int64_t, int64_t> costOf(const StagingChoice &choice) {
  return {choice.wavefronts(), choice.write.instructions + choice.read.instructions};
}

/// The best swizzle for one order. A swizzle only cures conflicts: what access is possible at all,
/// and so what it costs at best, is known from the layout without one.
llvm::Expected<StagingChoice> StagingSearch::bestOf(llvm::ArrayRef<int64_t> order) const {
  SwizzleParameters none;
  none.order.assign(order.begin(), order.end());
  llvm::Expected<StagingChoice> result = evaluate(std::move(none));
  if (!result)
    return result;
  int64_t conflicts = result->write.conflicts() + result->read.conflicts();
  int64_t lowest = result->wavefronts() - conflicts;
  for (SwizzleParameters &parameters : candidates(shape, order, elementBits)) {
    if (result->wavefronts() == lowest)
      break;
    llvm::Expected<StagingChoice> choice = evaluate(std::move(parameters));
    if (!choice)
      llvm::consumeError(choice.takeError()); // pieces narrower than a byte
    else if (costOf(*choice) < costOf(*result))
      result = std::move(choice);
  }
  return result;
}

llvm::Expected<StagingChoice> StagingSearch::best() const {
  unsigned last = shape.size() - 1;
  if (options.contiguousDim)
    return bestOf(orderWith(*options.contiguousDim));
  llvm::Expected<StagingChoice> rowMajor = bestOf(orderWith(last));
  llvm::Expected<StagingChoice> columnMajor = bestOf(orderWith(last - 1));
  if (!columnMajor) {
    llvm::consumeError(columnMajor.takeError());
    return rowMajor;
  }
  if (!rowMajor) {
    llvm::consumeError(rowMajor.takeError());
    return columnMajor;
  }
  return costOf(*columnMajor) < costOf(*rowMajor) ? std::move(columnMajor) : std::move(rowMajor);
}

} // namespace

LinearLayout SwizzleParameters::layout(llvm::ArrayRef<int64_t> shape) const {
  return swizzledShared(shape, vec, perPhase, maxPhase, order);
}

llvm::Expected<SharedTraffic> vectorTraffic(const LinearLayout &distributed,
                                            const LinearLayout &shared, unsigned elementBits) {
  if (elementBits < 4 || elementBits > 64 || !llvm::isPowerOf2_32(elementBits))
    return invalid("staging knows elements of 4, 8, 16, 32 or 64 bits, not " +
                   llvm::Twine(elementBits));
  std::optional<LinearLayout> toOffset = placeToOffset(distributed, shared);
  if (!toOffset)
    return invalid("shared memory " + shared.toString() + " does not hold all that " +
                   distributed.toString() + " holds");
  VectorAccess access = vectorAccess(*toOffset, kAccessBits / elementBits);
  SharedTraffic result;
  result.accessBytes = access.width * elementBits / 8;
  if (result.accessBytes == 0)
    return invalid("threads hold single 4-bit elements, but memory is accessed by bytes: " +
                   distributed.toString());
  result.instructions = distinctGroups(access);
  result.perInstruction =
      bankConflicts(toByteOffset(*toOffset, elementBits), 8, result.accessBytes);
  return result;
}

SharedTraffic matrixTraffic(const MatrixAccessPlan &plan) {
  SharedTraffic result;
  result.matrix = true;
  result.accessBytes = 16;
  result.instructions = plan.instructions.size();
  result.perInstruction = plan.conflicts;
  return result;
}

llvm::Expected<SharedTraffic> cheapestTraffic(const LinearLayout &distributed,
                                              const LinearLayout &shared, unsigned elementBits,
                                              bool isStore, bool matrices) {
  llvm::Expected<SharedTraffic> vectors = vectorTraffic(distributed, shared, elementBits);
  if (elementBits > 32 || !matrices)
    return vectors;
  llvm::Expected<MatrixAccessPlan> plan = isStore ? planStmatrix(distributed, shared, elementBits)
                                                  : planLdmatrix(distributed, shared, elementBits);
  if (!plan) {
    llvm::consumeError(plan.takeError());
    return vectors;
  }
  SharedTraffic traffic = matrixTraffic(*plan);
  if (!vectors) {
    llvm::consumeError(vectors.takeError());
    return traffic;
  }
  auto key = [](const SharedTraffic &t) { return std::tuple(t.wavefronts(), t.instructions); };
  return key(traffic) <= key(*vectors) ? traffic : *vectors;
}

llvm::Expected<StagingChoice> chooseStaging(const LinearLayout &writer, const LinearLayout &reader,
                                            unsigned elementBits, const StagingOptions &options) {
  if (writer.out() != reader.out())
    return invalid("the writer and the reader of shared memory have different shapes: " +
                   writer.toString() + " and " + reader.toString());
  if (writer.out().rank() < 2)
    return invalid("staging for matrix instructions needs a matrix, got rank " +
                   llvm::Twine(writer.out().rank()));
  unsigned rank = writer.out().rank();
  if (options.contiguousDim && *options.contiguousDim != rank - 1 &&
      *options.contiguousDim != rank - 2)
    return invalid("the contiguous dim must be one of the last two of " + llvm::Twine(rank) +
                   ", not dim " + llvm::Twine(*options.contiguousDim));
  return StagingSearch(writer, reader, elementBits, options).best();
}

BlockedParameters coalescedParameters(llvm::ArrayRef<int64_t> shape, unsigned elementBits,
                                      int64_t numWarps, llvm::ArrayRef<int64_t> order) {
  unsigned elementLog = detail::exactLog2(elementBits, "the element's bits");
  return defaultBlockedParameters(shape, numWarps, kAccessBits >> elementLog, order);
}

} // namespace cosmati
