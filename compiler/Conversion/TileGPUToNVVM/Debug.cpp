// tile.print by vprintf, tile.assert by __assertfail: the two functions of the device that driver
// and virtual machine provide.
#include "compiler/Conversion/TileGPUToNVVM/Lowering.h"

#include "mlir/IR/Location.h"

using namespace mlir;

namespace cosmati::tonvvm {

namespace {

/// One vprintf call: its format, and arguments of 8 bytes each.
class PrintCall {
public:
  explicit PrintCall(Emitter &emit) : emit(emit) {}

  void text(StringRef literal) {
    for (char c : literal)
      format.append(c == '%' ? 2 : 1, c);
  }
  void integer(Value value, bool isSigned) {
    format += isSigned ? "%lld" : "%llu";
    args.push_back(isSigned ? emit.sext(value, emit.i64()) : emit.zext(value, emit.i64()));
  }
  void hex(Value value) {
    Value bits = toBits(emit, value);
    unsigned digits = cast<IntegerType>(bits.getType()).getWidth() / 4;
    format += "0x%0" + std::to_string(digits) + "llx";
    args.push_back(emit.zext(bits, emit.i64()));
  }
  void real(Value value) {
    format += "%f";
    args.push_back(emit.fpext(value, emit.f64()));
  }

  /// `buffer`: at least one slot of 8 bytes per argument.
  void emitCall(LoweringContext &context, Value buffer) {
    Type ptr = emit.pointer(0);
    for (auto [index, arg] : llvm::enumerate(args))
      LLVM::StoreOp::create(emit.builder, emit.loc, arg, emit.byteOffset(buffer, index * 8), 8);
    auto callee = context.declare("vprintf", emit.i32(), {ptr, ptr});
    Value operands[] = {context.stringAddress(emit, format), buffer};
    LLVM::CallOp::create(emit.builder, emit.loc, callee, operands);
  }

private:
  Emitter &emit;
  std::string format;
  SmallVector<Value> args;
};

/// Each element by one thread: "pid (0, 0, 0) idx (3, 4) prefix: value".
struct LowerPrint : BlockPattern<tile::PrintOp> {
  using BlockPattern::BlockPattern;

  LogicalResult matchAndRewrite(tile::PrintOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    for (Value arg : op.getArgs())
      if (auto type = dyn_cast<FloatType>(getElementTypeOrSelf(arg.getType()));
          type && type.getWidth() == 8 && !op.getHex())
        return op.emitOpError("prints ") << type << "; convert it to f32 first, or print it in hex";
    Value buffer = allocateBuffer(op);
    if (op.getArgs().empty())
      printOperand(op, -1, {}, buffer, rewriter);
    for (size_t i = 0; i < op.getArgs().size(); ++i)
      printOperand(op, i, in.getArgs()[i], buffer, rewriter);
    rewriter.eraseOp(op);
    return success();
  }

private:
  /// Three program ids, one index per dim, the value. At the head of the function: an allocation in
  /// a loop would grow the stack.
  Value allocateBuffer(tile::PrintOp op) const {
    size_t slots = 4;
    for (Value arg : op.getArgs())
      if (auto block = dyn_cast<RankedTensorType>(arg.getType()))
        slots = std::max(slots, size_t(block.getRank()) + 4);
    OpBuilder builder = context.thread(op).headBuilder();
    Emitter emit(builder, op.getLoc());
    return LLVM::AllocaOp::create(builder, op.getLoc(), emit.pointer(0), emit.i64(),
                                  emit.i32(slots), /*alignment=*/8);
  }

  void printOperand(tile::PrintOp op, int operand, ValueRange registers, Value buffer,
                    ConversionPatternRewriter &rewriter) const {
    ThreadValues &thread = context.thread(op);
    Type type = operand < 0 ? Type() : op.getArgs()[operand].getType();
    bool isBlock = type && isa<RankedTensorType>(type);
    ReplicationMasks replicas;
    if (isBlock)
      replicas = replicationMasks(tilegpu::layoutOf(type));
    Value acting = isBlock ? thread.isFirstReplica(replicas) : thread.isThreadZero();
    OpBuilder::InsertionGuard guard(rewriter);
    if (acting) {
      auto branch = scf::IfOp::create(rewriter, op.getLoc(), acting, /*withElseRegion=*/false);
      rewriter.setInsertionPointToStart(branch.thenBlock());
    }
    Emitter emit(rewriter, op.getLoc());
    Value pids[] = {NVVM::BlockIdXOp::create(rewriter, op.getLoc(), emit.i32()),
                    NVVM::BlockIdYOp::create(rewriter, op.getLoc(), emit.i32()),
                    NVVM::BlockIdZOp::create(rewriter, op.getLoc(), emit.i32())};
    for (size_t r = 0; r < std::max<size_t>(1, registers.size()); ++r) {
      if (r & replicas.registers)
        continue;
      PrintCall call(emit);
      printTuple(call, "pid (", pids);
      if (isBlock)
        printTuple(call, " idx (", indices(emit, thread, tilegpu::layoutOf(type), r));
      call.text((" " + op.getPrefix()).str());
      if (operand >= 0)
        printValue(call, op, operand, registers[r]);
      call.text("\n");
      call.emitCall(context, buffer);
    }
  }

  static void printTuple(PrintCall &call, StringRef opening, ArrayRef<Value> values) {
    call.text(opening);
    for (auto [position, value] : llvm::enumerate(values)) {
      call.text(position ? ", " : "");
      call.integer(value, /*isSigned=*/false);
    }
    call.text(")");
  }

  static void printValue(PrintCall &call, tile::PrintOp op, int operand, Value value) {
    call.text(": ");
    if (op.getArgs().size() > 1)
      call.text("(operand " + std::to_string(operand) + ") ");
    if (op.getHex() || isa<LLVM::LLVMPointerType>(value.getType()))
      call.hex(value);
    else if (isa<FloatType>(value.getType()))
      call.real(value);
    else
      call.integer(value, op.getIsSigned()[operand]);
  }

  static SmallVector<Value> indices(Emitter &emit, ThreadValues &thread, const LinearLayout &layout,
                                    int32_t reg) {
    SmallVector<int32_t, 4> constants = layout.apply({{LayoutDim::Register, reg}});
    SmallVector<Value> result;
    for (unsigned dim = 0; dim < constants.size(); ++dim) {
      PlaceExpr expr = PlaceExpr::of(layout, tensorDim(dim));
      result.push_back(
          xorConstant(emit, thread.evaluate(expr), expr.possibleBits(), constants[dim]));
    }
    return result;
  }
};

/// The file and line of the innermost call.
FileLineColLoc fileLineOf(Location loc) {
  FileLineColLoc found;
  loc->walk([&](Location part) {
    found = dyn_cast<FileLineColLoc>(part);
    return found ? WalkResult::interrupt() : WalkResult::advance();
  });
  return found;
}

struct LowerAssert : BlockPattern<tile::AssertOp> {
  using BlockPattern::BlockPattern;

  LogicalResult matchAndRewrite(tile::AssertOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Emitter emit(rewriter, loc);
    Value holds;
    for (Value condition : in.getCondition())
      holds = holds && holds != condition ? emit.bitAnd(holds, condition) : condition;
    auto branch = scf::IfOp::create(rewriter, loc, emit.bitXor(holds, 1), /*withElseRegion=*/false);
    {
      OpBuilder::InsertionGuard guard(rewriter);
      rewriter.setInsertionPointToStart(branch.thenBlock());
      fail(rewriter, op);
    }
    rewriter.eraseOp(op);
    return success();
  }

private:
  void fail(ConversionPatternRewriter &rewriter, tile::AssertOp op) const {
    Emitter emit(rewriter, op.getLoc());
    FileLineColLoc place = fileLineOf(op.getLoc());
    auto function = op->getParentOfType<FunctionOpInterface>();
    Type ptr = emit.pointer(0);
    auto callee = context.declare("__assertfail", LLVM::LLVMVoidType::get(op.getContext()),
                                  {ptr, ptr, emit.i32(), ptr, emit.i64()});
    Value operands[] = {context.stringAddress(emit, op.getMessage()),
                        context.stringAddress(emit, place ? place.getFilename().getValue() : "?"),
                        emit.i32(place ? place.getLine() : 0),
                        context.stringAddress(emit, function.getName()),
                        emit.i64(/*bytes per character=*/1)};
    LLVM::CallOp::create(rewriter, op.getLoc(), callee, operands);
    LLVM::Trap::create(rewriter, op.getLoc());
  }
};

} // namespace

void populateDebug(const TypeConverter &types, RewritePatternSet &patterns,
                   LoweringContext &context) {
  patterns.add<LowerPrint, LowerAssert>(types, context);
}

} // namespace cosmati::tonvvm
