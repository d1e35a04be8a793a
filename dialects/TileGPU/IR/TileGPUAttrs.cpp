// Text and rules of the layout attributes; the target attribute's questions.
#include "dialects/Layout/LayoutConstructors.h"
#include "dialects/TileGPU/IR/TileGPUDialect.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace cosmati;
using namespace cosmati::tilegpu;

#define GET_ATTRDEF_CLASSES
#include "dialects/TileGPU/IR/TileGPUAttrs.cpp.inc"

void TileGPUDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/TileGPU/IR/TileGPUAttrs.cpp.inc"
      >();
}

//===--------------------------------------------------------------------------------------------===//
// Text: LinearLayout's own, read through the IR parser so that errors point at the place
//===--------------------------------------------------------------------------------------------===//

template <typename Int>
static ParseResult parseIntegers(AsmParser &parser, SmallVectorImpl<Int> &values) {
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square,
                                        [&] { return parser.parseInteger(values.emplace_back()); });
}

static ParseResult parseBases(AsmParser &parser, LayoutBases &bases) {
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
    return parseIntegers(parser, bases.vectors.emplace_back());
  });
}

/// `register = [[0, 1], [0, 2]], lane = [], ..., shape = [1, 8]`.
static FailureOr<LinearLayout> parseLayout(AsmParser &parser) {
  SMLoc start = parser.getCurrentLocation();
  SmallVector<LayoutBases, 4> inputs;
  SmallVector<int64_t> shape;
  while (true) {
    SMLoc place = parser.getCurrentLocation();
    StringRef name;
    if (parser.parseKeyword(&name) || parser.parseEqual())
      return failure();
    if (name == "shape") {
      if (parseIntegers(parser, shape))
        return failure();
      break;
    }
    std::optional<LayoutDim> dim = parseLayoutDim(name);
    if (!dim || isTensorDim(*dim)) {
      parser.emitError(place,
                       "expected 'register', 'lane', 'warp', 'block', 'offset' or 'shape', found '")
          << name << "'";
      return failure();
    }
    if (parseBases(parser, inputs.emplace_back(LayoutBases{*dim, {}})) || parser.parseComma())
      return failure();
  }
  llvm::Expected<LinearLayout> layout = LinearLayout::create(inputs, shape);
  if (layout)
    return std::move(*layout);
  parser.emitError(start, llvm::toString(layout.takeError()));
  return failure();
}

Attribute LayoutAttr::parse(AsmParser &parser, Type) {
  SMLoc start = parser.getCurrentLocation();
  if (parser.parseLess())
    return {};
  FailureOr<LinearLayout> map = parseLayout(parser);
  if (failed(map) || parser.parseGreater())
    return {};
  return getChecked([&] { return parser.emitError(start); }, parser.getContext(), std::move(*map));
}

void LayoutAttr::print(AsmPrinter &printer) const { printer << '<' << getMap().toString() << '>'; }

Attribute SharedLayoutAttr::parse(AsmParser &parser, Type) {
  SMLoc start = parser.getCurrentLocation();
  if (parser.parseLess())
    return {};
  FailureOr<LinearLayout> map = parseLayout(parser);
  int32_t alignment = 0;
  if (failed(map) || parser.parseComma() || parser.parseKeyword("alignment") ||
      parser.parseEqual() || parser.parseInteger(alignment) || parser.parseGreater())
    return {};
  return getChecked([&] { return parser.emitError(start); }, parser.getContext(), std::move(*map),
                    alignment);
}

void SharedLayoutAttr::print(AsmPrinter &printer) const {
  printer << '<' << getMap().toString() << ", alignment = " << getAlignment() << '>';
}

//===--------------------------------------------------------------------------------------------===//
// Rules
//===--------------------------------------------------------------------------------------------===//

/// The inputs are exactly `dims`, the outputs tensor dims, and every element has a place.
static LogicalResult verifyMap(function_ref<InFlightDiagnostic()> emitError,
                               const LinearLayout &map, ArrayRef<LayoutDim> dims) {
  if (map.in().rank() != dims.size() ||
      !llvm::all_of(dims, [&](LayoutDim dim) { return map.in().has(dim); })) {
    InFlightDiagnostic error = emitError() << "the inputs of this layout are ";
    llvm::interleaveComma(dims, error, [&](LayoutDim dim) { error << layoutDimName(dim); });
    return error << ", each given (as [] where it has size 1) and no others: " << map.toString();
  }
  for (auto [i, axis] : llvm::enumerate(map.out().axes()))
    if (axis.dim != tensorDim(i))
      return emitError() << "the outputs of a layout are the dims of a tensor: " << map.toString();
  if (!map.isSurjective())
    return emitError() << "some elements have no place: the bases reach "
                       << (int64_t(1) << map.rank()) << " of " << map.out().totalSize()
                       << " elements in " << map.toString();
  return success();
}

LogicalResult LayoutAttr::verify(function_ref<InFlightDiagnostic()> emitError, LinearLayout map) {
  if (failed(verifyMap(emitError, map,
                       {LayoutDim::Block, LayoutDim::Warp, LayoutDim::Lane, LayoutDim::Register})))
    return failure();                               // layout_c1
  if (map.inSize(LayoutDim::Lane) != kLanesPerWarp) // layout_c2
    return emitError() << "a warp has " << kLanesPerWarp << " lanes; this layout has "
                       << map.inSize(LayoutDim::Lane);
  return success();
}

LogicalResult LayoutAttr::verifyEncoding(ArrayRef<int64_t> shape, Type elementType,
                                         function_ref<InFlightDiagnostic()> emitError) const {
  if (ArrayRef(getMap().shape()) == shape) // layout_c3
    return success();
  InFlightDiagnostic error = emitError() << "the layout is one of a block of shape [";
  llvm::interleaveComma(getMap().shape(), error);
  error << "], the block has shape [";
  llvm::interleaveComma(shape, error);
  return error << "]";
}

LogicalResult SharedLayoutAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                       LinearLayout map, int32_t alignment) {
  if (failed(verifyMap(emitError, map, {LayoutDim::Block, LayoutDim::Offset})))
    return failure();                                   // shared_c1
  if (alignment < 1 || !llvm::isPowerOf2_32(alignment)) // shared_c2
    return emitError() << "the alignment of a shared layout is a power of two in bytes, got "
                       << alignment;
  return success();
}

//===--------------------------------------------------------------------------------------------===//
// Target
//===--------------------------------------------------------------------------------------------===//

LogicalResult TargetAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringRef sm) {
  if (findTarget(sm)) // target_c1
    return success();
  return emitError() << "unknown architecture '" << sm << "'; known are " << knownTargets();
}

const TargetRow &TargetAttr::row() const { return *findTarget(getSm()); }
bool TargetAttr::hasWgmma() const { return row().wgmma; }
bool TargetAttr::hasMbarrier() const { return row().mbarrier; }
bool TargetAttr::hasCpAsync() const { return row().cpAsync; }
bool TargetAttr::hasFp8Convert() const { return row().fp8PtxVersion != 0; }
bool TargetAttr::hasBf16Arithmetic() const { return row().bf16Arithmetic; }
bool TargetAttr::hasStmatrix() const { return row().stmatrix; }
int TargetAttr::maxSharedBytes() const { return row().maxSharedBytes; }
int TargetAttr::maxRegistersPerThread() const { return row().maxRegistersPerThread; }
int TargetAttr::ptxVersion() const { return row().ptxVersion; }
