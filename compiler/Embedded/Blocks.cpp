// Construct.h: making and reshaping blocks, products, reductions, the program's place, debugging.
#include "compiler/Embedded/Trace.h"

namespace cosmati::detail {

static llvm::SmallVector<int64_t, 8> toShape(const Dims &dims) {
  return {dims.extent, dims.extent + dims.rank};
}

Handle full(const TypeSpec &type, const Operand &value, Where where) {
  return at(where, [&](Trace &trace, lang::Builder &b) {
    return trace.add(b.full(toShape(type.dims), trace.operand(value),
                            toLanguageType({type.element, type.pointers, type.isConst, {}})));
  });
}

Handle arange(int start, int end, Where where) {
  return at(where, [&](Trace &trace, lang::Builder &b) { return trace.add(b.arange(start, end)); });
}

Handle broadcastTo(const Operand &x, const Dims &shape, Where where) {
  return at(where, [&](Trace &trace, lang::Builder &b) {
    const lang::Value &value = trace.value(x.value);
    // The Builder wants equal ranks.
    llvm::SmallVector<int64_t, 8> padded(value.shape());
    if (value.isBlock() && value.type.rank() < shape.rank)
      padded.insert(padded.begin(), shape.rank - padded.size(), 1);
    lang::Value ranked = value.isBlock() ? b.reshape(value, padded) : value;
    return trace.add(b.broadcastTo(ranked, toShape(shape)));
  });
}

Handle expandDims(const Operand &x, int axis, Where where) {
  return at(where, [&](Trace &trace, lang::Builder &b) {
    return trace.add(b.expandDims(trace.value(x.value), axis));
  });
}

Handle reshape(const Operand &x, const Dims &shape, bool canReorder, Where where) {
  return at(where, [&](Trace &trace, lang::Builder &b) {
    return trace.add(b.reshape(trace.value(x.value), toShape(shape), canReorder));
  });
}

Handle permute(const Operand &x, const Dims &order, Where where) {
  return at(where, [&](Trace &trace, lang::Builder &b) {
    return trace.add(b.permute(trace.value(x.value), toShape(order)));
  });
}

Handle join(const Operand &x, const Operand &y, Where where) {
  return at(where, [&](Trace &trace, lang::Builder &b) {
    return trace.add(b.join(trace.value(x.value), trace.value(y.value)));
  });
}

std::pair<Handle, Handle> split(const Operand &x, Where where) {
  return at(where, [&](Trace &trace, lang::Builder &b) {
    auto [first, second] = b.split(trace.value(x.value));
    Handle one = trace.add(first);
    return std::pair(one, trace.add(second));
  });
}

Handle cat(const Operand &x, const Operand &y, int dim, Where where) {
  return at(where, [&](Trace &trace, lang::Builder &b) {
    return trace.add(b.cat(trace.value(x.value), trace.value(y.value), /*canReorder=*/false, dim));
  });
}

Handle dot(const Operand &a, const Operand &x, const Operand &acc, Element outType,
           std::string_view precision, int maxNumImpreciseAcc, Where where) {
  return at(where, [&](Trace &trace, lang::Builder &b) {
    lang::DotOptions options;
    if (acc.kind == Operand::Kind::Value)
      options.acc = trace.value(acc.value);
    options.inputPrecision = precision;
    if (maxNumImpreciseAcc >= 0)
      options.maxNumImpreciseAcc = maxNumImpreciseAcc;
    options.outType = toLanguageType(outType);
    return trace.add(b.dot(trace.value(a.value), trace.value(x.value), options));
  });
}

static lang::ScaledOperand toScaled(const ScaledSide &side, const Trace &trace) {
  lang::ScaledOperand operand{trace.value(side.values.value), side.format};
  if (side.scale.kind == Operand::Kind::Value)
    operand.scale = trace.value(side.scale.value);
  return operand;
}

Handle dotScaled(const ScaledSide &a, const ScaledSide &x, const Operand &acc, bool fastMath,
                 Where where) {
  return at(where, [&](Trace &trace, lang::Builder &b) {
    lang::DotScaledOptions options;
    options.acc = trace.value(acc.value);
    options.fastMath = fastMath;
    return trace.add(b.dotScaled(toScaled(a, trace), toScaled(x, trace), options));
  });
}

//===------------------------------------------------------------------------------------------===//
// Foreign code
//===------------------------------------------------------------------------------------------===//

static llvm::SmallVector<lang::Operand, 4> operandsOf(std::initializer_list<Operand> args,
                                                      const Trace &trace) {
  llvm::SmallVector<lang::Operand, 4> operands;
  for (const Operand &arg : args)
    operands.push_back(trace.operand(arg));
  return operands;
}

Handle inlineAsm(std::string_view text, std::string_view constraints,
                 std::initializer_list<Operand> args, Element result, int pack, bool isPure,
                 Where where) {
  return at(where, [&](Trace &trace, lang::Builder &b) {
    return trace.add(b.inlineAsm(text, constraints, operandsOf(args, trace), toLanguageType(result),
                                 {pack, isPure})
                         .front());
  });
}

Handle externElementwise(std::string_view library, std::string_view path, std::string_view symbol,
                         std::initializer_list<Operand> args, Element result, Where where) {
  return at(where, [&](Trace &trace, lang::Builder &b) {
    lang::ExternFunction function;
    function.library = library;
    function.path = path;
    function.symbol = symbol;
    return trace.add(
        b.externElementwise(function, operandsOf(args, trace), toLanguageType(result)));
  });
}

//===------------------------------------------------------------------------------------------===//
// Reductions and scans
//===------------------------------------------------------------------------------------------===//

static lang::Values valuesOf(const Handle *blocks, size_t count, const Trace &trace) {
  lang::Values values;
  for (const Handle &block : llvm::ArrayRef(blocks, count))
    values.push_back(trace.value(block));
  return values;
}

static void openWith(Trace &trace, const lang::Values &arguments, Handle *handles) {
  trace.openCombine();
  for (const lang::Value &argument : arguments)
    *handles++ = trace.add(argument);
}

void beginReduce(const Handle *blocks, size_t count, int axis, Handle *arguments, Where where) {
  at(where, [&](Trace &trace, lang::Builder &b) {
    auto dim = axis < 0 ? std::nullopt : std::optional<int64_t>(axis);
    openWith(trace, b.beginReduce(valuesOf(blocks, count, trace), dim), arguments);
  });
}

void beginScan(const Handle *blocks, size_t count, int axis, bool reverse, Handle *arguments,
               Where where) {
  at(where, [&](Trace &trace, lang::Builder &b) {
    openWith(trace, b.beginScan(valuesOf(blocks, count, trace), axis, reverse), arguments);
  });
}

template <typename End>
static void endCombine(const Operand *combined, size_t count, Handle *results, End end) {
  Trace &trace = Trace::current(Where());
  at(trace.place(), [&](Trace &, lang::Builder &b) {
    llvm::SmallVector<lang::Operand, 2> operands;
    for (const Operand &operand : llvm::ArrayRef(combined, count))
      operands.push_back(trace.operand(operand));
    lang::Values values = end(b, operands);
    trace.closeCombine();
    for (const lang::Value &value : values)
      *results++ = trace.add(value);
  });
}

void endReduce(const Operand *combined, size_t count, Handle *results) {
  endCombine(combined, count, results, [](lang::Builder &b, llvm::ArrayRef<lang::Operand> values) {
    return b.endReduce(values);
  });
}
void endScan(const Operand *combined, size_t count, Handle *results) {
  endCombine(combined, count, results, [](lang::Builder &b, llvm::ArrayRef<lang::Operand> values) {
    return b.endScan(values);
  });
}

//===------------------------------------------------------------------------------------------===//
// The program
//===------------------------------------------------------------------------------------------===//

Handle programId(int axis, Where where) {
  return at(where, [&](Trace &trace, lang::Builder &b) { return trace.add(b.programId(axis)); });
}
Handle numPrograms(int axis, Where where) {
  return at(where, [&](Trace &trace, lang::Builder &b) { return trace.add(b.numPrograms(axis)); });
}
void debugBarrier(Where where) {
  at(where, [&](Trace &, lang::Builder &b) { b.debugBarrier(); });
}

void print(std::string_view prefix, std::initializer_list<Operand> args, bool hex, Where where) {
  at(where, [&](Trace &trace, lang::Builder &b) {
    llvm::SmallVector<lang::Operand, 4> operands;
    for (const Operand &arg : args)
      operands.push_back(trace.operand(arg));
    b.print(prefix, operands, hex);
  });
}

void assertThat(const Operand &condition, std::string_view message, const Operand &mask,
                Where where) {
  at(where, [&](Trace &trace, lang::Builder &b) {
    if (trace.checksAsserts())
      b.assertThat(trace.operand(condition), message, trace.optional(mask));
  });
}

void assume(const Operand &condition, Where where) {
  at(where, [&](Trace &trace, lang::Builder &b) { b.assume(trace.operand(condition)); });
}

Handle hint(Hint kind, const Operand &x, std::initializer_list<int> numbers, Where where) {
  return at(where, [&](Trace &trace, lang::Builder &b) {
    const lang::Value &value = trace.value(x.value);
    llvm::SmallVector<int64_t, 4> promised(numbers.begin(), numbers.end());
    switch (kind) {
    case Hint::MultipleOf:
      return trace.add(b.multipleOf(value, promised));
    case Hint::MaxContiguous:
      return trace.add(b.maxContiguous(value, promised));
    case Hint::MaxConstancy:
      return trace.add(b.maxConstancy(value, promised));
    }
    llvm_unreachable("every hint is handled above");
  });
}

//===------------------------------------------------------------------------------------------===//
// Loops and branches
//===------------------------------------------------------------------------------------------===//

Handle beginFor(const Operand &low, const Operand &high, const Operand &step,
                const LoopHints &hints, Where where) {
  return at(where, [&](Trace &trace, lang::Builder &) {
    lang::LoopOptions options;
    if (hints.numStages)
      options.numStages = hints.numStages;
    if (hints.unrollFactor)
      options.unrollFactor = hints.unrollFactor;
    options.flatten = hints.flatten;
    options.warpSpecialize = hints.warpSpecialize;
    options.disableLicm = hints.disableLicm;
    Handle counter;
    trace.beginFor(trace.operand(low), trace.operand(high), trace.operand(step), options, counter);
    return counter;
  });
}

template <typename Build> static void here(Build build) {
  Trace &trace = Trace::current(Where());
  at(trace.place(), [&](Trace &, lang::Builder &) { build(trace); });
}

void endFor() {
  here([](Trace &trace) { trace.endFor(); });
}
void beginWhile(Where where) {
  at(where, [](Trace &trace, lang::Builder &) { trace.beginWhile(); });
}
void whileCondition(const Operand &condition, Where where) {
  at(where, [&](Trace &trace, lang::Builder &) { trace.whileCondition(condition); });
}
void endWhile() {
  here([](Trace &trace) { trace.endWhile(); });
}
void beginIf(const Operand &condition, Where where) {
  at(where, [&](Trace &trace, lang::Builder &) { trace.beginIf(trace.operand(condition)); });
}
void beginElse() {
  here([](Trace &trace) { trace.beginElse(); });
}
void endIf() {
  here([](Trace &trace) { trace.endIf(); });
}

} // namespace cosmati::detail
