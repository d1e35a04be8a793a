#include "compiler/Builder/Types.h"
#include "dialects/Tile/IR/TileDialect.h"
#include "llvm/ADT/FoldingSet.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include <array>
#include <mutex>

namespace cosmati {

std::string lang::printShape(llvm::ArrayRef<int64_t> shape) {
  return "[" +
         llvm::join(llvm::map_range(shape, [](int64_t n) { return std::to_string(n); }), ", ") +
         "]";
}

namespace lang {

struct TypeStorage : llvm::FoldingSetNode {
  Scalar kind = Scalar::Void;
  bool isConst = false;
  unsigned addressSpace = 0;
  /// A block's element, a pointer's pointee; null for other types.
  const TypeStorage *element = nullptr;
  llvm::SmallVector<int64_t, 4> shape;
  int64_t numel = 1;
  std::string name;

  void Profile(llvm::FoldingSetNodeID &id) const {
    profile(id, isConst, addressSpace, element, shape);
  }
  static void profile(llvm::FoldingSetNodeID &id, bool isConst, unsigned addressSpace,
                      const TypeStorage *element, llvm::ArrayRef<int64_t> shape) {
    id.AddBoolean(isConst);
    id.AddInteger(addressSpace);
    id.AddPointer(element);
    for (int64_t extent : shape)
      id.AddInteger(extent);
  }
};

namespace {

enum class Sign : uint8_t { None, Unsigned, Signed };

struct ScalarInfo {
  const char *name;
  Kind kind;
  unsigned bits;
  Sign sign = Sign::None;
  unsigned mantissa = 0;
};

// In the order of `Scalar`.
constexpr std::array<ScalarInfo, 20> kScalars = {{
    {"void", Kind::Void, 0},
    {"int1", Kind::Boolean, 1, Sign::Unsigned},
    {"int8", Kind::Integral, 8, Sign::Signed},
    {"int16", Kind::Integral, 16, Sign::Signed},
    {"int32", Kind::Integral, 32, Sign::Signed},
    {"int64", Kind::Integral, 64, Sign::Signed},
    {"uint8", Kind::Integral, 8, Sign::Unsigned},
    {"uint16", Kind::Integral, 16, Sign::Unsigned},
    {"uint32", Kind::Integral, 32, Sign::Unsigned},
    {"uint64", Kind::Integral, 64, Sign::Unsigned},
    {"fp8e5", Kind::Floating, 8, Sign::None, 2},
    {"fp8e5b16", Kind::Floating, 8, Sign::None, 2},
    {"fp8e4nv", Kind::Floating, 8, Sign::None, 3},
    {"fp8e4b8", Kind::Floating, 8, Sign::None, 3},
    {"fp8e4b15", Kind::Floating, 8, Sign::None, 3},
    {"fp16", Kind::Floating, 16, Sign::None, 10},
    {"bf16", Kind::Floating, 16, Sign::None, 7},
    {"fp32", Kind::Floating, 32, Sign::None, 23},
    {"fp64", Kind::Floating, 64, Sign::None, 52},
    {"pointer", Kind::Pointer, 64},
}};

const ScalarInfo &infoOf(Scalar scalar) { return kScalars[static_cast<size_t>(scalar)]; }

/// All types of the process. Lives until the process ends: handles may outlive every context.
class TypeTable {
public:
  static TypeTable &get() {
    static TypeTable *table = new TypeTable;
    return *table;
  }

  const TypeStorage *scalar(Scalar scalar) const { return &scalars[static_cast<size_t>(scalar)]; }

  template <typename Name>
  const TypeStorage *composite(Scalar kind, const TypeStorage *element, bool isConst,
                               unsigned addressSpace, llvm::ArrayRef<int64_t> shape,
                               Name makeName) {
    llvm::FoldingSetNodeID id;
    TypeStorage::profile(id, isConst, addressSpace, element, shape);
    std::lock_guard<std::mutex> lock(mutex);
    void *position = nullptr;
    if (TypeStorage *found = composites.FindNodeOrInsertPos(id, position))
      return found;
    auto *type = new TypeStorage;
    type->kind = kind;
    type->element = element;
    type->isConst = isConst;
    type->addressSpace = addressSpace;
    type->shape.assign(shape.begin(), shape.end());
    for (int64_t extent : shape)
      type->numel *= extent;
    type->name = makeName();
    composites.InsertNode(type, position);
    return type;
  }

private:
  TypeTable() {
    for (size_t i = 0; i < kScalars.size(); ++i) {
      scalars[i].kind = static_cast<Scalar>(i);
      scalars[i].name = kScalars[i].name;
    }
  }

  std::array<TypeStorage, kScalars.size()> scalars;
  std::mutex mutex;
  llvm::FoldingSet<TypeStorage> composites;
};

void checkShape(llvm::ArrayRef<int64_t> shape) {
  uint64_t numel = 1;
  for (auto [i, extent] : llvm::enumerate(shape)) {
    if (extent <= 0 || (extent & (extent - 1)))
      fail("Shape element {0} must be a power of 2, got {1} in {2}: round it up (next_power_of_2) "
           "and mask what "
           "is beyond the data",
           i, extent, printShape(shape));
    numel = llvm::SaturatingMultiply(numel, static_cast<uint64_t>(extent));
  }
  if (numel > static_cast<uint64_t>(kMaxBlockElements))
    fail("numel ({0}) exceeds triton maximum tensor numel ({1}): shape {2}; use smaller blocks",
         numel, kMaxBlockElements, printShape(shape));
}

mlir::Type scalarMlirType(Scalar scalar, mlir::MLIRContext *context) {
  switch (scalar) {
  case Scalar::Void:
    return mlir::NoneType::get(context);
  case Scalar::FP8E5:
    return mlir::Float8E5M2Type::get(context);
  case Scalar::FP8E5B16:
    return mlir::Float8E5M2FNUZType::get(context);
  case Scalar::FP8E4NV:
    return mlir::Float8E4M3FNType::get(context);
  case Scalar::FP8E4B8:
    return mlir::Float8E4M3FNUZType::get(context);
  case Scalar::FP16:
    return mlir::Float16Type::get(context);
  case Scalar::BF16:
    return mlir::BFloat16Type::get(context);
  case Scalar::FP32:
    return mlir::Float32Type::get(context);
  case Scalar::FP64:
    return mlir::Float64Type::get(context);
  default: // integers, and FP8E4B15, whose bytes MLIR has no float type for
    return mlir::IntegerType::get(context, infoOf(scalar).bits);
  }
}

} // namespace

LanguageType::LanguageType(Scalar scalar) : storage(TypeTable::get().scalar(scalar)) {
  assert(scalar != Scalar::Pointer && "a pointer needs a pointee");
}

LanguageType LanguageType::fromName(llvm::StringRef name) {
  llvm::SmallVector<llvm::StringRef> names;
  for (size_t i = 0; i < static_cast<size_t>(Scalar::Pointer); ++i) {
    if (name == kScalars[i].name)
      return static_cast<Scalar>(i);
    names.push_back(kScalars[i].name);
  }
  failType("unknown scalar type '{0}'; the types are {1}", name, llvm::join(names, ", "));
}

LanguageType LanguageType::pointer(LanguageType pointee, bool isConst, unsigned addressSpace) {
  if (pointee.isBlock() || pointee.isVoid())
    failType("a pointer points to a scalar, not to {0}", pointee.str());
  return LanguageType(
      TypeTable::get().composite(Scalar::Pointer, pointee.storage, isConst, addressSpace, {}, [&] {
        return (isConst ? "const_pointer<" : "pointer<") + pointee.str() + ">";
      }));
}

LanguageType LanguageType::block(LanguageType element, llvm::ArrayRef<int64_t> shape) {
  if (element.isBlock() || element.isVoid())
    failType("a block's elements are scalars, not {0}", element.str());
  if (shape.empty())
    return element;
  checkShape(shape);
  return LanguageType(
      TypeTable::get().composite(element.storage->kind, element.storage, false, 0, shape, [&] {
        return "<" + printShape(shape) + ", " + element.str() + ">";
      }));
}

bool LanguageType::isBlock() const { return !storage->shape.empty(); }
llvm::ArrayRef<int64_t> LanguageType::shape() const { return storage->shape; }
int64_t LanguageType::numel() const { return storage->numel; }
LanguageType LanguageType::scalar() const {
  return isBlock() ? LanguageType(storage->element) : *this;
}
LanguageType LanguageType::withScalar(LanguageType scalar) const {
  return block(scalar.scalar(), shape());
}

Scalar LanguageType::scalarKind() const { return storage->kind; }
Kind LanguageType::kind() const { return infoOf(scalarKind()).kind; }
LanguageType LanguageType::pointee() const {
  return isPointer() ? LanguageType(scalar().storage->element) : LanguageType();
}
bool LanguageType::isConst() const { return scalar().storage->isConst; }
unsigned LanguageType::addressSpace() const { return scalar().storage->addressSpace; }
bool LanguageType::isInt() const { return kind() == Kind::Integral || kind() == Kind::Boolean; }
bool LanguageType::isSigned() const { return infoOf(scalarKind()).sign == Sign::Signed; }
bool LanguageType::isUnsigned() const { return infoOf(scalarKind()).sign == Sign::Unsigned; }
bool LanguageType::isFloat() const { return kind() == Kind::Floating; }
bool LanguageType::isFP8() const { return isFloat() && bitwidth() == 8; }
bool LanguageType::isStorageOnly() const {
  Scalar kind = scalarKind();
  return kind == Scalar::FP8E4B15 || kind == Scalar::FP8E4B8 || kind == Scalar::FP8E5B16;
}
bool LanguageType::hasOneZero() const {
  return scalarKind() == Scalar::FP8E4B8 || scalarKind() == Scalar::FP8E5B16;
}
unsigned LanguageType::bitwidth() const { return infoOf(scalarKind()).bits; }
unsigned LanguageType::mantissaWidth() const { return infoOf(scalarKind()).mantissa; }
int64_t LanguageType::minInt() const { return isSigned() ? INT64_MIN >> (64 - bitwidth()) : 0; }
uint64_t LanguageType::maxInt() const {
  return UINT64_MAX >> (64 - bitwidth() + (isSigned() ? 1 : 0));
}

const std::string &LanguageType::str() const { return storage->name; }

mlir::Type LanguageType::mlirType(mlir::MLIRContext *context) const {
  if (isBlock())
    return mlir::RankedTensorType::get(shape(), scalar().mlirType(context));
  if (isPointer())
    return tile::PtrType::get(context, pointee().mlirType(context), addressSpace());
  return scalarMlirType(scalarKind(), context);
}

} // namespace lang
} // namespace cosmati
