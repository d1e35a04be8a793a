#include "dialects/Layout/MatrixAccess.h"

#include "dialects/Layout/F2.h"
#include "dialects/Layout/LayoutConstructors.h"
#include "dialects/Layout/LayoutError.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"

#include <algorithm>

namespace cosmati {

namespace {

using f2::Columns;
using f2::Word;

constexpr unsigned kRowLog = 7; ///< a row of a matrix is 2^7 bits

/// A reason why something is not possible; empty if it is.
using Reason = std::string;

/// Where the bits of a place lie in shared memory, as element offsets.
struct Offsets {
  Columns registers, lanes, warps, blocks;
};

Columns offsetColumns(const LinearLayout &toOffset, LayoutDim dim) {
  Columns result;
  for (Word column : toOffset.columns(dim))
    result.push_back(toOffset.out().coordinate(column, LayoutDim::Offset));
  return result;
}

/// The bits of an offset within a row, as one of the two forms of the instruction divides them:
/// [registers of a word or piece][lanes], and above them the address of the row.
struct RowForm {
  RowForm(unsigned elementLog, bool transposed)
      : transposed(transposed), unitBits((transposed ? 4 : 5) - elementLog),
        rowBits(kRowLog - elementLog), firstLane(transposed ? 2 : 0), laneCount(transposed ? 3 : 2),
        wordElements(1u << (5 - elementLog)) {}

  bool transposed;
  unsigned unitBits, rowBits;
  unsigned firstLane, laneCount; ///< the lane bits within a row
  unsigned wordElements;         ///< elements in a lane's 32-bit word

  Word unitMask() const { return f2::lowMask(unitBits); }
  Word rowMask() const { return f2::lowMask(rowBits); }
  bool isRowLane(unsigned bit) const { return bit >= firstLane && bit < firstLane + laneCount; }
};

Reason misplaced(llvm::StringRef dim, unsigned bit, Word column) {
  return (dim + " bit " + llvm::Twine(bit) + " lies at element offset " + llvm::Twine(column))
      .str();
}

Reason whyOutsideRows(const RowForm &form, llvm::StringRef dim, llvm::ArrayRef<Word> columns) {
  for (auto [bit, column] : llvm::enumerate(columns))
    if ((column & form.rowMask()) && !(dim == "lane" && form.isRowLane(bit)))
      return misplaced(dim, bit, column) + ", not at a multiple of 16 bytes (" +
             std::to_string(1u << form.rowBits) + " elements)";
  return {};
}

Reason whyNotForm(const RowForm &form, const Offsets &at) {
  for (unsigned i = 0; i < form.laneCount; ++i) {
    Word wanted = Word(1) << (form.unitBits + i), found = at.lanes[form.firstLane + i];
    if (found != wanted)
      return misplaced("lane", form.firstLane + i, found) + " instead of " + std::to_string(wanted);
  }
  for (auto [dim, columns] : {std::pair<llvm::StringRef, const Columns *>("lane", &at.lanes),
                              {"warp", &at.warps},
                              {"block", &at.blocks}})
    if (Reason reason = whyOutsideRows(form, dim, *columns); !reason.empty())
      return reason;
  for (auto [bit, column] : llvm::enumerate(at.registers))
    if (column & form.rowMask() & ~form.unitMask())
      return misplaced("register", bit, column) + ", where the instruction has lanes";
  f2::Subspace held(at.registers);
  for (unsigned i = 0; i < form.unitBits; ++i)
    if (!held.contains(Word(1) << i))
      return "a lane does not hold " + std::to_string(1u << form.unitBits) +
             " consecutive elements of shared memory";
  if (form.transposed &&
      llvm::none_of(at.registers, [&](Word column) { return column & ~form.rowMask(); }))
    return "a lane holds elements of one row only, not of two";
  return {};
}

/// Why no form of this element width can be transposed.
Reason whyNotTransposable(unsigned elementBits) {
  if (elementBits == 32)
    return "32-bit elements do not fit the 16-bit pieces";
  if (elementBits == 4)
    return "byte permutes cannot take 4-bit elements apart";
  return {};
}

/// Distributes registers over matrices and matrices over instructions. Requires that the form fits.
class MatrixPlanner {
public:
  MatrixPlanner(const LinearLayout &toOffset, const Offsets &at, const RowForm &form,
                unsigned elementBits, int64_t maxMatrices)
      : toOffset(toOffset), at(at), form(form), elementBits(elementBits), maxMatrices(maxMatrices) {
  }
  MatrixAccessPlan plan();

private:
  struct Piece {
    Word matrix; ///< element offset of the matrix's row 0 for lane 0
    int32_t position;
  };
  Piece pieceOf(int32_t reg) const;
  unsigned rowConflicts(Word candidate) const;
  void chooseHalf();
  void chooseMatrices();
  void setAddresses();
  void setElements();
  void setPacked();
  Word bytes(Word elements) const {
    return static_cast<Word>(static_cast<uint64_t>(elements) * elementBits / 8);
  }

  const LinearLayout &toOffset;
  const Offsets &at;
  RowForm form;
  unsigned elementBits;
  int64_t maxMatrices;
  Word half = 0;      ///< .trans: what leads from the low to the high half of a word
  Columns directions; ///< what leads from one matrix of an instruction to the others
  llvm::DenseMap<Word, int32_t> wordOfMatrix;
  Columns firstMatrix; ///< of each instruction
  MatrixAccessPlan result;
};

/// log2 of how many of the eight rows meet in one bank if `candidate` leads to every second row.
unsigned MatrixPlanner::rowConflicts(Word candidate) const {
  Columns words{1, 2}, banks;
  for (Word row : {candidate, at.lanes[0], at.lanes[1]})
    words.push_back(bytes(row) / 4);
  for (Word word : words)
    banks.push_back(word & 31);
  return f2::rank(words) - f2::rank(banks);
}

/// Of the register bits within a packed word, so that its elements come from few words of the plan,
/// the one whose rows lie in the most banks; else any register bit.
void MatrixPlanner::chooseHalf() {
  if (!form.transposed)
    return;
  for (auto [bit, column] : llvm::enumerate(at.registers)) {
    Word candidate = column & ~form.rowMask();
    bool inWord = (1u << bit) < form.wordElements;
    if (candidate && (!half || (inWord && rowConflicts(candidate) < rowConflicts(half))))
      half = candidate;
  }
}

MatrixPlanner::Piece MatrixPlanner::pieceOf(int32_t reg) const {
  Word offset = f2::apply(at.registers, reg);
  Piece piece{offset & ~form.unitMask(), static_cast<int32_t>(offset & form.unitMask())};
  if (half && (piece.matrix >> f2::topBit(half) & 1)) {
    piece.matrix ^= half;
    piece.position |= 1 << form.unitBits;
  }
  return piece;
}

/// The matrices are a subspace; instructions move cosets of the one that its first few span.
void MatrixPlanner::chooseMatrices() {
  Columns matrices;
  f2::Subspace span;
  unsigned limit = detail::exactLog2(maxMatrices, "the number of matrices per instruction");
  for (int32_t reg = 0; reg < toOffset.inSize(LayoutDim::Register); ++reg) {
    Word matrix = pieceOf(reg).matrix;
    if (!wordOfMatrix.try_emplace(matrix, -1).second)
      continue;
    matrices.push_back(matrix);
    if (directions.size() < limit && span.insert(matrix))
      directions.push_back(matrix);
  }
  result.matrices = int64_t(1) << directions.size();
  int32_t words = 0;
  for (Word first : matrices) {
    if (wordOfMatrix[first] >= 0)
      continue;
    firstMatrix.push_back(first);
    for (Word i = 0; i < result.matrices; ++i)
      wordOfMatrix[first ^ f2::apply(directions, i)] = words++;
  }
}

void MatrixPlanner::setAddresses() {
  Columns lanes;
  if (form.transposed)
    lanes = {half, at.lanes[0], at.lanes[1]};
  else
    lanes = {at.lanes[2], at.lanes[3], at.lanes[4]};
  llvm::append_range(lanes, directions);
  lanes.resize(5, 0);

  LayoutSpace in, out;
  in.setBits(LayoutDim::Lane, 5);
  in.setBits(LayoutDim::Warp, at.warps.size());
  in.setBits(LayoutDim::Block, at.blocks.size());
  Columns columns;
  for (llvm::ArrayRef<Word> part : {llvm::ArrayRef<Word>(lanes), llvm::ArrayRef<Word>(at.warps),
                                    llvm::ArrayRef<Word>(at.blocks)})
    for (Word column : part)
      columns.push_back(bytes(column));
  uint64_t size = static_cast<uint64_t>(toOffset.outSize(LayoutDim::Offset)) * elementBits / 8;
  out.setBits(LayoutDim::Offset, llvm::Log2_64(size));
  result.rowOffset = LinearLayout::fromColumns(in, out, columns);
  result.rowAddress = PlaceExpr::of(result.rowOffset, LayoutDim::Offset);

  Word variable = result.rowAddress.possibleBits();
  for (Word matrix : firstMatrix)
    result.instructions.push_back({bytes(matrix) & variable, bytes(matrix) & ~variable});

  BankConflicts all = bankConflicts(result.rowOffset, 8, 16);
  result.conflicts.ideal = result.matrices;
  result.conflicts.wavefronts = result.matrices * (all.wavefronts / all.ideal);
}

void MatrixPlanner::setElements() {
  result.words.assign(wordOfMatrix.size(), llvm::SmallVector<int32_t, 8>(form.wordElements, -1));
  for (int32_t reg = 0; reg < toOffset.inSize(LayoutDim::Register); ++reg) {
    Piece piece = pieceOf(reg);
    int32_t word = wordOfMatrix.lookup(piece.matrix);
    result.elements.push_back({word, piece.position});
    int32_t &holder = result.words[word][piece.position];
    if (holder < 0)
      holder = reg;
  }
}

void MatrixPlanner::setPacked() {
  unsigned perWord = form.wordElements, elementBytes = elementBits / 8;
  llvm::ArrayRef<MatrixAccessPlan::Element> elements = result.elements;
  for (size_t reg = 0; reg + perWord <= elements.size(); reg += perWord) {
    llvm::ArrayRef<MatrixAccessPlan::Element> group = elements.slice(reg, perWord);
    PackedWord packed{group[0].word, group[0].word, 0};
    for (const MatrixAccessPlan::Element &element : group)
      if (element.word != packed.first && packed.second == packed.first)
        packed.second = element.word;
    for (auto [k, element] : llvm::enumerate(group)) {
      bool inFirst = element.word == packed.first;
      bool subByte = elementBytes == 0; // 4-bit elements: only as they are
      if ((!inFirst && element.word != packed.second) ||
          (subByte && (!inFirst || element.position != static_cast<int32_t>(k)))) {
        result.packed.clear();
        return;
      }
      for (unsigned byte = 0; byte < elementBytes; ++byte) {
        unsigned from = element.position * elementBytes + byte + (inFirst ? 0 : 4);
        packed.selector |= from << 4 * (k * elementBytes + byte);
      }
    }
    if (elementBytes == 0)
      packed.selector = PackedWord().selector;
    result.packed.push_back(packed);
  }
}

MatrixAccessPlan MatrixPlanner::plan() {
  result.transposed = form.transposed;
  chooseHalf();
  chooseMatrices();
  setAddresses();
  setElements();
  setPacked();
  return std::move(result);
}

llvm::Error invalid(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

/// T, after checking that it is a map within each CTA for a warp of 32 lanes.
llvm::Expected<LinearLayout> checkedOffsets(const LinearLayout &distributed,
                                            const LinearLayout &shared, unsigned elementBits,
                                            int64_t maxMatrices, llvm::StringRef name) {
  if (elementBits != 4 && elementBits != 8 && elementBits != 16 && elementBits != 32)
    return invalid(name + " moves elements of 4, 8, 16 or 32 bits, not " +
                   llvm::Twine(elementBits));
  if (maxMatrices != 1 && maxMatrices != 2 && maxMatrices != 4)
    return invalid(name + " moves 1, 2 or 4 matrices, not " + llvm::Twine(maxMatrices));
  if (distributed.inSize(LayoutDim::Lane) != kLanesPerWarp)
    return invalid(name + " needs a warp of " + llvm::Twine(kLanesPerWarp) +
                   " lanes, the layout has " + llvm::Twine(distributed.inSize(LayoutDim::Lane)));
  if (distributed.out() != shared.out())
    return invalid(name + " between layouts of different shapes: " + distributed.toString() +
                   " and " + shared.toString());
  std::optional<LinearLayout> toOffset = placeToOffset(distributed, shared);
  if (!toOffset)
    return invalid("shared memory " + shared.toString() + " does not hold all that " +
                   distributed.toString() + " holds");
  for (LayoutDim dim : {LayoutDim::Register, LayoutDim::Lane, LayoutDim::Warp, LayoutDim::Block})
    for (auto [bit, column] : llvm::enumerate(toOffset->columns(dim))) {
      Word own = dim == LayoutDim::Block ? Word(1) << bit : 0;
      if (static_cast<Word>(toOffset->out().coordinate(column, LayoutDim::Block)) != own)
        return invalid(name + " reaches the shared memory of the own CTA only, but " +
                       layoutDimName(dim) + " bit " + llvm::Twine(bit) + " lies in another one's");
    }
  return *toOffset;
}

llvm::Expected<MatrixAccessPlan> planMatrixAccess(const LinearLayout &distributed,
                                                  const LinearLayout &shared, unsigned elementBits,
                                                  int64_t maxMatrices, bool isStore) {
  llvm::StringRef name = isStore ? "stmatrix" : "ldmatrix";
  llvm::Expected<LinearLayout> toOffset =
      checkedOffsets(distributed, shared, elementBits, maxMatrices, name);
  if (!toOffset)
    return toOffset.takeError();
  Offsets at{offsetColumns(*toOffset, LayoutDim::Register),
             offsetColumns(*toOffset, LayoutDim::Lane), offsetColumns(*toOffset, LayoutDim::Warp),
             offsetColumns(*toOffset, LayoutDim::Block)};
  if (isStore && f2::rank(at.lanes) < at.lanes.size())
    return invalid("stmatrix would store some elements from several lanes: " +
                   distributed.toString());

  Reason reasons[2];
  for (bool transposed : {false, true}) {
    Reason &reason = reasons[transposed];
    if (transposed)
      reason = whyNotTransposable(elementBits);
    if (!reason.empty())
      continue;
    RowForm form(llvm::Log2_32(elementBits), transposed);
    reason = whyNotForm(form, at);
    if (!reason.empty())
      continue;
    MatrixAccessPlan plan = MatrixPlanner(*toOffset, at, form, elementBits, maxMatrices).plan();
    plan.replicas = replicationMasks(distributed);
    plan.replicas.registers = plan.replicas.lanes = 0; // named by words; all lanes take part
    return plan;
  }
  return invalid(name + " does not fit " + llvm::Twine(elementBits) +
                 "-bit elements here: plain, " + reasons[0] + "; with .trans, " + reasons[1]);
}

} // namespace

int64_t MatrixAccessPlan::permuteCount() const {
  return llvm::count_if(packed, [](const PackedWord &word) { return !word.isCopy(); });
}

llvm::Expected<MatrixAccessPlan> planLdmatrix(const LinearLayout &distributed,
                                              const LinearLayout &shared, unsigned elementBits,
                                              int64_t maxMatrices) {
  return planMatrixAccess(distributed, shared, elementBits, maxMatrices, /*isStore=*/false);
}

llvm::Expected<MatrixAccessPlan> planStmatrix(const LinearLayout &distributed,
                                              const LinearLayout &shared, unsigned elementBits,
                                              int64_t maxMatrices) {
  return planMatrixAccess(distributed, shared, elementBits, maxMatrices, /*isStore=*/true);
}

std::optional<unsigned> pairingBit(const LinearLayout &operand, unsigned axis) {
  LayoutDim dim = tensorDim(axis);
  if (operand.inBits(LayoutDim::Lane) != 5 || operand.outBits(dim) < 4)
    return std::nullopt;
  unsigned shift = operand.out().shift(dim);
  for (unsigned i = 0; i < 3; ++i)
    if (operand.columns(LayoutDim::Lane)[2 + i] != Word(1) << (shift + i))
      return std::nullopt;
  for (unsigned bit = 3; bit < operand.outBits(dim); ++bit)
    if (llvm::is_contained(operand.columns(LayoutDim::Register), Word(1) << (shift + bit)))
      return bit;
  return std::nullopt;
}

LinearLayout moveBitToFront(const LinearLayout &layout, unsigned axis, unsigned bit) {
  LayoutDim dim = tensorDim(axis);
  if (bit >= layout.outBits(dim))
    detail::layoutBug("bit " + llvm::Twine(bit) + " is beyond dim " + llvm::Twine(axis) + " of " +
                      layout.toString());
  unsigned shift = layout.out().shift(dim);
  Word below = f2::lowMask(bit) << shift, moved = Word(1) << (shift + bit);
  Columns columns(layout.columns());
  for (Word &column : columns)
    column = (column & ~(below | moved)) | ((column & below) << 1) | ((column & moved) >> bit);
  return LinearLayout::fromColumns(layout.in(), layout.out(), columns);
}

} // namespace cosmati
