//===- Findings.cpp - making and collecting reports -----------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/check/Findings.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

using namespace cosmati::ptxvm;

static constexpr size_t kMaxFindings = 64;

std::string cosmati::ptxvm::tripleText(const std::array<uint32_t, 3> &v) {
  return llvm::formatv("({0},{1},{2})", v[0], v[1], v[2]).str();
}

AccessPoint cosmati::ptxvm::accessPoint(const Launch &launch, uint32_t instruction,
                                        std::string what, std::array<uint32_t, 3> ctaid,
                                        uint32_t warp, unsigned lane) {
  const InstInfo &info = launch.program->info[instruction];
  const auto &block = launch.config->block;
  uint32_t t = warp * kLanes + lane;
  AccessPoint p;
  p.what = std::move(what);
  p.ctaid = ctaid;
  p.tid = {t % block[0], t / block[0] % block[1], t / block[0] / block[1]};
  p.warp = warp;
  p.lane = lane;
  p.file = info.file.str();
  p.line = info.line;
  p.instruction = info.text.str();
  p.locFile = info.loc.file;
  p.locLine = info.loc.line;
  p.locColumn = info.loc.column;
  return p;
}
AccessPoint cosmati::ptxvm::accessPoint(const Warp &w, const Inst *i, std::string what,
                                        unsigned lane) {
  const Launch &launch = *w.cta->launch;
  AccessPoint p =
      accessPoint(launch, launch.indexOf(i), std::move(what), w.cta->ctaid, w.index, lane);
  if (p.locFile)
    return p;
  // A function without source lines: the call's stand for it.
  const WarpState &s = *w.state;
  for (int32_t k = s.hasCurrent ? s.current.reconv : -1; k >= 0; k = s.reconv[size_t(k)].parent) {
    const Reconv &entry = s.reconv[size_t(k)];
    if (!entry.callee)
      continue;
    const ast::Location &loc = launch.infoOf(entry.resume - 1).loc;
    p.locFile = loc.file;
    p.locLine = loc.line;
    p.locColumn = loc.column;
    if (p.locFile)
      break;
  }
  return p;
}

std::string cosmati::ptxvm::placeText(const Launch &launch, const AccessPoint &p) {
  std::string text = llvm::formatv("{0}:{1}: {2}", p.file, p.line, p.instruction).str();
  if (p.locFile)
    text +=
        llvm::formatv("\n  .loc file {0}, line {1}, column {2}", p.locFile, p.locLine, p.locColumn);
  return text;
}

/// The buffer or module variable that holds the byte; null if none does.
static const Region *regionOf(const Launch &launch, uint64_t address) {
  if (const Region *r = launch.regions->find(address, 1))
    return r;
  return launch.program->globalRegions.find(address, 1);
}

const VariableInfo *cosmati::ptxvm::sharedVariable(const Launch &launch, uint64_t address) {
  const Program &program = *launch.program;
  for (const VariableInfo &v : program.variables) {
    // The variables of different kernels lie over one another.
    bool foreign =
        v.function != ~0u && program.functions[v.function].entry && v.function != launch.function;
    if (v.space == Space::Shared && !foreign && address - v.offset < v.bytes)
      return &v;
  }
  return nullptr;
}
const VariableInfo *cosmati::ptxvm::localVariable(const Warp &w, uint64_t address) {
  uint32_t function = w.state->current.frame->function;
  for (const VariableInfo &v : w.cta->launch->program->variables)
    if (v.function == function && v.space != Space::Shared &&
        address - w.localBase - v.offset < v.bytes)
      return &v;
  return nullptr;
}

std::string cosmati::ptxvm::describeAddress(const Launch &launch, Space space, uint64_t address,
                                            const Cta *owner) {
  if (space == Space::Shared) {
    std::string text = llvm::formatv("byte {0} of shared memory", address);
    if (const VariableInfo *v = sharedVariable(launch, address))
      text += llvm::formatv(" ('{0}' + {1})", v->name, address - v->offset);
    if (owner)
      text += " of program id " + tripleText(owner->ctaid);
    return text;
  }
  if (space == Space::Local)
    return llvm::formatv("byte {0} of the thread's local memory", address);
  if (const Region *r = regionOf(launch, address))
    return llvm::formatv("byte {0} of '{1}' ({2} bytes)", address - r->base, r->name, r->bytes);
  return "global address 0x" + llvm::utohexstr(address, /*LowerCase=*/true);
}

void cosmati::ptxvm::nameBuffer(const Launch &launch, Space space, uint64_t address,
                                Finding &finding) {
  finding.address = address;
  finding.index = address;
  if (space == Space::Shared || space == Space::Local) {
    finding.buffer = space == Space::Shared ? "shared memory" : "local memory";
    if (const VariableInfo *v =
            space == Space::Shared ? sharedVariable(launch, address) : nullptr) {
      finding.buffer = v->name;
      finding.index = address - v->offset;
      finding.bufferBytes = v->bytes == VariableInfo::kRest ? 0 : v->bytes;
    }
  } else if (const Region *r = regionOf(launch, address)) {
    finding.buffer = r->name;
    finding.index = address - r->base;
    finding.bufferBytes = r->bytes;
  }
}

void cosmati::ptxvm::takePlace(Finding &finding, const AccessPoint &p) {
  finding.ctaid = p.ctaid;
  finding.tid = p.tid;
  finding.line = p.line;
  finding.instruction = p.instruction;
  finding.locFile = p.locFile;
  finding.locLine = p.locLine;
  finding.locColumn = p.locColumn;
}

std::string cosmati::ptxvm::headerText(const Finding &f) {
  return llvm::formatv("{0} in kernel '{1}', program id {2}, thread {3}", f.kind, f.entry,
                       tripleText(f.ctaid), tripleText(f.tid));
}

void cosmati::ptxvm::compose(const Launch &launch, Finding &finding, const std::string &sentence,
                             const std::string &hint) {
  finding.entry = launch.entry->name;
  if (!finding.accesses.empty())
    takePlace(finding, finding.accesses.front());
  finding.message = headerText(finding) + ": " + sentence;
  for (const AccessPoint &p : finding.accesses)
    finding.message +=
        llvm::formatv("\n  {0} by program id {1}, thread {2} (warp {3}, lane {4})\n  {5}", p.what,
                      tripleText(p.ctaid), tripleText(p.tid), p.warp, p.lane, placeText(launch, p));
  if (!hint.empty())
    finding.message += "\n  " + hint;
}

/// The same kind at the same instructions.
static bool sameFault(const Finding &a, const Finding &b) {
  if (a.kind != b.kind || a.line != b.line || a.accesses.size() != b.accesses.size())
    return false;
  for (size_t k = 0; k < a.accesses.size(); ++k)
    if (a.accesses[k].line != b.accesses[k].line)
      return false;
  return true;
}

void cosmati::ptxvm::addFinding(Launch &launch, Finding finding, bool stop) {
  std::lock_guard<std::mutex> lock(launch.mutex);
  if (stop)
    launch.stop = true;
  for (Finding &f : launch.findings)
    if (sameFault(f, finding)) {
      ++f.occurrences;
      return;
    }
  if (launch.findings.size() == kMaxFindings)
    return;
  if (std::string replay = replayText(*launch.config); !replay.empty())
    finding.message += "\n  " + replay + " replays this order";
  launch.findings.push_back(std::move(finding));
}

llvm::json::Value cosmati::ptxvm::toJson(const Finding &f) {
  auto loc = [](const auto &p) { return llvm::json::Array{p.locFile, p.locLine, p.locColumn}; };
  llvm::json::Array accesses;
  for (const AccessPoint &p : f.accesses)
    accesses.push_back(llvm::json::Object{{"what", p.what},
                                          {"ctaid", llvm::json::Array(p.ctaid)},
                                          {"tid", llvm::json::Array(p.tid)},
                                          {"warp", p.warp},
                                          {"lane", p.lane},
                                          {"line", p.line},
                                          {"instruction", p.instruction},
                                          {"loc", loc(p)}});
  return llvm::json::Object{{"kind", f.kind},
                            {"message", f.message},
                            {"entry", f.entry},
                            {"ctaid", llvm::json::Array(f.ctaid)},
                            {"tid", llvm::json::Array(f.tid)},
                            {"address", f.address},
                            {"line", f.line},
                            {"instruction", f.instruction},
                            {"loc", loc(f)},
                            {"buffer", f.buffer},
                            {"index", f.index},
                            {"buffer_bytes", f.bufferBytes},
                            {"occurrences", f.occurrences},
                            {"accesses", std::move(accesses)}};
}

llvm::Expected<Check> cosmati::ptxvm::parseChecks(llvm::StringRef names) {
  static const std::pair<llvm::StringRef, Check> known[] = {
      {"none", Check::None}, {"uninitialized", Check::Uninitialized}, {"race", Check::Race},
      {"sync", Check::Sync}, {"overflow", Check::Overflow},           {"slices", Check::Slices},
      {"all", Check::All}};
  Check set = Check::None;
  llvm::SmallVector<llvm::StringRef> words;
  names.split(words, ',', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef word : words) {
    const auto *it = llvm::find_if(known, [&](const auto &k) { return k.first == word.trim(); });
    if (it == std::end(known))
      return llvm::createStringError(
          "there is no check '" + word.trim() +
          "'; there are uninitialized, race, sync, overflow, slices, all, none");
    set = set | it->second;
  }
  return set;
}
