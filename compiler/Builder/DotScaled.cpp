#include "compiler/Builder/DotScaled.h"

namespace cosmati::lang {

//===------------------------------------------------------------------------------------------===//
// Formats
//===------------------------------------------------------------------------------------------===//

namespace {

/// What an operand's elements are in memory.
struct ElementFormat {
  const char *name;
  Scalar type;   // e2m1 has none: its bytes hold two elements
  Scalar asBits; // the integer type that may carry the bits instead
  bool isPacked() const { return type == Scalar::UInt8; }
};

constexpr ElementFormat kFormats[] = {{"e2m1", Scalar::UInt8, Scalar::UInt8},
                                      {"e4m3", Scalar::FP8E4NV, Scalar::UInt8},
                                      {"e5m2", Scalar::FP8E5, Scalar::UInt8},
                                      {"bf16", Scalar::BF16, Scalar::UInt16},
                                      {"fp16", Scalar::FP16, Scalar::UInt16}};

const ElementFormat &parseFormat(llvm::StringRef name, const char *side) {
  for (const ElementFormat &format : kFormats)
    if (name == format.name)
      return format;
  fail("{0}_format must be one of ('e2m1', 'e4m3', 'e5m2', 'bf16', 'fp16'). Got '{1}'", side, name);
}

/// Elements along K that share one scale.
int64_t groupOf(LanguageType scale) { return scale.scalarKind() == Scalar::FP8E4NV ? 16 : 32; }

} // namespace

struct ScaledArithmetic {
  Scalar type, bits; // the integers of its width
  unsigned mantissa; // explicit bits of its significand
};

namespace {
constexpr ScaledArithmetic kBF16{Scalar::BF16, Scalar::UInt16, 7};
constexpr ScaledArithmetic kFP16{Scalar::FP16, Scalar::UInt16, 10};
constexpr ScaledArithmetic kFP32{Scalar::FP32, Scalar::UInt32, 23};
} // namespace

//===------------------------------------------------------------------------------------------===//
// Checks
//===------------------------------------------------------------------------------------------===//

/// One operand with its extents: `rows` is M or N, `depth` is K, both in elements.
struct DotScaledBuilder::Side {
  const char *name;
  const ElementFormat &format;
  Value values;
  std::optional<Value> scale;
  int64_t kDim;      // which dimension of `values` is K
  int64_t packedDim; // which one counts bytes of two elements; -1: none
  int64_t rows, depth;

  Side(const ScaledOperand &operand, bool isLhs);
  void checkScale() const;
};

static void checkElementType(const Value &values, const ElementFormat &format, const char *side) {
  LanguageType type = values.type.scalar();
  if (type == format.type || type == format.asBits)
    return;
  if (format.isPacked())
    failType("e2m1 format must be packed as uint8, two elements in a byte. Got {0} for {1}",
             type.str(), side);
  failType("Unexpected dtype for {0}_format '{1}'. Got {2}: pass {3}, or the bits as {4}", side,
           format.name, type.str(), LanguageType(format.type).str(),
           LanguageType(format.asBits).str());
}

DotScaledBuilder::Side::Side(const ScaledOperand &operand, bool isLhs)
    : name(isLhs ? "lhs" : "rhs"), format(parseFormat(operand.format, name)),
      values(operand.values), scale(operand.scale) {
  if (!values.isBlock())
    failType("dot_scaled takes blocks, got {0} for {1}", values.type.str(), name);
  int64_t rank = values.type.rank();
  if (rank != 2 && rank != 3)
    fail("dot_scaled takes 2D or 3D blocks, got {0} for {1}", printShape(values.shape()), name);
  checkElementType(values, format, name);
  if (!operand.packedAlongK && !format.isPacked())
    fail("only mxfp4 inputs can be packed along a dimension different than K: {0}_k_pack=False "
         "needs {0}_format 'e2m1', got '{1}'",
         name, format.name);
  kDim = isLhs ? rank - 1 : rank - 2;
  int64_t rowDim = isLhs ? rank - 2 : rank - 1;
  packedDim = !format.isPacked() ? -1 : operand.packedAlongK ? kDim : rowDim;
  rows = values.shape()[rowDim] * (packedDim == rowDim ? 2 : 1);
  depth = values.shape()[kDim] * (packedDim == kDim ? 2 : 1);
}

void DotScaledBuilder::Side::checkScale() const {
  if (!scale)
    return;
  Scalar kind = scale->type.scalarKind();
  if (kind != Scalar::UInt8 && kind != Scalar::FP8E4NV)
    failType("{0}_scale must be uint8 (E8M0) or fp8e4nv, got {1}: bitcast other 8-bit types with "
             ".to(tl.uint8, bitcast=True)",
             name, scale->type.str());
  if (kind == Scalar::FP8E4NV && format.type != Scalar::UInt8 && format.asBits != Scalar::UInt8)
    failType("{0}_scale of fp8e4nv goes with 'e2m1', 'e4m3' and 'e5m2', not with {0}_format "
             "'{1}', whose product with it would be rounded: multiply before the dot",
             name, format.name);
  int64_t group = groupOf(scale->type);
  if (depth < group)
    fail("{0}_scale of {1} has one element for {2} along K, but K is {3}: pad K with zeros", name,
         scale->type.scalar().str(), group, depth);
  llvm::SmallVector<int64_t, 3> wanted(values.shape().drop_back(2));
  wanted.append({rows, depth / group});
  if (scale->shape() != Shape(wanted))
    fail("{0}_scale must be a tensor of shape {1} ({2} rows of K / {3}, never transposed). Got {4}",
         name, printShape(wanted), rows, group, printShape(scale->shape()));
}

/// The narrowest type that holds the elements of both sides exactly, times their scales where there
/// are any.
static const ScaledArithmetic &chooseArithmetic(const ElementFormat &lhs, const ElementFormat &rhs,
                                                bool isScaled) {
  if (lhs.type != Scalar::FP16 && rhs.type != Scalar::FP16)
    return kBF16;
  bool needsRange = isScaled || lhs.type == Scalar::BF16 || rhs.type == Scalar::BF16;
  return needsRange ? kFP32 : kFP16;
}

//===------------------------------------------------------------------------------------------===//
// Decomposition
//===------------------------------------------------------------------------------------------===//

/// One of the two elements of each byte, as bf16.
///
/// With sign s, exponent e (two bits) and significand bit f an element is (-1)^s 2^(e-1) (1 + f/2),
/// for e = 0 (-1)^s f/2. Of bf16's bits let m = (e, f) be those above the lowest six: a normal
/// number needs the difference of the biases, 126, added to e, which is 252 added to m. 0 and 0.5
/// are m = 0 and m = 252, where m * 252 is the smaller one. Integers all the way, since a mode that
/// flushes subnormal floats would lose 0.5 in a multiplication.
Value DotScaledBuilder::decodeE2M1(const Value &bytes, bool high) {
  unsigned place = high ? 4 : 0; // of m's lowest bit
  Value code = cast(bytes, Scalar::UInt16);
  Value m = bitAnd(code, 7u << place);
  Value exponent = minimum(mul(m, 252), add(m, 252u << place));
  Value sign = bitAnd(code, 8u << place);
  return bitcast(bitOr(shl(sign, 12 - place), shl(exponent, 6 - place)), Scalar::BF16);
}

/// [.., n, ..] bytes -> [.., 2n, ..] elements, those of the low nibbles first.
Value DotScaledBuilder::unpackE2M1(const Value &bytes, int64_t dim) {
  llvm::SmallVector<int64_t, 4> shape(bytes.shape());
  shape[dim] *= 2;
  // [.., n, ..] x 2 -> [.., n, .., 2] -> [.., n, 2, ..] -> [.., 2n, ..]
  int64_t rank = bytes.type.rank();
  auto order = llvm::to_vector<4>(llvm::seq<int64_t>(0, rank));
  order.insert(order.begin() + dim + 1, rank);
  Value pairs = join(decodeE2M1(bytes, /*high=*/false), decodeE2M1(bytes, /*high=*/true));
  return reshape(permute(pairs, order), shape);
}

/// 2^(s - 127) in a type with float32's exponent: s is the exponent field, save for s = 0, which is
/// a subnormal number, and s = 255, NaN.
Value DotScaledBuilder::decodeE8M0(const Value &scale, const ScaledArithmetic &arithmetic,
                                   bool fastMath) {
  uint32_t topOfSignificand = 1u << (arithmetic.mantissa - 1);
  Value bits = shl(cast(scale, arithmetic.bits), arithmetic.mantissa);
  bits = where(eq(scale, 0), topOfSignificand, bits);
  if (!fastMath)
    bits = where(eq(scale, 255), (255u << arithmetic.mantissa) | topOfSignificand, bits);
  return bitcast(bits, arithmetic.type);
}

/// [.., rows, groups] -> the shape of the side's elements, each scale repeated along K.
Value DotScaledBuilder::spreadAlongK(const Value &scale, const Side &side) {
  int64_t rank = scale.type.rank(), group = side.depth / scale.shape().back();
  Value groups = side.kDim == rank - 1 ? scale : trans(scale);
  llvm::SmallVector<int64_t, 4> shape(groups.shape()), spread(groups.shape());
  shape[side.kDim] = side.depth;
  spread.insert(spread.begin() + side.kDim + 1, group);
  return reshape(broadcastTo(expandDims(groups, side.kDim + 1), spread), shape);
}

/// The side's elements times their scales.
Value DotScaledBuilder::upcast(const Side &side, const ScaledArithmetic &arithmetic,
                               bool fastMath) {
  Value elements = side.format.isPacked() ? unpackE2M1(side.values, side.packedDim)
                                          : bitcast(side.values, side.format.type);
  elements = cast(elements, arithmetic.type);
  if (!side.scale)
    return elements;
  Value scale = side.scale->type.isFP8() ? cast(*side.scale, arithmetic.type)
                                         : decodeE8M0(*side.scale, arithmetic, fastMath);
  return mul(elements, spreadAlongK(scale, side));
}

Value DotScaledBuilder::dotScaled(const ScaledOperand &a, const ScaledOperand &b,
                                  const DotScaledOptions &options) {
  Side lhs(a, /*isLhs=*/true), rhs(b, /*isLhs=*/false);
  Shape s = lhs.values.shape(), t = rhs.values.shape();
  if (s.size() != t.size())
    fail("Both inputs must be either 2D or 3D; (lhs: {0} vs rhs: {1})", printShape(s),
         printShape(t));
  if (lhs.depth != rhs.depth)
    fail("Reduction dimension should pack the same number of elements; lhs {0} in '{1}' has K = "
         "{2}, rhs {3} in '{4}' has K = {5}",
         printShape(s), lhs.format.name, lhs.depth, printShape(t), rhs.format.name, rhs.depth);
  lhs.checkScale();
  rhs.checkScale();
  if (options.outType != Scalar::FP32)
    failType("Only float32 is supported for out_dtype of dot_scaled, got {0}: cast the result",
             options.outType.str());
  const ScaledArithmetic &arithmetic =
      chooseArithmetic(lhs.format, rhs.format, lhs.scale || rhs.scale);
  DotOptions dotOptions;
  dotOptions.acc = options.acc;
  dotOptions.outType = Scalar::FP32;
  // What fp32 holds here has at most tf32's eleven bits.
  dotOptions.inputPrecision = arithmetic.type == Scalar::FP32 ? "tf32" : "";
  return dot(upcast(lhs, arithmetic, options.fastMath), upcast(rhs, arithmetic, options.fastMath),
             dotOptions);
}

} // namespace cosmati::lang
