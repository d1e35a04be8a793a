#include "compiler/Pipeline/KernelInfo.h"
#include "dialects/TileGPU/IR/MmaTable.h"

#include "llvm/IR/Intrinsics.h"

#include "compiler/Target/NVPTX/SourceChains.h"
#include "dialects/Tile/IR/TileDialect.h"
#include "dialects/TileGPU/IR/TileGPUDialect.h"

#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace cosmati;
using llvm::Error;
using runtime::ParamKind;

namespace {

Error invalid(const llvm::Twine &text) {
  return llvm::createStringError(std::make_error_code(std::errc::invalid_argument), text);
}

/// True for the kernel on every level: tile and tilegpu, then LLVM.
bool isKernel(mlir::FunctionOpInterface function) {
  return function->hasAttr(tile::kKernelAttr) ||
         function->hasAttr(mlir::NVVM::NVVMDialect::getKernelFuncAttrName());
}

llvm::Expected<mlir::FunctionOpInterface> findKernel(mlir::ModuleOp module) {
  mlir::FunctionOpInterface kernel;
  for (auto function : module.getOps<mlir::FunctionOpInterface>()) {
    if (!isKernel(function))
      continue;
    if (kernel)
      return invalid("the module has two kernels, " + kernel.getName() + " and " +
                     function.getName() + "; compile them one at a time");
    kernel = function;
  }
  if (!kernel)
    return invalid("the module has no kernel: mark one func.func with the attribute tile.kernel");
  return kernel;
}

std::optional<ParamKind> kindOf(mlir::Type type) {
  if (mlir::isa<tile::PtrType, mlir::LLVM::LLVMPointerType>(type))
    return ParamKind::Pointer;
  if (type.isF16())
    return ParamKind::F16;
  if (type.isBF16())
    return ParamKind::BF16;
  if (type.isF32())
    return ParamKind::F32;
  if (type.isF64())
    return ParamKind::F64;
  if (!type.isInteger())
    return std::nullopt;
  switch (type.getIntOrFloatBitWidth()) {
  case 1:
    return ParamKind::I1;
  case 8:
    return ParamKind::I8;
  case 16:
    return ParamKind::I16;
  case 32:
    return ParamKind::I32;
  case 64:
    return ParamKind::I64;
  default:
    return std::nullopt;
  }
}

std::string textOf(mlir::Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

} // namespace

Error cosmati::describeKernel(mlir::ModuleOp module, const CompileOptions &options,
                              llvm::ArrayRef<runtime::KernelParam> given,
                              runtime::KernelImage &image) {
  auto kernel = findKernel(module);
  if (!kernel)
    return kernel.takeError();
  image.entry = kernel->getName().str();
  image.target = options.target;
  image.numWarps = static_cast<int>(options.num_warps);
  image.numCtas = static_cast<int>(options.num_ctas);
  image.numStages = static_cast<int>(options.num_stages);
  image.maxRegs = static_cast<int>(options.maxnreg);
  if (!given.empty() && given.size() != kernel->getNumArguments())
    return invalid(llvm::formatv("{0} parameters are described, the kernel {1} has {2}",
                                 given.size(), image.entry, kernel->getNumArguments())
                       .str());
  for (auto [index, type] : llvm::enumerate(kernel->getArgumentTypes())) {
    auto kind = kindOf(type);
    if (!kind)
      return invalid(
          llvm::formatv("parameter {0} of {1} has type {2}, which can't be passed to a kernel",
                        index, image.entry, textOf(type))
              .str());
    runtime::KernelParam param =
        given.empty() ? runtime::KernelParam{"arg" + std::to_string(index), *kind, textOf(type)}
                      : given[index];
    param.kind = *kind;
    image.params.push_back(std::move(param));
  }
  return Error::success();
}

bool cosmati::usesFp8(mlir::ModuleOp module) {
  auto isFp8 = [](mlir::Type type) {
    auto element = mlir::dyn_cast<mlir::FloatType>(mlir::getElementTypeOrSelf(type));
    return element && element.getWidth() == 8;
  };
  return module
      .walk([&](mlir::Operation *op) {
        bool found =
            llvm::any_of(op->getOperandTypes(), isFp8) || llvm::any_of(op->getResultTypes(), isFp8);
        return found ? mlir::WalkResult::interrupt() : mlir::WalkResult::advance();
      })
      .wasInterrupted();
}

std::vector<runtime::SourceChain> cosmati::recordSharedBuffers(mlir::ModuleOp module,
                                                               runtime::KernelImage &image) {
  std::vector<runtime::SourceChain> places;
  if (auto bytes = module->getAttrOfType<mlir::IntegerAttr>(tilegpu::kSharedBytesAttr))
    image.sharedBytes = static_cast<uint32_t>(bytes.getInt());
  module.walk([&](tilegpu::SharedAllocOp alloc) {
    if (!alloc.getOffset())
      return;
    int64_t bytes = alloc.sizeInBytes();
    image.sharedBuffers.push_back(
        {*alloc.getOffset(), static_cast<uint32_t>(bytes), alloc.getPurpose().str(), 0});
    places.push_back(chainOf(alloc.getLoc()));
  });
  return places;
}

void cosmati::appendBufferChains(llvm::ArrayRef<runtime::SourceChain> places,
                                 runtime::KernelImage &image) {
  for (auto [buffer, place] : llvm::zip_equal(image.sharedBuffers, places)) {
    if (place.frames.empty())
      continue;
    image.chains.push_back(place);
    buffer.location = static_cast<uint32_t>(image.chains.size());
  }
}

std::string cosmati::printModule(mlir::ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  mlir::OpPrintingFlags flags;
  flags.enableDebugInfo(true, /*prettyForm=*/false);
  module->print(stream, flags);
  return text;
}

/// The row of the intrinsic that an op of the LLVM or NVVM dialect calls.
static const cosmati::tilegpu::MmaInstruction *mmaOf(mlir::Operation *op) {
  if (auto call = llvm::dyn_cast<mlir::LLVM::CallIntrinsicOp>(op))
    return cosmati::tilegpu::mmaByIntrinsic(call.getIntrin());
  if (auto sparse = llvm::dyn_cast<mlir::NVVM::MmaSpOp>(op))
    return cosmati::tilegpu::mmaByIntrinsic(
        llvm::Intrinsic::getBaseName(mlir::NVVM::MmaSpOp::getIntrinsicID(
            sparse.getShape().getM(), sparse.getShape().getN(), sparse.getShape().getK(),
            sparse.getIntOverflowBehavior(), sparse.getOrderedMetadata(), sparse.getKind(),
            *sparse.getMultiplicandAPtxType(), *sparse.getMultiplicandBPtxType(),
            sparse.accumPtxType(), sparse.resultPtxType())));
  auto mma = llvm::dyn_cast<mlir::NVVM::MmaOp>(op);
  if (!mma)
    return nullptr;
  llvm::Intrinsic::ID id = mlir::NVVM::MmaOp::getIntrinsicID(
      mma.getShape().getM(), mma.getShape().getN(), mma.getShape().getK(), mma.getB1Op(),
      mma.getIntOverflowBehavior(), mma.getLayoutA(), mma.getLayoutB(),
      *mma.getMultiplicandAPtxType(), *mma.getMultiplicandBPtxType(), mma.accumPtxType(),
      mma.resultPtxType());
  return cosmati::tilegpu::mmaByIntrinsic(llvm::Intrinsic::getBaseName(id));
}

int cosmati::ptxVersionOfMma(mlir::ModuleOp module) {
  int version = 0;
  module.walk([&](mlir::Operation *op) {
    if (const tilegpu::MmaInstruction *row = mmaOf(op))
      version = std::max(version, row->ptxVersion);
  });
  return version;
}
