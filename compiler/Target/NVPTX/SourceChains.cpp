#include "compiler/Target/NVPTX/SourceChains.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/BinaryFormat/Dwarf.h"

using namespace mlir;
using namespace cosmati;
using runtime::SourceChain;
using runtime::SourceFrame;

namespace {

/// DILocation keeps 16 bits of the column.
constexpr uint32_t kMaxChains = 65535;

void appendFrames(Location loc, SourceChain &chain) {
  llvm::TypeSwitch<LocationAttr>(loc)
      .Case([&](FileLineColLoc file) {
        chain.frames.push_back({file.getFilename().str(), static_cast<int32_t>(file.getLine()),
                                static_cast<int32_t>(file.getColumn())});
      })
      .Case([&](CallSiteLoc call) {
        appendFrames(call.getCallee(), chain);
        appendFrames(call.getCaller(), chain);
      })
      .Case([&](NameLoc named) { appendFrames(named.getChildLoc(), chain); })
      .Case([&](FusedLoc fused) {
        // Several origins: the first one that is known speaks for all.
        for (Location part : fused.getLocations()) {
          appendFrames(part, chain);
          if (!chain.frames.empty())
            return;
        }
      })
      .Default([](LocationAttr) {});
}

/// Numbers chains and makes the debug scopes, one file scope per source function.
class Numbering {
public:
  Numbering(ModuleOp module) : context(module.getContext()) {
    file = LLVM::DIFileAttr::get(context, "cosmati", "");
    unit = LLVM::DICompileUnitAttr::get(DistinctAttr::create(UnitAttr::get(context)),
                                        llvm::dwarf::DW_LANG_C, file,
                                        StringAttr::get(context, "cosmati"), /*isOptimized=*/true,
                                        LLVM::DIEmissionKind::DebugDirectivesOnly);
  }

  LLVM::DISubprogramAttr scopeOf(LLVM::LLVMFuncOp function) {
    auto name = function.getSymNameAttr();
    SourceChain chain = chainOf(function.getLoc());
    auto scopeFile = chain.frames.empty()
                         ? file
                         : LLVM::DIFileAttr::get(context, chain.frames.back().function, "");
    auto type = LLVM::DISubroutineTypeAttr::get(context, llvm::dwarf::DW_CC_normal, {});
    return LLVM::DISubprogramAttr::get(
        context, DistinctAttr::create(UnitAttr::get(context)), unit, scopeFile, name, name,
        scopeFile, /*line=*/1, /*scopeLine=*/1,
        LLVM::DISubprogramFlags::Definition | LLVM::DISubprogramFlags::Optimized, type, {}, {});
  }

  Location number(Location loc) {
    auto [entry, isNew] = numbered.try_emplace(loc, loc);
    if (isNew)
      entry->second = makeNumbered(loc);
    return entry->second;
  }

  std::vector<SourceChain> chains;

private:
  Location makeNumbered(Location loc) {
    SourceChain chain = chainOf(loc);
    if (chain.frames.empty() || chains.size() == kMaxChains)
      return UnknownLoc::get(context);
    SourceFrame &leaf = chain.frames.front();
    auto where = FileLineColLoc::get(context, leaf.function, leaf.line, chains.size() + 1);
    chains.push_back(std::move(chain));
    return where;
  }

  MLIRContext *context;
  LLVM::DIFileAttr file;
  LLVM::DICompileUnitAttr unit;
  llvm::DenseMap<Location, Location> numbered;
};

} // namespace

SourceChain cosmati::chainOf(Location loc) {
  SourceChain chain;
  appendFrames(loc, chain);
  return chain;
}

std::vector<SourceChain> cosmati::numberLocations(ModuleOp module, bool enabled) {
  Location unknown = UnknownLoc::get(module.getContext());
  if (!enabled) {
    module.walk([&](Operation *op) { op->setLoc(unknown); });
    return {};
  }
  Numbering numbering(module);
  for (auto function : module.getOps<LLVM::LLVMFuncOp>()) {
    if (function.isExternal())
      continue;
    auto scope = numbering.scopeOf(function);
    // First of all the `def` itself: what begins the function has its chain.
    (void)numbering.number(function.getLoc());
    function.walk([&](Operation *op) { op->setLoc(numbering.number(op->getLoc())); });
    function->setLoc(FusedLoc::get(module.getContext(), {function->getLoc()}, scope));
  }
  return std::move(numbering.chains);
}
