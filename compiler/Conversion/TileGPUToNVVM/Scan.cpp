// tile.scan within a warp.
//
// The bits of the index along the axis lie in register bits and lane bits. They are taken from the
// lowest up, in runs of one kind; after each run every element holds the running combination within
// its segment of the axis (the elements that agree in all bits not yet taken).
//
//   run of register bits: one segment after the other: elements of segment i are combined with the
//     total of segment i - 1, which sits at that segment's last element.
//   run of lane bits: the lanes' totals are scanned (bit j: lanes that have it fetch the total of
//   the
//     half below), giving each lane the total of all lanes before it, its prefix; then every
//     element is combined with the prefix.
//
// With `reverse` the order is turned round: a bit that is 0 comes after one that is 1.
#include "compiler/Conversion/TileGPUToNVVM/Combine.h"
#include "compiler/Conversion/TileGPUToNVVM/Shuffle.h"

#include "dialects/Layout/LayoutConstructors.h"

using namespace mlir;

namespace cosmati::tonvvm {

namespace {

/// Consecutive bits of the axis that lie in bits of one kind, lowest first.
struct Run {
  LayoutDim dim;
  SmallVector<unsigned> bits;
};

class Scanner {
public:
  Scanner(tile::ScanOp op, ThreadValues &thread, ConversionPatternRewriter &rewriter)
      : op(op), thread(thread), rewriter(rewriter), emit(rewriter, op.getLoc()),
        layout(tilegpu::layoutOf(op.getSources().front()), op.getAxis()), reverse(op.getReverse()) {
  }

  LogicalResult run(ArrayRef<ValueRange> sources) {
    FailureOr<SmallVector<Run>> runs = findRuns();
    if (failed(runs))
      return failure();
    for (size_t r = 0; r < sources.front().size(); ++r) {
      Tuple &tuple = values.emplace_back();
      for (ValueRange registers : sources)
        tuple.push_back(registers[r]);
    }
    for (const Run &run : *runs) {
      if (run.dim == LayoutDim::Register)
        scanRegisters(run);
      else
        scanLanes(run);
    }
    SmallVector<SmallVector<Value>> results(sources.size());
    for (const Tuple &tuple : values)
      for (auto [result, value] : llvm::zip(results, tuple))
        result.push_back(value);
    rewriter.replaceOpWithMultiple(op, std::move(results));
    return success();
  }

private:
  FailureOr<SmallVector<Run>> findRuns() {
    if (failed(layout.verifySeparable(op)))
      return failure();
    for (Value value : llvm::concat<Value>(SmallVector<Value>(op.getSources()),
                                           SmallVector<Value>(op.getResults())))
      if (tilegpu::layoutOf(value) != layout.whole())
        return op.emitOpError("has operands or results in different layouts");
    SmallVector<Run> runs;
    unsigned axisBits = layout.whole().outBits(tensorDim(op.getAxis()));
    for (unsigned bit = 0; bit < axisBits; ++bit) {
      std::optional<std::pair<LayoutDim, unsigned>> place = placeOf(1u << bit);
      if (!place)
        return op.emitOpError("needs every bit of the index along the axis in exactly one register "
                              "or lane bit; the layout is ")
               << layout.whole().toString();
      if (runs.empty() || runs.back().dim != place->first)
        runs.push_back({place->first, {}});
      runs.back().bits.push_back(place->second);
    }
    return runs;
  }

  /// The only register or lane bit that moves the axis, by exactly `step`; none if several do.
  std::optional<std::pair<LayoutDim, unsigned>> placeOf(uint32_t step) {
    std::optional<std::pair<LayoutDim, unsigned>> place;
    for (LayoutDim dim : {LayoutDim::Register, LayoutDim::Lane, LayoutDim::Warp})
      for (unsigned bit = 0; bit < layout.whole().inBits(dim); ++bit) {
        uint32_t column = layout.axisColumn(dim, bit);
        if (!(column & step))
          continue;
        if (column != step || place || dim == LayoutDim::Warp)
          return std::nullopt;
        place.emplace(dim, bit);
      }
    return place;
  }

  Tuple combineTuples(const Tuple &a, const Tuple &b) {
    return combine(rewriter, op.getCombine(), a, b);
  }
  Tuple select(Value condition, const Tuple &a, const Tuple &b) {
    Tuple result;
    for (auto [x, y] : llvm::zip(a, b))
      result.push_back(emit.select(condition, x, y));
    return result;
  }

  /// From the lane whose bits of `set` are 1, of `cleared` 0, and which is else this lane.
  Tuple fetch(const Tuple &tuple, uint32_t set, uint32_t cleared) {
    uint32_t kept = (kLanesPerWarp - 1) & ~(set | cleared);
    PlaceExpr own{{{LayoutDim::Lane, kept, 0}}};
    Value lane = xorConstant(emit, thread.evaluate(own), kept, set);
    Tuple result;
    for (Value value : tuple)
      result.push_back(shuffleScalarIndex(emit, value, lane));
    return result;
  }
  /// From the lane that is the last of those that `lanes` tells apart.
  Tuple fetchLast(const Tuple &tuple, uint32_t lanes) {
    if (!lanes)
      return tuple;
    return reverse ? fetch(tuple, 0, lanes) : fetch(tuple, lanes, 0);
  }
  /// Whether this lane comes first among those that `lanes` tells apart.
  Value isFirst(uint32_t lanes) { return thread.maskEquals(lanes, reverse ? lanes : 0); }

  /// Registers that have none of `bits`.
  SmallVector<uint32_t> registersWithout(uint32_t bits) {
    SmallVector<uint32_t> result;
    for (uint32_t r = 0; r < values.size(); ++r)
      if (!(r & bits))
        result.push_back(r);
    return result;
  }
  /// All combinations of the bits of `mask`.
  static SmallVector<uint32_t> subsets(uint32_t mask) {
    SmallVector<uint32_t> result{0};
    for (uint32_t rest = mask; rest; rest &= rest - 1) {
      uint32_t bit = rest & -rest;
      for (size_t i = 0, e = result.size(); i < e; ++i)
        result.push_back(result[i] | bit);
    }
    return result;
  }
  uint32_t lastRegister() const { return reverse ? 0 : doneRegisters; }

  void scanRegisters(const Run &run) {
    uint32_t mask = 0;
    for (unsigned bit : run.bits)
      mask |= 1u << bit;
    for (uint32_t outer : registersWithout(mask | doneRegisters)) {
      std::optional<uint32_t> previous;
      for (uint32_t i = 0; i < 1u << run.bits.size(); ++i) {
        uint32_t segment = outer;
        for (auto [position, bit] : llvm::enumerate(run.bits))
          if ((i >> position & 1) != reverse)
            segment |= 1u << bit;
        if (previous) {
          Tuple carry = fetchLast(values[*previous | lastRegister()], doneLanes);
          for (uint32_t inner : subsets(doneRegisters))
            values[segment | inner] = combineTuples(carry, values[segment | inner]);
        }
        previous = segment;
      }
    }
    doneRegisters |= mask;
  }

  void scanLanes(const Run &run) {
    uint32_t mask = 0;
    for (unsigned bit : run.bits)
      mask |= 1u << bit;
    for (uint32_t outer : registersWithout(doneRegisters)) {
      Tuple total = fetchLast(values[outer | lastRegister()], doneLanes);
      Tuple prefix = scanTotals(run, total);
      for (uint32_t inner : subsets(doneRegisters)) {
        Tuple &tuple = values[outer | inner];
        tuple = select(isFirst(mask), tuple, combineTuples(prefix, tuple));
      }
    }
    doneLanes |= mask;
  }

  /// The total of all lanes before this one; anything in the first lane.
  Tuple scanTotals(const Run &run, Tuple total) {
    Tuple prefix;
    uint32_t below = 0;
    for (auto [position, bit] : llvm::enumerate(run.bits)) {
      uint32_t mask = 1u << bit;
      Tuple half = reverse ? fetch(total, mask, below) : fetch(total, below, mask);
      if (!below)
        prefix = half;
      else
        prefix = select(isFirst(mask), prefix,
                        select(isFirst(below), half, combineTuples(half, prefix)));
      if (position + 1 < run.bits.size())
        total = select(isFirst(mask), total, combineTuples(half, total));
      below |= mask;
    }
    return prefix;
  }

  tile::ScanOp op;
  ThreadValues &thread;
  ConversionPatternRewriter &rewriter;
  Emitter emit;
  AxisLayout layout;
  bool reverse;
  SmallVector<Tuple> values; ///< by register
  uint32_t doneRegisters = 0, doneLanes = 0;
};

struct LowerScan : BlockPattern<tile::ScanOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tile::ScanOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    return Scanner(op, context.thread(op), rewriter).run(SmallVector<ValueRange>(in.getSources()));
  }
};

} // namespace

void populateScan(const TypeConverter &types, RewritePatternSet &patterns,
                  LoweringContext &context) {
  patterns.add<LowerScan>(types, context);
}

} // namespace cosmati::tonvvm
