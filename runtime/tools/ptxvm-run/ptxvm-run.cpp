//===- ptxvm-run.cpp - Run a PTX kernel on the CPU ------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   ptxvm-run k.ptx --entry k --grid 4,1,1 --block 128,1,1 --arg f32:1024:iota --arg i32=5 --dump 0
//
//===----------------------------------------------------------------------===//
#include "runtime/tools/ptxvm-run/Arguments.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

namespace cl = llvm::cl;
using namespace cosmati::ptxvm;

static cl::OptionCategory options("Options");
static cl::list<std::string>
    inputFiles(cl::Positional,
               cl::desc("<PTX file, - for standard input> [<further file to link>...]"),
               cl::cat(options));
static cl::opt<std::string> entryName("entry", cl::desc("kernel; may be left out if there is one"),
                                      cl::cat(options));
static cl::list<uint32_t> gridDims("grid", cl::CommaSeparated, cl::desc("CTAs: x[,y[,z]]"),
                                   cl::cat(options));
static cl::list<uint32_t> blockDims("block", cl::CommaSeparated,
                                    cl::desc("threads per CTA (default .reqntid, or 32)"),
                                    cl::cat(options));
static cl::list<uint32_t> clusterDims(
    "cluster", cl::CommaSeparated,
    cl::desc("CTAs per cluster, at most 16, portably 8 (default what the kernel asks for, or 1)"),
    cl::cat(options));
static cl::list<std::string> args("arg",
                                  cl::desc("TYPE=VALUE or TYPE:COUNT:FILL, one for each parameter"),
                                  cl::cat(options));
static cl::opt<std::string>
    checkNames("check",
               cl::desc("what to look for besides bounds, alignment and deadlock: all, "
                        "none (default), or a list of uninitialized, race, sync, "
                        "overflow, slices"),
               cl::init("none"), cl::cat(options));
static cl::opt<uint64_t> seed("seed", cl::desc("of random buffers and orders; replays them"),
                              cl::init(0), cl::cat(options));
static cl::opt<std::string>
    scheduleText("schedule",
                 cl::desc("in-order, round-robin, random or adversarial (default: "
                          "random with a seed, else in-order)"),
                 cl::cat(options));
static cl::opt<std::string>
    asyncText("async", cl::desc("when asynchronous copies complete: late (default), early, random"),
              cl::init("late"), cl::cat(options));
static cl::list<uint32_t> dumps("dump", cl::CommaSeparated,
                                cl::desc("print these arguments' buffers afterwards"),
                                cl::cat(options));
static cl::opt<uint64_t> dumpLimit("dump-limit", cl::desc("elements to print of each (default 64)"),
                                   cl::init(64), cl::cat(options));
static cl::opt<uint32_t> sharedBytes("shared", cl::desc("dynamic shared memory in bytes"),
                                     cl::init(0), cl::cat(options));
static cl::opt<uint32_t> threads("threads", cl::desc("host threads (default all cores)"),
                                 cl::init(0), cl::cat(options));
static cl::opt<uint64_t>
    resident("resident", cl::desc("CTAs that are unfinished at once (default: as on a GPU)"),
             cl::init(0), cl::cat(options));
static cl::opt<uint64_t> maxInstructions("max-instructions", cl::desc("per CTA; 0: no limit"),
                                         cl::init(0), cl::cat(options));
static cl::opt<std::string>
    isa("isa", cl::desc("base, avx2 or avx512 (default: the best of this host)"), cl::cat(options));
static cl::opt<bool> json("json", cl::desc("print findings and counters as JSON"),
                          cl::cat(options));
static cl::opt<bool> counters("counters", cl::desc("print instruction counters"), cl::cat(options));
static cl::opt<bool> profile("profile",
                             cl::desc("count per instruction: lanes, sectors, bank "
                                      "conflicts, tensor operations"),
                             cl::cat(options));
static cl::opt<bool> list("list", cl::desc("list the kernels and their parameters"),
                          cl::cat(options));

static const char *const kManual = R"(Runs a PTX kernel on the CPU, in the PTX virtual machine.

  ptxvm-run k.ptx --entry add --grid 4,1,1 --block 128,1,1 \
      --arg f32:500:iota --arg f32:500:zeros --arg i32=500 --dump 1 --check all --seed 7

Arguments, one --arg for each parameter in order:
  TYPE=VALUE        a scalar: i32=5, u64=0xff, f32=1.5
  TYPE:COUNT:FILL   a buffer: f32:1024:iota. FILL is zeros, ones, iota (0, 1, 2, ...), random
                    (seeded; floats in [-1, 1), integers below 256), undefined (nobody has written
                    it: --check uninitialized reports reads) or @FILE (raw bytes; COUNT may be empty)
  Types: u8 i8 u16 i16 u32 i32 u64 i64 f16 bf16 f32 f64

Out of bounds, misaligned, read-only, deadlock and the like are always looked for and stop the
launch. What --check finds doesn't stop it. Reports go to standard error, or with --json to
standard output; docs/ptxvm.md says how to read them.

A schedule decides which of the orders that PTX allows is taken: a program whose result depends on it
has a race. --seed replays a random or adversarial order, with --threads 1 the whole launch, else
each CTA's.

Exit status: 0 if the kernel ended without a finding, 1 otherwise.
)";

static int fail(const llvm::Twine &text) {
  llvm::errs() << "ptxvm-run: " << text << "\n";
  return 1;
}

static std::array<uint32_t, 3> dims(const cl::list<uint32_t> &values,
                                    std::array<uint32_t, 3> otherwise) {
  if (!values.empty())
    for (size_t k = 0; k < 3; ++k)
      otherwise[k] = k < values.size() ? values[k] : 1;
  return otherwise;
}

static void printEntries(const Module &module) {
  for (const EntryInfo &entry : module.entries()) {
    llvm::outs() << entry.name << ": " << entry.paramBytes << " parameter bytes, "
                 << entry.staticShared << " shared bytes, " << entry.numRegs << " register slots\n";
    for (const ParamInfo &p : entry.params)
      llvm::outs() << "  " << p.offset << ": " << p.type << (p.pointer ? " pointer " : " ")
                   << p.name << "\n";
  }
}

static void printCounters(const Counters &c) {
  llvm::outs() << c.warpInstructions << " warp instructions in " << c.ctas << " CTAs, "
               << llvm::format("%.3f", c.seconds) << " s, "
               << llvm::format("%.1f", double(c.warpInstructions) / c.seconds * 1e-6) << " M/s\n";
  for (size_t k = 0; k < c.byClass.size(); ++k)
    if (c.byClass[k])
      llvm::outs() << "  " << instClassName(InstClass(k)) << ": " << c.byClass[k] << "\n";
}

static void printFinding(const Finding &f) {
  llvm::errs() << f.message << "\n";
  if (f.occurrences > 1)
    llvm::errs() << "  found " << f.occurrences << " times at these instructions\n";
}

/// A row for each instruction that was executed, and their sum.
static void printProfile(const Profile &p) {
  auto row = [](const ProfileCounts &c, const llvm::Twine &place, llvm::StringRef text) {
    llvm::outs() << llvm::formatv(
        "{0,12} {1,6:P0} {2,10} {3,10} {4,10} {5,10}  {6,6} {7}\n", c.executions,
        c.executions ? double(c.lanes) / (32.0 * double(c.executions)) : 0, c.globalSectors,
        c.globalIdealSectors, c.sharedPasses, c.bankConflicts(), place.str(), text);
  };
  llvm::outs() << "  executions active    sectors      ideal  sh.passes  conflicts    line\n";
  for (const ProfiledInstruction &i : p.instructions)
    row(i.counts, llvm::Twine(i.line), i.text);
  row(p.total, "", "total");
  for (const auto &[type, ops] : p.total.tensorOps)
    llvm::outs() << "tensor operations on " << type << ": " << ops << "\n";
  llvm::outs() << "global memory touched: " << p.footprintBytes << " bytes\n";
}

static llvm::Expected<LaunchConfig> configFor(const EntryInfo &entry) {
  LaunchConfig config;
  config.grid = dims(gridDims, {1, 1, 1});
  config.block = dims(blockDims, entry.reqntid.value_or(std::array<uint32_t, 3>{32, 1, 1}));
  config.cluster = dims(clusterDims, {1, 1, 1});
  config.nonPortableCluster = true; // the user asks for this very size
  config.dynamicShared = sharedBytes;
  config.threads = threads;
  config.resident = resident;
  config.seed = seed;
  config.maxInstructions = maxInstructions;
  config.profile = profile;
  auto checks = parseChecks(checkNames);
  if (!checks)
    return checks.takeError();
  config.checks = *checks;
  auto async = parseAsyncCompletion(asyncText);
  if (!async)
    return async.takeError();
  config.async = *async;
  if (scheduleText.empty())
    return config;
  auto schedule = parseSchedule(scheduleText);
  if (!schedule)
    return schedule.takeError();
  config.schedule = *schedule;
  return config;
}

static void dump(const Argument &arg, size_t index) {
  llvm::outs() << "arg " << index << " (" << arg.text << "):";
  size_t n = arg.elements();
  for (size_t k = 0; k < n && k < dumpLimit; ++k)
    llvm::outs() << " " << arg.element(k);
  llvm::outs() << (n > dumpLimit ? " ...\n" : "\n");
}

/// The module of all files, linked.
static llvm::Expected<std::shared_ptr<Module>> load() {
  if (inputFiles.empty())
    inputFiles.push_back("-");
  std::vector<std::unique_ptr<llvm::MemoryBuffer>> files;
  std::vector<Module::Source> sources;
  for (const std::string &name : inputFiles) {
    auto file = llvm::MemoryBuffer::getFileOrSTDIN(name, /*IsText=*/true);
    if (!file)
      return llvm::createStringError("cannot read '" + name + "': " + file.getError().message());
    files.push_back(std::move(*file));
    sources.push_back({files.back()->getBuffer(), name == "-" ? "<stdin>" : name.c_str()});
  }
  return Module::link(sources);
}

int main(int argc, char **argv) {
  cl::HideUnrelatedOptions(options);
  cl::ParseCommandLineOptions(argc, argv, kManual);
  if (!isa.empty() && !setHostIsa(isa))
    return fail("this host has no '" + isa + "'");
  auto module = load();
  if (!module)
    return fail(llvm::toString(module.takeError()));
  if (list) {
    printEntries(**module);
    return 0;
  }
  if (entryName.empty() && (*module)->entries().size() == 1)
    entryName = (*module)->entries()[0].name;
  const EntryInfo *entry = (*module)->findEntry(entryName);
  if (!entry)
    return fail("there is no kernel '" + entryName + "'; --list shows them");
  if (args.size() != entry->params.size())
    return fail("'" + entryName + "' takes " + llvm::Twine(entry->params.size()) +
                " arguments, got " + llvm::Twine(args.size()));

  AddressSpace memory;
  ParamBlock params(*entry);
  std::vector<Argument> values(args.size());
  for (size_t k = 0; k < args.size(); ++k) {
    auto value = parseArgument(args[k], seed + k);
    if (!value)
      return fail(llvm::toString(value.takeError()));
    values[k] = std::move(*value);
    if (values[k].buffer) {
      values[k].address = memory.map(values[k].bytes.data(), values[k].bytes.size(),
                                     "arg " + std::to_string(k) + " (" + args[k] + ")",
                                     MapOptions{true, !values[k].undefined, nullptr, 0});
      params.set(k, values[k].address);
    } else {
      params.setBytes(k, values[k].bytes.data(), values[k].bytes.size());
    }
  }
  auto config = configFor(*entry);
  if (!config)
    return fail(llvm::toString(config.takeError()));
  Report report;
  llvm::Error error = launch(**module, entryName, *config, params.bytes(), memory, &report);
  bool failed = bool(error);
  if (!report.findings.empty())
    llvm::consumeError(std::move(error));
  else if (failed)
    llvm::errs() << llvm::toString(std::move(error)) << "\n";
  if (!json)
    for (const Finding &f : report.findings)
      printFinding(f);
  for (uint32_t index : dumps) {
    if (index >= values.size() || !values[index].buffer)
      return fail("--dump " + llvm::Twine(index) + ": no such buffer");
    dump(values[index], index);
  }
  if (json)
    llvm::outs() << llvm::formatv("{0:2}", toJson(report)) << "\n";
  else if (counters)
    printCounters(report.counters);
  if (profile && !json)
    printProfile(report.profile);
  return failed ? 1 : 0;
}
