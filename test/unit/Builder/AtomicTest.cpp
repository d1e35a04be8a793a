#include "dialects/Tile/IR/TileDialect.h"
#include "test/unit/Builder/BuilderTest.h"

namespace cosmati::lang {
namespace {

class AtomicTest : public BuilderTest {
protected:
  tile::AtomicKind kind(AtomicOp op, Scalar scalar) {
    return llvm::cast<tile::AtomicRMWOp>(
               b.atomic(op, pointer(scalar, {8}), 1).handle.getDefiningOp())
        .getKind();
  }
};

TEST_F(AtomicTest, TheKindFollowsTheElementType) {
  EXPECT_EQ(kind(AtomicOp::Add, Scalar::Int32), tile::AtomicKind::Add);
  EXPECT_EQ(kind(AtomicOp::Add, Scalar::FP16), tile::AtomicKind::FAdd);
  EXPECT_EQ(kind(AtomicOp::Add, Scalar::BF16), tile::AtomicKind::FAdd);
  EXPECT_EQ(kind(AtomicOp::Max, Scalar::Int64), tile::AtomicKind::Max);
  EXPECT_EQ(kind(AtomicOp::Max, Scalar::UInt32), tile::AtomicKind::UMax);
  EXPECT_EQ(kind(AtomicOp::Max, Scalar::FP32), tile::AtomicKind::FMax);
  EXPECT_EQ(kind(AtomicOp::Min, Scalar::FP64), tile::AtomicKind::FMin);
  EXPECT_EQ(kind(AtomicOp::Xchg, Scalar::FP32), tile::AtomicKind::Exchange);
}

TEST_F(AtomicTest, ResultIsTheOldValueInTheElementType) {
  Value p = pointer(Scalar::FP32, {8});
  Value old = b.atomicAdd(p, block(Scalar::Int32),
                          {.mask = any(Scalar::Int1), .sem = "relaxed", .scope = "cta"});
  EXPECT_EQ(old.type, blockOf(Scalar::FP32, {8}));
  auto op = llvm::cast<tile::AtomicRMWOp>(old.handle.getDefiningOp());
  EXPECT_EQ(op.getSem(), tile::MemSemantic::Relaxed);
  EXPECT_EQ(op.getScope(), tile::MemScope::CTA);
  auto byDefault = llvm::cast<tile::AtomicRMWOp>(b.atomicAdd(p, 1).handle.getDefiningOp());
  EXPECT_EQ(byDefault.getSem(), tile::MemSemantic::AcquireRelease);
  EXPECT_EQ(byDefault.getScope(), tile::MemScope::GPU);
}

TEST_F(AtomicTest, UnsupportedTypesAreNamed) {
  EXPECT_REFUSED(b.atomicMax(pointer(Scalar::FP16), 1.0), LanguageTypeError,
                 "atomic_max does not support fp16");
  EXPECT_REFUSED(b.atomicAdd(pointer(Scalar::Int16), 1), LanguageTypeError,
                 "atomic_add does not support int16");
  EXPECT_REFUSED(b.atomicXchg(pointer(Scalar::BF16), 1.0), LanguageTypeError,
                 "atomic_xchg does not support bf16");
  EXPECT_REFUSED(b.atomic(AtomicOp::Xor, pointer(Scalar::FP32), 1), LanguageTypeError,
                 "atomic_xor does not support fp32");
  EXPECT_REFUSED(b.atomicAdd(pointer(Scalar::Int32, {}, true), 1), LanguageError,
                 "Cannot store to a constant pointer");
  EXPECT_REFUSED(b.atomicAdd(pointer(Scalar::Int32), 1, {.sem = "strong"}), LanguageError,
                 "Memory semantic strong not supported");
  EXPECT_REFUSED(b.atomicAdd(pointer(Scalar::Int32), 1, {.scope = "grid"}), LanguageError,
                 "Memory scope grid not supported");
}

TEST_F(AtomicTest, CompareAndSwapTakesWideElements) {
  EXPECT_EQ(b.atomicCas(pointer(Scalar::Int32, {8}), 0, 1).type, blockOf(Scalar::Int32, {8}));
  EXPECT_EQ(b.atomicCas(pointer(Scalar::FP16), 0.0, 1.0).type.str(), "fp16");
  EXPECT_REFUSED(b.atomicCas(pointer(Scalar::Int8), 0, 1), LanguageTypeError,
                 "atomic_cas only supports elements with width {16, 32, 64}, got int8");
}

} // namespace
} // namespace cosmati::lang
