#include "compiler/Jit/Jit.h"

#include "compiler/Jit/BuildId.h"
#include "compiler/Pipeline/Pipelines.h"
#include "compiler/Pipeline/Resources.h"

#include "mlir/Bytecode/BytecodeWriter.h"

#include <chrono>

using namespace cosmati;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;
using runtime::CacheKey;
using runtime::KeyBuilder;

namespace {

/// Runs `work` and adds its wall time to `times`.
template <typename Work> auto timed(std::vector<StageTime> &times, const char *stage, Work work) {
  auto start = std::chrono::steady_clock::now();
  auto value = work();
  std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - start;
  times.push_back({stage, spent.count()});
  return value;
}

/// Feeds what is written to it into a key, without keeping it.
class HashStream : public llvm::raw_ostream {
public:
  CacheKey finish() {
    flush();
    CacheKey key;
    hash.final(key.bytes);
    return key;
  }

private:
  void write_impl(const char *data, size_t bytes) override {
    hash.update(StringRef(data, bytes));
    written += bytes;
  }
  uint64_t current_pos() const override { return written; }
  llvm::BLAKE3 hash;
  uint64_t written = 0;
};

/// The front end's context knows the tile level only; lowering and translation need the rest.
void prepareContext(const JitModule &module) {
  mlir::DialectRegistry registry;
  registerCompilerDialects(registry);
  mlir::ModuleOp op = module.module;
  op->getContext()->appendDialectRegistry(registry);
  op->getContext()->printOpOnDiagnostic(false); // users see their own lines, not our IR
}

bool hasSideEffects(const CompileOptions &options) {
  return !options.dump_ir.empty() || !options.print_after.empty() ||
         !options.override_stage.empty();
}

} // namespace

StringRef cosmati::originName(ImageOrigin origin) {
  switch (origin) {
  case ImageOrigin::Memory:
    return "memory";
  case ImageOrigin::Disk:
    return "disk";
  case ImageOrigin::Compiled:
    return "compiled";
  }
  llvm_unreachable("unknown origin");
}

Jit::Jit(JitSettings given)
    : settings(std::move(given)), diskCache(settings.disk), byFirst(settings.memoryEntries),
      bySecond(settings.memoryEntries) {}

const std::string &Jit::versions() {
  std::call_once(versionsOnce, [&] {
    versionText = compilerVersions(settings.toolchain.get()) + "\nbuild=" + binaryBuildId() +
                  "\nimage=" + std::to_string(runtime::kernelImageVersion);
  });
  return versionText;
}

CacheKey Jit::firstKey(StringRef frontKey, const CompileOptions &options) {
  return KeyBuilder("first key")
      .add("front", frontKey)
      .add("options", StringRef(options.key()))
      .add("versions", StringRef(versions()))
      .finish();
}

CacheKey Jit::secondKey(const JitModule &module, const CompileOptions &options) {
  HashStream stream;
  // Writing bytecode of a module that holds no resources can't fail.
  (void)mlir::writeBytecodeToFile(module.module, stream);
  KeyBuilder key("second key");
  key.add("module", stream.finish())
      .add("options", StringRef(options.key()))
      .add("versions", StringRef(versions()));
  for (const runtime::KernelParam &param : module.params)
    key.add(param.name, StringRef(param.type));
  return key.finish();
}

Jit::EntryPointer Jit::readDisk(const CacheKey &key) {
  std::optional<std::vector<uint8_t>> bytes = diskCache.get(key);
  if (!bytes)
    return nullptr;
  Expected<runtime::KernelImage> image = runtime::KernelImage::deserialize(*bytes);
  if (!image) {
    // The file's checksum held, so this is an image of another format: a miss.
    if (settings.disk.warn)
      settings.disk.warn("cache entry " + key.hex() +
                         " is not usable and was removed: " + llvm::toString(image.takeError()));
    else
      llvm::consumeError(image.takeError());
    diskCache.remove(key);
    return nullptr;
  }
  return std::make_shared<Entry>(
      Entry{std::make_shared<const runtime::KernelImage>(std::move(*image)), key});
}

Expected<CompileResult> Jit::compileOnly(const JitModule &module, const CompileOptions &options,
                                         StringRef reproducerFolder) {
  CompileEnvironment environment;
  environment.toolchain = settings.toolchain.get();
  environment.reproducerFolder = reproducerFolder.str();
  environment.params = module.params;
  prepareContext(module);
  return compile(module.module, options, environment);
}

Expected<int64_t> Jit::sharedBytes(const JitModule &module, const CompileOptions &options) {
  prepareContext(module);
  return sharedBytesNeeded(module.module, options);
}

Expected<Jit::EntryPointer> Jit::compileOnce(const JitModule &module, const CacheKey &key,
                                             const CompileOptions &options,
                                             llvm::function_ref<bool()> interrupted,
                                             JitOutcome &outcome) {
  if (EntryPointer entry = readDisk(key)) {
    outcome.origin = ImageOrigin::Disk;
    return entry;
  }
  // Without the lock (time-out, no disk) the kernel is compiled all the same: only time is lost.
  runtime::KeyLock lock = diskCache.lock(key, settings.lockTimeout, interrupted);
  if (lock.held())
    if (EntryPointer entry = readDisk(key)) {
      outcome.origin = ImageOrigin::Disk;
      return entry;
    }
  Expected<CompileResult> compiled = compileOnly(module, options);
  if (!compiled)
    return compiled.takeError();
  outcome.origin = ImageOrigin::Compiled;
  llvm::append_range(outcome.times, compiled->times);
  outcome.remarks = std::move(compiled->remarks);
  diskCache.put(key, compiled->image.serialize());
  return std::make_shared<Entry>(
      Entry{std::make_shared<const runtime::KernelImage>(std::move(compiled->image)), key});
}

Expected<Jit::EntryPointer> Jit::find(const CacheKey &first, const CompileOptions &options,
                                      Generate generate, llvm::function_ref<bool()> interrupted,
                                      JitOutcome &outcome) {
  if (std::optional<CacheKey> second = diskCache.getAlias(first)) {
    EntryPointer known = bySecond.get(*second);
    if (known)
      return known;
    if (EntryPointer entry = timed(outcome.times, "disk", [&] { return readDisk(*second); })) {
      outcome.origin = ImageOrigin::Disk;
      bySecond.put(*second, entry);
      return entry;
    }
  }
  Expected<EntryPointer> entry = generateAndFind(options, generate, interrupted, outcome);
  if (entry)
    diskCache.putAlias(first, (*entry)->key);
  return entry;
}

Expected<Jit::EntryPointer> Jit::generateAndFind(const CompileOptions &options, Generate generate,
                                                 llvm::function_ref<bool()> interrupted,
                                                 JitOutcome &outcome) {
  Expected<JitModule> module = timed(outcome.times, "frontend", [&] { return generate(); });
  if (!module)
    return module.takeError();
  CacheKey second = timed(outcome.times, "key", [&] { return secondKey(*module, options); });
  Expected<EntryPointer> entry = bySecond.getOrMake(
      second, [&] { return compileOnce(*module, second, options, interrupted, outcome); });
  if (!entry)
    return withBundle(entry.takeError(), options, generate);
  return entry;
}

Error Jit::withBundle(Error error, const CompileOptions &options, Generate generate) {
  bool isInternal = false;
  error = llvm::handleErrors(std::move(error), [&](std::unique_ptr<CompileError> failure) {
    isInternal = failure->kind == CompileErrorKind::Internal;
    return Error(std::move(failure));
  });
  if (!isInternal || settings.reproducerFolder.empty())
    return error;
  Expected<JitModule> module = generate();
  if (!module) {
    llvm::consumeError(module.takeError());
    return error;
  }
  Expected<CompileResult> again = compileOnly(*module, options, settings.reproducerFolder);
  if (again)
    return error;
  llvm::consumeError(std::move(error));
  return again.takeError();
}

Expected<JitOutcome> Jit::get(StringRef frontKey, const CompileOptions &options, Generate generate,
                              llvm::function_ref<bool()> interrupted, bool useCaches) {
  if (Error error = options.validate())
    return error;
  JitOutcome outcome;
  if (!useCaches || hasSideEffects(options)) {
    Expected<JitModule> module = generate();
    if (!module)
      return module.takeError();
    outcome.key = secondKey(*module, options);
    Expected<CompileResult> compiled = compileOnly(*module, options, settings.reproducerFolder);
    if (!compiled)
      return compiled.takeError();
    outcome.image = std::make_shared<const runtime::KernelImage>(std::move(compiled->image));
    outcome.origin = ImageOrigin::Compiled;
    outcome.times = std::move(compiled->times);
    outcome.remarks = std::move(compiled->remarks);
    return outcome;
  }
  // The first key knows no positions, and absolute lines are positions: the IR decides alone.
  Expected<EntryPointer> entry =
      frontKey.empty() || options.lineinfo == "absolute"
          ? generateAndFind(options, generate, interrupted, outcome)
          : byFirst.getOrMake(firstKey(frontKey, options), [&] {
              CacheKey first = firstKey(frontKey, options);
              return find(first, options, generate, interrupted, outcome);
            });
  if (!entry)
    return entry.takeError();
  outcome.image = (*entry)->image;
  outcome.key = (*entry)->key;
  return outcome;
}

void Jit::clearMemory() {
  byFirst.clear();
  bySecond.clear();
}
