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

static cl::opt<std::string> inputFile(cl::Positional, cl::desc("<PTX file, - for standard input>"),
                                      cl::init("-"));
static cl::opt<std::string> entryName("entry", cl::desc("kernel; may be left out if there is one"));
static cl::list<uint32_t> gridDims("grid", cl::CommaSeparated, cl::desc("CTAs: x[,y[,z]]"));
static cl::list<uint32_t> blockDims("block", cl::CommaSeparated,
                                    cl::desc("threads per CTA (default .reqntid, or 32)"));
static cl::list<std::string>
    args("arg", cl::desc("TYPE=VALUE or TYPE:COUNT:FILL, one for each parameter"));
static cl::list<uint32_t> dumps("dump", cl::CommaSeparated,
                                cl::desc("print these arguments' buffers afterwards"));
static cl::opt<uint64_t> dumpLimit("dump-limit", cl::desc("elements to print of each (default 64)"),
                                   cl::init(64));
static cl::opt<uint32_t> sharedBytes("shared", cl::desc("dynamic shared memory in bytes"),
                                     cl::init(0));
static cl::opt<uint32_t> threads("threads", cl::desc("host threads (default all cores)"),
                                 cl::init(0));
static cl::opt<uint64_t> seed("seed", cl::desc("order of warps and CTAs; 0: in order"),
                              cl::init(0));
static cl::opt<uint64_t> maxInstructions("max-instructions", cl::desc("per CTA; 0: no limit"),
                                         cl::init(0));
static cl::opt<std::string> isa("isa",
                                cl::desc("base, avx2 or avx512 (default: the best of this host)"));
static cl::opt<bool> json("json", cl::desc("print findings and counters as JSON"));
static cl::opt<bool> counters("counters", cl::desc("print instruction counters"));
static cl::opt<bool> list("list", cl::desc("list the kernels and their parameters"));

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

static llvm::json::Value toJson(const Report &report) {
  llvm::json::Array findings;
  for (const Finding &f : report.findings)
    findings.push_back(
        llvm::json::Object{{"kind", f.kind},
                           {"message", f.message},
                           {"entry", f.entry},
                           {"ctaid", llvm::json::Array(f.ctaid)},
                           {"tid", llvm::json::Array(f.tid)},
                           {"address", int64_t(f.address)},
                           {"line", f.line},
                           {"instruction", f.instruction},
                           {"loc", llvm::json::Array{f.locFile, f.locLine, f.locColumn}}});
  llvm::json::Object classes;
  for (size_t c = 0; c < report.counters.byClass.size(); ++c)
    classes[instClassName(InstClass(c))] = int64_t(report.counters.byClass[c]);
  return llvm::json::Object{{"findings", std::move(findings)},
                            {"warp_instructions", int64_t(report.counters.warpInstructions)},
                            {"ctas", int64_t(report.counters.ctas)},
                            {"seconds", report.counters.seconds},
                            {"classes", std::move(classes)}};
}

static void printCounters(const Counters &c) {
  llvm::outs() << c.warpInstructions << " warp instructions in " << c.ctas << " CTAs, "
               << llvm::format("%.3f", c.seconds) << " s, "
               << llvm::format("%.1f", double(c.warpInstructions) / c.seconds * 1e-6) << " M/s\n";
  for (size_t k = 0; k < c.byClass.size(); ++k)
    if (c.byClass[k])
      llvm::outs() << "  " << instClassName(InstClass(k)) << ": " << c.byClass[k] << "\n";
}

static void dump(const Argument &arg, size_t index) {
  llvm::outs() << "arg " << index << " (" << arg.text << "):";
  size_t n = arg.elements();
  for (size_t k = 0; k < n && k < dumpLimit; ++k)
    llvm::outs() << " " << arg.element(k);
  llvm::outs() << (n > dumpLimit ? " ...\n" : "\n");
}

int main(int argc, char **argv) {
  cl::ParseCommandLineOptions(argc, argv, "Runs a PTX kernel on the CPU.\n");
  if (!isa.empty() && !setHostIsa(isa))
    return fail("this host has no '" + isa + "'");
  auto file = llvm::MemoryBuffer::getFileOrSTDIN(inputFile, /*IsText=*/true);
  if (!file)
    return fail("cannot read '" + inputFile + "': " + file.getError().message());
  auto module =
      Module::parse((*file)->getBuffer(), inputFile == "-" ? "<stdin>" : inputFile.getValue());
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
                                     "arg " + std::to_string(k) + " (" + args[k] + ")");
      params.set(k, values[k].address);
    } else {
      params.setBytes(k, values[k].bytes.data(), values[k].bytes.size());
    }
  }
  LaunchConfig config;
  config.grid = dims(gridDims, {1, 1, 1});
  config.block = dims(blockDims, entry->reqntid.value_or(std::array<uint32_t, 3>{32, 1, 1}));
  config.dynamicShared = sharedBytes;
  config.threads = threads;
  config.seed = seed;
  config.maxInstructions = maxInstructions;
  Report report;
  llvm::Error error = launch(**module, entryName, config, params.bytes(), memory, &report);
  bool failed = bool(error);
  if (failed)
    llvm::errs() << llvm::toString(std::move(error)) << "\n";
  for (uint32_t index : dumps) {
    if (index >= values.size() || !values[index].buffer)
      return fail("--dump " + llvm::Twine(index) + ": no such buffer");
    dump(values[index], index);
  }
  if (json)
    llvm::outs() << llvm::formatv("{0:2}", toJson(report)) << "\n";
  else if (counters)
    printCounters(report.counters);
  return failed ? 1 : 0;
}
