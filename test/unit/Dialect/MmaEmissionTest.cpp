// What the table says about emission: LLVM has each intrinsic with operands of these registers and
// makes the row's instruction of it, and NVVM's op takes exactly the rows that say so.
#include "dialects/TileGPU/IR/MmaTable.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/IntrinsicsNVPTX.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

#include <gtest/gtest.h>
#include <map>

using namespace cosmati::tilegpu;

extern "C" void LLVMInitializeNVPTXTargetInfo();
extern "C" void LLVMInitializeNVPTXTarget();
extern "C" void LLVMInitializeNVPTXTargetMC();
extern "C" void LLVMInitializeNVPTXAsmPrinter();

namespace {

//===- LLVM ------------------------------------------------------------------===//

/// Adds a kernel that loads the intrinsic's operands, calls it and stores its results.
void addKernel(llvm::Module &module, llvm::StringRef intrinsic) {
  llvm::Intrinsic::ID id = llvm::Intrinsic::lookupIntrinsicID(intrinsic);
  ASSERT_NE(id, llvm::Intrinsic::not_intrinsic) << intrinsic.str();
  llvm::LLVMContext &context = module.getContext();
  llvm::Function *callee = llvm::Intrinsic::getOrInsertDeclaration(&module, id);
  llvm::Type *pointer = llvm::PointerType::get(context, 0);
  auto *type = llvm::FunctionType::get(llvm::Type::getVoidTy(context), {pointer}, false);
  auto *kernel = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage,
                                        "k" + llvm::Twine(module.size()), module);
  kernel->setCallingConv(llvm::CallingConv::PTX_Kernel);
  llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context, "", kernel));
  llvm::SmallVector<llvm::Value *> operands;
  for (llvm::Argument &argument : callee->args()) {
    if (argument.hasAttribute(llvm::Attribute::ImmArg))
      operands.push_back(builder.getInt32(0));
    else
      operands.push_back(builder.CreateLoad(
          argument.getType(),
          builder.CreateConstGEP1_32(builder.getInt64Ty(), kernel->getArg(0), operands.size())));
  }
  llvm::Value *result = builder.CreateCall(callee, operands);
  builder.CreateStore(result, kernel->getArg(0));
  builder.CreateRetVoid();
}

std::string toPtx(llvm::Module &module, int sm, int ptxVersion) {
  LLVMInitializeNVPTXTargetInfo();
  LLVMInitializeNVPTXTarget();
  LLVMInitializeNVPTXTargetMC();
  LLVMInitializeNVPTXAsmPrinter();
  llvm::Triple triple("nvptx64-nvidia-cuda");
  std::string error;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  EXPECT_TRUE(target) << error;
  std::unique_ptr<llvm::TargetMachine> machine(target->createTargetMachine(
      triple, "sm_" + std::to_string(sm), "+ptx" + std::to_string(ptxVersion), {}, std::nullopt));
  module.setTargetTriple(triple);
  module.setDataLayout(machine->createDataLayout());
  EXPECT_FALSE(llvm::verifyModule(module, &llvm::errs()));
  llvm::SmallString<0> text;
  llvm::raw_svector_ostream os(text);
  llvm::legacy::PassManager passes;
  EXPECT_FALSE(
      machine->addPassesToEmitFile(passes, os, nullptr, llvm::CodeGenFileType::AssemblyFile));
  passes.run(module);
  return text.str().str();
}

/// Bits of all registers in a list of types.
template <class Types> uint64_t bitsOf(Types &&types) {
  uint64_t bits = 0;
  for (llvm::Type *type : types)
    bits += type->getPrimitiveSizeInBits();
  return bits;
}

//===- NVVM ------------------------------------------------------------------===//

/// Builds NVVM's op of a row.
class NvvmOp {
public:
  NvvmOp() : builder(&context), module(mlir::ModuleOp::create(builder.getUnknownLoc())) {
    context.loadDialect<mlir::LLVM::LLVMDialect, mlir::NVVM::NVVMDialect>();
    builder.setInsertionPointToStart(module->getBody());
  }

  /// Whether the op's verifier accepts the row and the op means the row's intrinsic.
  bool accepts(const MmaInstruction &row) {
    mlir::ScopedDiagnosticHandler silent(&context, [](mlir::Diagnostic &) {});
    mlir::Type acc = registerType(row.acc);
    mlir::Type result = mlir::LLVM::LLVMStructType::getLiteral(
        &context, llvm::SmallVector<mlir::Type>(size_t(row.accRegisters), acc));
    auto a = registers(row.a, row.aRegisters), b = registers(row.b, row.bRegisters),
         c = registers(row.acc, row.accRegisters);
    std::optional<mlir::NVVM::MMAIntOverflow> overflow;
    if (row.saturates())
      overflow = mlir::NVVM::MMAIntOverflow::wrapped;
    std::array types{*mlir::NVVM::symbolizeMMATypes(mmaTypeName(row.a)),
                     *mlir::NVVM::symbolizeMMATypes(mmaTypeName(row.b))};
    int64_t shape[] = {row.m, row.n, row.k};
    auto accType = *mlir::NVVM::symbolizeMMATypes(mmaTypeName(row.acc));
    mlir::Operation *op = nullptr;
    llvm::Intrinsic::ID id = 0;
    if (row.sparse) {
      auto i32 = builder.getI32Type();
      auto sparse =
          mlir::NVVM::MmaSpOp::create(builder, builder.getUnknownLoc(), result, a, b, c,
                                      undefined(i32), undefined(i32), shape, overflow, types);
      sparse.setOrderedMetadata(true);
      op = sparse;
      id = mlir::NVVM::MmaSpOp::getIntrinsicID(row.m, row.n, row.k, overflow, true, std::nullopt,
                                               types[0], types[1], accType, accType);
    } else {
      std::optional<mlir::NVVM::MMAB1Op> bitOp;
      if (row.bitOp != MmaBitOp::None)
        bitOp = row.bitOp == MmaBitOp::Xor ? mlir::NVVM::MMAB1Op::xor_popc
                                           : mlir::NVVM::MMAB1Op::and_popc;
      std::array layouts{mlir::NVVM::MMALayout::row, mlir::NVVM::MMALayout::col};
      op = mlir::NVVM::MmaOp::create(builder, builder.getUnknownLoc(), result, a, b, c, shape,
                                     bitOp, overflow, types, layouts);
      id = mlir::NVVM::MmaOp::getIntrinsicID(row.m, row.n, row.k, bitOp, overflow, layouts[0],
                                             layouts[1], types[0], types[1], accType, accType);
    }
    return mlir::succeeded(mlir::verify(op)) &&
           id == llvm::Intrinsic::lookupIntrinsicID(row.intrinsic);
  }

private:
  mlir::MLIRContext context;
  mlir::OpBuilder builder;
  mlir::OwningOpRef<mlir::ModuleOp> module;

  mlir::Type registerType(MmaType type) {
    switch (type) {
    case MmaType::F16:
      return mlir::VectorType::get({2}, builder.getF16Type());
    case MmaType::F32:
      return builder.getF32Type();
    case MmaType::F64:
      return builder.getF64Type();
    default:
      return builder.getI32Type();
    }
  }
  mlir::Value undefined(mlir::Type type) {
    return mlir::LLVM::UndefOp::create(builder, builder.getUnknownLoc(), type);
  }
  llvm::SmallVector<mlir::Value> registers(MmaType type, int count) {
    return llvm::SmallVector<mlir::Value>(size_t(count), undefined(registerType(type)));
  }
};

} // namespace

TEST(MmaEmission, IntrinsicsTakeTheRegistersOfTheTable) {
  llvm::LLVMContext context;
  for (const MmaInstruction &row : mmaTable())
    for (llvm::StringRef name : {row.intrinsic, row.saturatingIntrinsic}) {
      if (name.empty())
        continue;
      llvm::Intrinsic::ID id = llvm::Intrinsic::lookupIntrinsicID(name);
      ASSERT_NE(id, llvm::Intrinsic::not_intrinsic) << name.str();
      llvm::FunctionType *type = llvm::Intrinsic::getType(context, id);
      EXPECT_EQ(type->getNumParams(),
                unsigned(row.aRegisters + row.bRegisters + row.accRegisters + (row.sparse ? 2 : 0)))
          << name.str();
      auto bits = [](MmaType t, int count) {
        return uint64_t(count * MmaInstruction::registerBits(t));
      };
      EXPECT_EQ(bitsOf(type->params()), bits(row.a, row.aRegisters) + bits(row.b, row.bRegisters) +
                                            bits(row.acc, row.accRegisters) + (row.sparse ? 64 : 0))
          << name.str();
      EXPECT_EQ(bitsOf(llvm::cast<llvm::StructType>(type->getReturnType())->elements()),
                bits(row.acc, row.accRegisters))
          << name.str();
    }
}

TEST(MmaEmission, IntrinsicsBecomeTheInstructionsOfTheTable) {
  std::map<std::pair<int, int>, std::vector<const MmaInstruction *>> groups;
  for (const MmaInstruction &row : mmaTable())
    groups[{row.sm, row.ptxVersion}].push_back(&row);
  for (const auto &[since, rows] : groups) {
    llvm::LLVMContext context;
    llvm::Module module("rows", context);
    for (const MmaInstruction *row : rows) {
      addKernel(module, row->intrinsic);
      if (row->saturates())
        addKernel(module, row->saturatingIntrinsic);
    }
    std::string ptx = toPtx(module, since.first, since.second);
    llvm::SmallVector<llvm::StringRef> words;
    llvm::SplitString(ptx, words);
    for (const MmaInstruction *row : rows) {
      EXPECT_EQ(llvm::count(words, row->ptx), 1) << row->ptx.str();
      if (row->saturates()) {
        EXPECT_EQ(llvm::count(words, row->saturatingPtx), 1) << row->saturatingPtx.str();
      }
    }
  }
}

TEST(MmaEmission, NvvmOpsTakeExactlyTheRowsThatSaySo) {
  NvvmOp op;
  for (const MmaInstruction &row : mmaTable())
    EXPECT_EQ(op.accepts(row), row.nvvmOp) << row.ptx.str();
}
