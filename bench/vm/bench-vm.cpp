//===- bench-vm.cpp - Throughput of the PTX virtual machine ---------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Prints millions of warp instructions per second, for loops of one kind of instruction and for a
// GEMM, by instruction set of the host and number of host threads. Medians of five runs.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/PtxVm.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <array>
#include <ctime>
#include <thread>

namespace cl = llvm::cl;
using namespace cosmati::ptxvm;

static cl::opt<uint32_t> maxThreads("threads", cl::desc("most host threads (default: cores)"),
                                    cl::init(0));
static cl::opt<double> minimum("minimum",
                               cl::desc("fail if the ALU loop is slower (M warp instructions/s)"),
                               cl::init(0));

static cl::opt<std::string> only("only", cl::desc("measure only rows whose name contains this"));
static cl::opt<std::string> onlyIsa("isa",
                                    cl::desc("only this instruction set: base, avx2, avx512"));

namespace {

bool wanted(llvm::StringRef row) { return row.contains(only); }

struct Bench {
  const char *name;
  std::string ptx;
  uint32_t grid, block;
};

/// A kernel that runs `body` 20000 times per thread; %x, %y, %z are live across iterations.
std::string loop(const std::string &body, const std::string &types = "f32") {
  return ".version 8.0\n.target sm_90a\n.address_size 64\n"
         ".visible .entry k(.param .u64 data, .param .u32 n) {\n  .reg .pred %p, %q;\n"
         "  .reg .b32 %i, %n, %t, %r<8>;\n  .reg ." +
         types +
         " %x, %y, %z;\n  .reg .b64 %d, %a;\n  .shared .align 4 .b8 sh[1024];\n"
         "  ld.param.u32 %n, [n];\n  ld.param.u64 %d, [data];\n  mov.u32 %t, %tid.x;\n"
         "  mov.u32 %r0, %ctaid.x;\n  mad.lo.u32 %r0, %r0, 128, %t;\n"
         "  mad.wide.u32 %a, %r0, 4, %d;\n  ld.global." +
         types + " %x, [%a];\n  mov." + types + " %y, %x;\n  mov." + types +
         " %z, %x;\n  mov.u32 %i, 0;\nL:\n" + body +
         "\n  add.u32 %i, %i, 1;\n  setp.lt.u32 %p, %i, %n;\n  @%p bra L;\n  st.global." + types +
         " [%a], %x;\n  ret;\n}\n";
}
std::string times(unsigned n, const std::string &text) {
  std::string all;
  for (unsigned k = 0; k < n; ++k)
    all += text;
  return all;
}

std::vector<Bench> loops() {
  return {
      {"integer alu",
       loop(times(2, "  mad.lo.s32 %x, %y, %z, %x;\n  xor.b32 %y, %x, %z;\n  shr.u32 %z, %y, 3;\n"
                     "  add.s32 %z, %z, %x;\n"),
            "b32"),
       64, 128},
      {"f32 fma", loop(times(4, "  fma.rn.f32 %x, %x, %y, %z;\n  fma.rn.f32 %y, %y, %z, %x;\n")),
       64, 128},
      {"f32 add.rz", loop(times(8, "  add.rz.f32 %x, %x, %y;\n")), 64, 128},
      {"ex2.approx", loop(times(8, "  ex2.approx.f32 %x, %y;\n")), 64, 128},
      {"shared load+store",
       loop("  mov.u32 %r1, sh;\n  and.b32 %r2, %t, 127;\n  mad.lo.u32 %r1, %r2, 4, %r1;\n" +
            times(4, "  st.shared.f32 [%r1], %x;\n  ld.shared.f32 %y, [%r1];\n")),
       64, 128},
      {"global load+store",
       loop(times(4, "  st.global.f32 [%a], %x;\n  ld.global.f32 %y, [%a];\n")), 64, 128},
      {"shuffle", loop(times(8, "  shfl.sync.bfly.b32 %x, %x, 1, 31, -1;\n"), "b32"), 64, 128},
      {"diverging branches",
       loop("  and.b32 %r1, %t, 1;\n  setp.eq.u32 %q, %r1, 0;\n  @%q bra A;\n"
            "  add.f32 %x, %x, %y;\n  bra B;\nA:\n  add.f32 %x, %x, %z;\nB:\n"),
       64, 128},
      {"barrier", loop("  bar.sync 0;\n"), 64, 128},
  };
}

double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v[v.size() / 2];
}

struct Rates {
  double wall = 0, processor = 0; ///< M warp instructions per second
  double seconds = 0, processorSeconds = 0;
};

/// Medians; exits on an error.
Rates measure(const Module &module, llvm::StringRef entry, const LaunchConfig &config,
              llvm::ArrayRef<uint8_t> params, const AddressSpace &memory) {
  std::vector<double> seconds, processor;
  double instructions = 0;
  for (int k = 0; k < 5; ++k) {
    Report report;
    std::clock_t before = std::clock();
    if (llvm::Error e = launch(module, entry, config, params, memory, &report)) {
      llvm::errs() << llvm::toString(std::move(e)) << "\n";
      exit(1);
    }
    processor.push_back(double(std::clock() - before) / CLOCKS_PER_SEC);
    seconds.push_back(report.counters.seconds);
    instructions = double(report.counters.warpInstructions) * 1e-6;
  }
  Rates r;
  r.seconds = median(seconds);
  r.processorSeconds = median(processor);
  r.wall = instructions / r.seconds;
  r.processor = instructions / r.processorSeconds;
  return r;
}

std::shared_ptr<Module> load(llvm::StringRef text, llvm::StringRef name) {
  auto module = Module::parse(text, name);
  if (!module) {
    llvm::errs() << llvm::toString(module.takeError()) << "\n";
    exit(1);
  }
  return *module;
}

Rates runLoop(const Bench &bench, uint32_t threads) {
  auto module = load(bench.ptx, bench.name);
  std::vector<float> data(64 * 128, 0.5f); // each CTA has its own cache lines
  AddressSpace memory;
  ParamBlock params(module->entries()[0]);
  params.set(0, memory.map(data.data(), data.size() * 4, "data", true));
  params.set(1, uint32_t(2000));
  LaunchConfig config;
  config.grid = {bench.grid, 1, 1};
  config.block = {bench.block, 1, 1};
  config.threads = threads;
  return measure(*module, "k", config, params.bytes(), memory);
}

/// C = A B, 512 x 512 x 512 in f32.
Rates runGemm(uint32_t threads) {
  auto file = llvm::MemoryBuffer::getFile(COSMATI_VM_CUDA_DIR "/matrix.sm_80.ptx", /*IsText=*/true);
  if (!file) {
    llvm::errs() << "matrix.sm_80.ptx: " << file.getError().message() << "\n";
    exit(1);
  }
  auto module = load((*file)->getBuffer(), "matrix.sm_80.ptx");
  constexpr int n = 512;
  std::vector<float> a(n * n, 1.0f), b(n * n, 2.0f), c(n * n);
  AddressSpace memory;
  ParamBlock params(*module->findEntry("matmul"));
  size_t next = 0;
  for (auto *v : {&a, &b, &c})
    params.set(next++, memory.map(v->data(), v->size() * 4, "matrix", true));
  for (int k = 0; k < 3; ++k)
    params.set(next++, n);
  LaunchConfig config;
  config.grid = {n / 64, n / 64, 1};
  config.block = {128, 1, 1};
  config.threads = threads;
  Rates rates = measure(*module, "matmul", config, params.bytes(), memory);
  if (c[777] != 2.0f * n) {
    llvm::errs() << "matmul is wrong\n";
    exit(1);
  }
  return rates;
}

/// C = A B^T, 1024 x 1024 x 1024, f16 with sums in f32; a whole kernel, memory traffic included.
Rates runTensorGemm(llvm::StringRef name, uint32_t rowsPerCta, uint32_t threads) {
  std::string path = (COSMATI_VM_BENCH_DIR "/" + name).str();
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!file) {
    llvm::errs() << path << ": " << file.getError().message() << "\n";
    exit(1);
  }
  auto module = load((*file)->getBuffer(), name);
  constexpr uint32_t n = 1024;
  std::vector<uint16_t> a(n * n), b(n * n);
  std::vector<float> c(n * n);
  for (uint32_t k = 0; k < n * n; ++k) // 0, 1, 2 and 1, 2, 3, so that every sum is exact
    a[k] = std::array<uint16_t, 3>{0, 0x3c00, 0x4000}[k % 3],
    b[k] = std::array<uint16_t, 3>{0x3c00, 0x4000, 0x4200}[k % 3];
  AddressSpace memory;
  ParamBlock params(*module->findEntry("gemm"));
  params.set(0, memory.map(a.data(), a.size() * 2, "a", false));
  params.set(1, memory.map(b.data(), b.size() * 2, "b", false));
  params.set(2, memory.map(c.data(), c.size() * 4, "c", true));
  params.set(3, n);
  params.set(4, n);
  LaunchConfig config;
  config.grid = {n / 128, n / rowsPerCta, 1};
  config.block = {128, 1, 1};
  config.threads = threads;
  Rates rates = measure(*module, "gemm", config, params.bytes(), memory);
  for (uint32_t at : {0u, 777u, 1023u * n + 513u}) {
    uint32_t row = at / n, column = at % n, sum = 0;
    for (uint32_t k = 0; k < n; ++k)
      sum += (row * n + k) % 3 * ((column * n + k) % 3 + 1);
    if (c[at] != float(sum)) {
      llvm::errs() << name << " is wrong at " << at << ": " << c[at] << " for " << sum << "\n";
      exit(1);
    }
  }
  return rates;
}

void print(llvm::StringRef name, const Rates &r) {
  llvm::outs() << "  " << llvm::left_justify(name, 20)
               << llvm::format("%8.1f %8.1f   %.3f s, %.3f s\n", r.wall, r.processor, r.seconds,
                               r.processorSeconds);
}

} // namespace

int main(int argc, char **argv) {
  cl::ParseCommandLineOptions(argc, argv, "Throughput of the PTX virtual machine.\n");
  uint32_t cores =
      maxThreads ? uint32_t(maxThreads) : std::max(1u, std::thread::hardware_concurrency());
  std::string best = hostIsaName().str();
  double alu = 0;
  for (const char *isa : {"base", "avx2", "avx512"}) {
    if ((!onlyIsa.empty() && isa != onlyIsa) || !setHostIsa(isa))
      continue;
    for (uint32_t threads = 1; threads <= cores; threads *= 2) {
      llvm::outs() << isa << ", " << threads << (threads == 1 ? " thread" : " threads")
                   << " (M warp instructions per second: wall clock, processor time)\n";
      for (const Bench &bench : loops()) {
        if (!wanted(bench.name))
          continue;
        Rates r = runLoop(bench, threads);
        if (isa == best && threads == 1 && llvm::StringRef(bench.name) == "integer alu")
          alu = r.processor;
        llvm::outs() << "  " << llvm::left_justify(bench.name, 20)
                     << llvm::format("%8.1f %8.1f\n", r.wall, r.processor);
      }
      if (wanted("gemm 512^3 f32"))
        print("gemm 512^3 f32", runGemm(threads));
      if (wanted("gemm 1024^3 mma"))
        print("gemm 1024^3 mma", runTensorGemm("gemm-mma.ptx", 128, threads));
      if (wanted("gemm 1024^3 wgmma"))
        print("gemm 1024^3 wgmma", runTensorGemm("gemm-wgmma.ptx", 64, threads));
    }
  }
  if (alu < minimum) {
    llvm::errs() << "integer alu: " << alu << " M/s is below " << double(minimum) << "\n";
    return 1;
  }
  return 0;
}
