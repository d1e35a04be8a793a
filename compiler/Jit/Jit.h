// Jit: from a front end's key to a kernel image, through memory, disk or the compiler.
//
//   first key  = what the front end would read (sources, constants, signature) + options + versions
//   second key = hash of the module that the front end built        + options + versions
//
// A first key that is known needs no front end. It leads to a second key, which leads to the image:
// two spellings of one kernel whose modules are equal share it. Locations belong to the module, so
// an image never names the lines of another kernel.
#pragma once

#include "compiler/Pipeline/Compile.h"
#include "runtime/Cache/DiskCache.h"
#include "runtime/Cache/MemoryCache.h"

#include "llvm/ADT/STLFunctionalExtras.h"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace cosmati {

/// Where an image came from.
enum class ImageOrigin : uint8_t { Memory, Disk, Compiled };
llvm::StringRef originName(ImageOrigin origin);

struct JitOutcome {
  std::shared_ptr<const runtime::KernelImage> image;
  runtime::CacheKey key; // the second key
  ImageOrigin origin = ImageOrigin::Memory;
  std::vector<StageTime> times;       // of what this call did; "frontend" first
  std::vector<CompileRemark> remarks; // of a compilation; empty for a hit
};

/// What a front end hands over: a module with one kernel, and the language types of its parameters.
struct JitModule {
  mlir::ModuleOp module;
  std::vector<runtime::KernelParam> params;
  std::shared_ptr<void> owner; // keeps module and context alive
};

struct JitSettings {
  runtime::DiskCacheOptions disk;
  std::shared_ptr<const runtime::Toolchain> toolchain; // null: no assembler, no libdevice
  std::string reproducerFolder;                        // empty: no bundles
  size_t memoryEntries = 4096; // images kept in memory, by each of the two keys
  /// How long to wait for another process that compiles the same kernel.
  std::chrono::milliseconds lockTimeout{120000};
};

/// Thread-safe. Threads and processes that want the same kernel at once compile it once.
class Jit {
public:
  explicit Jit(JitSettings settings);

  using Generate = llvm::function_ref<llvm::Expected<JitModule>()>;

  /// The image for `frontKey`. `generate` runs in the calling thread, only where no cache answers;
  /// its error comes back as it is. A front end that has no source to hash gives an empty key: it
  /// generates always, and the module alone decides. `interrupted` is asked while another process
  /// is waited for. Options that print, dump or replace stages bypass the caches, as does
  /// `useCaches` = false.
  llvm::Expected<JitOutcome> get(llvm::StringRef frontKey, const CompileOptions &options,
                                 Generate generate,
                                 llvm::function_ref<bool()> interrupted = nullptr,
                                 bool useCaches = true);

  /// Compiles without looking at or filling a cache. The module is consumed.
  llvm::Expected<CompileResult> compileOnly(const JitModule &module, const CompileOptions &options,
                                            llvm::StringRef reproducerFolder = "");

  /// Bytes of shared memory that the kernel would need with these options, also where that is more
  /// than the target has. The module is consumed.
  llvm::Expected<int64_t> sharedBytes(const JitModule &module, const CompileOptions &options);

  runtime::DiskCache &disk() { return diskCache; }
  const runtime::Toolchain *toolchain() const { return settings.toolchain.get(); }
  /// Forgets the images in memory.
  void clearMemory();
  /// Versions of everything that compiles, with this binary's build ID: part of both keys.
  const std::string &versions();

private:
  struct Entry {
    std::shared_ptr<const runtime::KernelImage> image;
    runtime::CacheKey key;
  };
  using EntryPointer = std::shared_ptr<Entry>;

  runtime::CacheKey firstKey(llvm::StringRef frontKey, const CompileOptions &options);
  runtime::CacheKey secondKey(const JitModule &module, const CompileOptions &options);
  llvm::Expected<EntryPointer> find(const runtime::CacheKey &first, const CompileOptions &options,
                                    Generate generate, llvm::function_ref<bool()> interrupted,
                                    JitOutcome &outcome);
  llvm::Expected<EntryPointer> generateAndFind(const CompileOptions &options, Generate generate,
                                               llvm::function_ref<bool()> interrupted,
                                               JitOutcome &outcome);
  llvm::Expected<EntryPointer> compileOnce(const JitModule &module, const runtime::CacheKey &key,
                                           const CompileOptions &options,
                                           llvm::function_ref<bool()> interrupted,
                                           JitOutcome &outcome);
  /// After an internal failure: the same once more, slower, with the bundle that repeats it.
  llvm::Error withBundle(llvm::Error error, const CompileOptions &options, Generate generate);
  EntryPointer readDisk(const runtime::CacheKey &key);

  JitSettings settings;
  runtime::DiskCache diskCache;
  runtime::MemoryCache<Entry> byFirst, bySecond;
  std::once_flag versionsOnce;
  std::string versionText;
};

} // namespace cosmati
