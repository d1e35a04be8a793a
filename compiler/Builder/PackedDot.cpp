#include "compiler/Builder/PackedDot.h"
#include "dialects/Tile/IR/TileDialect.h"

namespace cosmati::lang {

namespace {

/// [.., M, N] of [.., M, K / kPerA] x [.., K / kPerB, N].
llvm::SmallVector<int64_t, 4> productShape(const char *what, const Value &a, int64_t kPerA,
                                           const Value &b, int64_t kPerB) {
  if (!a.isBlock() || !b.isBlock())
    failType("{0} takes blocks, got {1} and {2}", what, a.type.str(), b.type.str());
  Shape s = a.shape(), t = b.shape();
  size_t rank = s.size();
  if (rank != t.size() || (rank != 2 && rank != 3))
    fail("both inputs of {0} must be either 2D or 3D; (lhs: {1} vs rhs: {2})", what, printShape(s),
         printShape(t));
  if (s[rank - 1] * kPerA != t[rank - 2] * kPerB)
    fail("inner sizes of {0} differ: a, {1}, has K = {2}; b, {3}, has K = {4}", what, printShape(s),
         s[rank - 1] * kPerA, printShape(t), t[rank - 2] * kPerB);
  if (rank == 3 && s[0] != t[0])
    fail("batch sizes of {0} differ: {1} and {2}", what, s[0], t[0]);
  llvm::SmallVector<int64_t, 4> shape(s);
  shape.back() = t.back();
  return shape;
}

/// M and N of an instruction, and a K that there is one for on every target.
void checkLeast(const char *what, Shape shape, int64_t k, int64_t leastK) {
  constexpr int64_t leastM = 16, leastN = 8;
  int64_t m = shape[shape.size() - 2], n = shape.back();
  if (m < leastM || n < leastN || k < leastK)
    fail("{0} runs on tensor cores only: M must be at least {1}, N {2} and K {3}; got M = {4}, N = "
         "{5}, K = {6}: pad the blocks with zeros",
         what, leastM, leastN, leastK, m, n, k);
}

int64_t leastSparseK(LanguageType type) {
  switch (type.bitwidth()) {
  case 32:
    return 8;
  case 16:
    return 16;
  default:
    return type.isInt() ? 32 : 16; // 8-bit floats can be multiplied as fp16
  }
}

void checkScalar(const char *what, const char *name, LanguageType type,
                 std::initializer_list<Scalar> allowed, const char *wanted) {
  if (!llvm::is_contained(allowed, type.scalarKind()))
    failType("{0} of {1} must be of {2}, got {3}", name, what, wanted, type.scalar().str());
}

tile::PackedType parsePacked(llvm::StringRef text, const char *name) {
  if (text == "s4")
    return tile::PackedType::S4;
  if (text == "u4")
    return tile::PackedType::U4;
  fail("{0} of dot_packed must be 's4' or 'u4', got '{1}'", name, text);
}

tile::BitProduct parseBitProduct(llvm::StringRef text) {
  if (std::optional<tile::BitProduct> product = tile::symbolizeBitProduct(text))
    return *product;
  fail("op of dot_binary must be 'xor' or 'and', got '{0}'", text);
}

void checkSparseTypes(LanguageType a, LanguageType b) {
  for (LanguageType type : {a, b})
    if (!type.isFP8() || type.isStorageOnly())
      checkScalar("dot_sparse", "operands", type,
                  {Scalar::FP16, Scalar::BF16, Scalar::FP32, Scalar::Int8, Scalar::UInt8},
                  "fp16, bf16, fp32, fp8e4nv, fp8e5, int8 or uint8");
  bool bytes = a.isInt() && b.isInt(), fp8 = a.isFP8() && b.isFP8();
  if (a != b && !bytes && !fp8)
    failType(
        "operands of dot_sparse must have one type, got {0} and {1}: convert one with .to(...)",
        a.str(), b.str());
}

LanguageType sparseResult(LanguageType operand, const DotSparseOptions &options) {
  LanguageType natural = operand.isInt() ? Scalar::Int32 : Scalar::FP32;
  LanguageType wanted = options.outType;
  if (wanted.isVoid())
    wanted = options.acc ? options.acc->type.scalar() : natural;
  bool half = operand.scalarKind() == Scalar::FP16 && wanted == LanguageType(Scalar::FP16);
  if (wanted != natural && !half)
    failType("dot_sparse of {0} gives {1}, not {2}", operand.str(),
             operand.scalarKind() == Scalar::FP16 ? "fp32 or fp16" : natural.str(), wanted.str());
  return wanted;
}

void checkMetadata(const Value &a, const Value &metadata) {
  if (!metadata.isBlock())
    failType("metadata of dot_sparse must be a block, got {0}", metadata.type.str());
  checkScalar("dot_sparse", "metadata", metadata.type, {Scalar::Int16, Scalar::UInt16},
              "int16 or uint16, four codes each");
  int64_t perWord = a.type.scalarKind() == Scalar::FP32 ? 4 : 8;
  llvm::SmallVector<int64_t, 4> wanted(a.shape());
  wanted.back() /= perWord;
  if (a.shape().back() % perWord || metadata.shape() != Shape(wanted))
    fail("metadata of dot_sparse is {0}; each element describes {1} stored elements of a row of a, "
         "which is {2}",
         printShape(metadata.shape()), perWord, printShape(a.shape()));
}

} // namespace

Value PackedDotBuilder::accumulator(const std::optional<Value> &acc, LanguageType type,
                                    const char *what) {
  if (!acc)
    return zeros(type.shape(), type);
  if (acc->type != type)
    failType("acc of {0} must have the result's type {1}, got {2}", what, type.str(),
             acc->type.str());
  return *acc;
}

Value PackedDotBuilder::dotPacked(const Value &a, const Value &b, llvm::StringRef aType,
                                  llvm::StringRef bType, const std::optional<Value> &acc) {
  constexpr const char *what = "dot_packed";
  tile::PackedType typeA = parsePacked(aType, "a_type"), typeB = parsePacked(bType, "b_type");
  LanguageType type = LanguageType::block(Scalar::Int32, productShape(what, a, 2, b, 2));
  for (const Value *operand : {&a, &b})
    checkScalar(what, "operands", operand->type, {Scalar::Int8, Scalar::UInt8},
                "int8 or uint8, two elements each");
  checkLeast(what, type.shape(), 2 * a.shape().back(), 32);
  return emit<tile::DotPackedOp>(type, a.handle, b.handle, accumulator(acc, type, what).handle,
                                 typeA, typeB, tile::BitProductAttr());
}

Value PackedDotBuilder::dotBits(const Value &a, const Value &b, llvm::StringRef product,
                                const std::optional<Value> &acc) {
  constexpr const char *what = "dot_binary";
  tile::BitProduct op = parseBitProduct(product);
  LanguageType type = LanguageType::block(Scalar::Int32, productShape(what, a, 32, b, 32));
  for (const Value *operand : {&a, &b})
    checkScalar(what, "operands", operand->type, {Scalar::Int32, Scalar::UInt32},
                "int32 or uint32, 32 bits each");
  checkLeast(what, type.shape(), 32 * a.shape().back(), 128);
  return emit<tile::DotPackedOp>(type, a.handle, b.handle, accumulator(acc, type, what).handle,
                                 tile::PackedType::B1, tile::PackedType::B1,
                                 tile::BitProductAttr::get(&context(), op));
}

Value PackedDotBuilder::dotSparse(const Value &a, const Value &metadata, const Value &b,
                                  const DotSparseOptions &options) {
  constexpr const char *what = "dot_sparse";
  llvm::SmallVector<int64_t, 4> shape = productShape(what, a, 2, b, 1);
  checkSparseTypes(a.type.scalar(), b.type.scalar());
  checkLeast(what, shape, 2 * a.shape().back(), leastSparseK(a.type));
  checkMetadata(a, metadata);
  LanguageType type = LanguageType::block(sparseResult(a.type.scalar(), options), shape);
  Value acc = accumulator(options.acc, type, what);
  return emit<tile::DotSparseOp>(type, a.handle, metadata.handle, b.handle, acc.handle,
                                 a.type.isUnsigned(), b.type.isUnsigned());
}

} // namespace cosmati::lang
