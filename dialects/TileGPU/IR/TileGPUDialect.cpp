// Registration, module attributes and the questions asked of them.
#include "dialects/TileGPU/IR/MmaOps.h"
#include "dialects/TileGPU/IR/ShapeLayouts.h"

#include "mlir/Transforms/InliningUtils.h"
#include "llvm/Support/ErrorHandling.h"

using namespace mlir;
using namespace cosmati;
using namespace cosmati::tilegpu;

#include "dialects/TileGPU/IR/TileGPUDialect.cpp.inc"

namespace {

/// Layouts print once, at the top of the file, and are named where they are used.
struct LayoutAliases : OpAsmDialectInterface {
  using OpAsmDialectInterface::OpAsmDialectInterface;
  AliasResult getAlias(Attribute attribute, raw_ostream &os) const override {
    if (isa<LayoutAttr>(attribute))
      os << "layout";
    else if (isa<SharedLayoutAttr>(attribute))
      os << "shared";
    else
      return AliasResult::NoAlias;
    return AliasResult::FinalAlias;
  }
};

struct TileGPUInlinerInterface : DialectInlinerInterface {
  using DialectInlinerInterface::DialectInlinerInterface;
  bool isLegalToInline(Operation *, Region *, bool, IRMapping &) const final { return true; }
  bool isLegalToInline(Region *, Region *, bool, IRMapping &) const final { return true; }
};

} // namespace

void TileGPUDialect::initialize() {
  registerAttributes();
  registerTypes();
  addOperations<
#define GET_OP_LIST
#include "dialects/TileGPU/IR/TileGPUOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/TileGPU/IR/TileGPUMmaOps.cpp.inc"
      >();
  addInterfaces<LayoutAliases, TileGPUInlinerInterface, ShapeLayoutInterface>();
}

Operation *TileGPUDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type,
                                               Location loc) {
  return arith::ConstantOp::materialize(builder, value, type, loc);
}

static LogicalResult verifyPositiveI32(Operation *op, NamedAttribute attribute, bool powerOfTwo,
                                       int64_t least, int64_t most) {
  auto value = dyn_cast<IntegerAttr>(attribute.getValue());
  if (value && value.getType().isSignlessInteger(32) && value.getInt() >= least &&
      value.getInt() <= most && (!powerOfTwo || llvm::isPowerOf2_64(value.getInt())))
    return success();
  InFlightDiagnostic error = op->emitOpError() << "'" << attribute.getName().getValue() << "' is "
                                               << attribute.getValue() << "; it must be "
                                               << (powerOfTwo ? "a power of two" : "an i32")
                                               << " of at least " << least;
  if (most < INT32_MAX)
    error << " and at most " << most;
  return powerOfTwo ? error << ", as an i32" : error;
}

LogicalResult TileGPUDialect::verifyOperationAttribute(Operation *op, NamedAttribute attribute) {
  StringRef name = attribute.getName();
  if (name == kTargetAttr && !isa<TargetAttr>(attribute.getValue())) // module_c1
    return op->emitOpError() << "'" << name << "' is a #tilegpu.target, got "
                             << attribute.getValue();
  if (name == kNumWarpsAttr) // module_c2
    return verifyPositiveI32(op, attribute, /*powerOfTwo=*/true, 1, 32);
  if (name == kSharedBytesAttr) // module_c3
    return verifyPositiveI32(op, attribute, /*powerOfTwo=*/false, 0, INT32_MAX);
  if (name == kVectorAttr) // vector_c1: at most 16 bytes, so at most 16 elements
    return verifyPositiveI32(op, attribute, /*powerOfTwo=*/true, 1, 16);
  return success();
}

namespace cosmati::tilegpu {

LayoutAttr layoutAttrOf(Type type) {
  auto block = dyn_cast<RankedTensorType>(type);
  return block ? dyn_cast_if_present<LayoutAttr>(block.getEncoding()) : LayoutAttr();
}

const LinearLayout &layoutOf(Type type) {
  if (LayoutAttr layout = layoutAttrOf(type))
    return layout.getMap();
  std::string text;
  llvm::raw_string_ostream(text) << type;
  llvm::report_fatal_error(llvm::Twine("tilegpu: type ") + text +
                           " has no layout; convert-tile-to-tilegpu gives one");
}

RankedTensorType withLayout(RankedTensorType block, LayoutAttr layout) {
  return RankedTensorType::get(block.getShape(), block.getElementType(), layout);
}

RankedTensorType withLayout(RankedTensorType block, const LinearLayout &layout) {
  return withLayout(block, LayoutAttr::get(block.getContext(), layout));
}

unsigned elementBits(Type elementType) {
  if (isa<tile::PtrType>(elementType))
    return 64;
  return elementType.getIntOrFloatBitWidth();
}

template <typename AttrT> static AttrT moduleAttr(Operation *op, StringRef name) {
  for (Operation *at = op; at; at = at->getParentOp())
    if (auto attr = at->getAttrOfType<AttrT>(name))
      return attr;
  llvm::report_fatal_error("tilegpu: the module has no attribute '" + llvm::Twine(name) +
                           "'; convert-tile-to-tilegpu sets it");
}

int numWarpsOf(Operation *op) { return moduleAttr<IntegerAttr>(op, kNumWarpsAttr).getInt(); }

TargetAttr targetOf(Operation *op) { return moduleAttr<TargetAttr>(op, kTargetAttr); }

} // namespace cosmati::tilegpu
