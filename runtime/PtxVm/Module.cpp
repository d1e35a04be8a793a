//===- Module.cpp - Module: parsing, variables, symbols -------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Decode.h"
#include "runtime/PtxVm/Link.h"
#include "runtime/PtxVm/Parser.h"
#include "runtime/PtxVm/exec/Isa.h"
#include "llvm/ADT/Twine.h"
#include "llvm/ADT/bit.h"
#include <atomic>
#include <cstring>

using namespace cosmati::ptxvm;

namespace {

/// Variables of modules live far from what AddressSpace hands out.
std::atomic<uint64_t> nextGlobal{uint64_t(0x10) << 56};

uint64_t alignTo(uint64_t value, uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

constexpr uint64_t kMaxGlobalBytes = uint64_t(1) << 32;
constexpr uint64_t kMaxSharedBytes = uint64_t(1) << 24;
constexpr uint64_t kMaxLocalBytes = uint64_t(1)
                                    << 19; ///< of a function, per thread, as on hardware
constexpr uint64_t kMaxParamBytes = 32764; ///< of an entry, from sm_70 on

class ModuleDecoder {
public:
  ModuleDecoder(Program &program, std::vector<ModuleSymbols> symbols)
      : program(program), symbols(std::move(symbols)), variables(program.modules.size()) {
    for (uint32_t m = 0; m < program.modules.size(); ++m) {
      firstFunction.push_back(uint32_t(functions.size()));
      for (const ast::Function &f : program.modules[m]->functions) {
        functions.push_back(&f);
        moduleOf.push_back(m);
      }
      variables[m].resize(program.modules[m]->variables.size());
    }
  }

  llvm::Error run() {
    placeGlobals();
    uint64_t shared = placeShared();
    if (!error.empty())
      return llvm::createStringError(error);
    dynamicShared = uint32_t(alignTo(shared, program.dynamicSharedAlign));
    eachVariable([&](const ast::Variable &v, VariablePlace &place) {
      if (isDynamicShared(v)) {
        place = {Space::Shared, dynamicShared, false,
                 named(v, Space::Shared, dynamicShared, VariableInfo::kRest)};
        program.hasDynamicShared = true;
      }
    });
    buildContexts();
    program.functions.resize(functions.size());
    for (uint32_t k = 0; k < functions.size(); ++k)
      if (!decodeFunction(k))
        return llvm::createStringError(error);
    if (!initialize())
      return llvm::createStringError(error);
    finishCode();
    return llvm::Error::success();
  }

private:
  Program &program;
  std::vector<ModuleSymbols> symbols;
  std::vector<ModuleContext> contexts; ///< by module
  uint32_t dynamicShared = 0;
  std::vector<const ast::Function *> functions;      ///< of all modules
  std::vector<uint32_t> moduleOf, firstFunction;     ///< by function; by module
  std::vector<std::vector<VariablePlace>> variables; ///< by module, of its module scope
  std::string error;
  std::vector<std::vector<VariablePlace>> places; ///< by function, of its variables
  struct Pending {
    const ast::Variable *variable;
    size_t global;
    uint32_t module;
  };
  std::vector<Pending> pending;

  uint64_t globalBytes = 0;

  void refuse(uint32_t module, uint32_t line, const llvm::Twine &reason) {
    if (error.empty())
      error = (program.modules[module]->name + ":" + llvm::Twine(line) + ": " + reason).str();
  }

  /// Calls f(variable, its place) for the module-scope variables that nothing else stands for.
  template <class F> void eachVariable(F f) {
    for (uint32_t m = 0; m < symbols.size(); ++m)
      for (uint32_t k = 0; k < variables[m].size(); ++k) {
        const ast::Variable &v = program.modules[m]->variables[k];
        auto it = symbols[m].variables.find(v.name);
        current = m;
        if (it != symbols[m].variables.end() && it->second == SymbolId{m, k})
          f(v, variables[m][k]);
      }
  }
  uint32_t current = 0; ///< module whose variables are placed

  void buildContexts() {
    for (uint32_t m = 0; m < symbols.size(); ++m) {
      ModuleContext &context = contexts.emplace_back(program, functions);
      context.name = program.modules[m]->name;
      for (const auto &entry : symbols[m].variables)
        context.variables[entry.first()] = variables[entry.second.module][entry.second.index];
      for (const auto &entry : symbols[m].functions)
        context.functions[entry.first()] = firstFunction[entry.second.module] + entry.second.index;
      context.unresolved = std::move(symbols[m].unresolved);
    }
  }

  /// Lists the variable; returns its number.
  uint32_t named(const ast::Variable &v, Space space, uint64_t offset, uint64_t bytes,
                 uint32_t function = ~0u) {
    program.variables.push_back({v.name.str(), space, offset, bytes, function});
    return uint32_t(program.variables.size() - 1);
  }

  VariablePlace placeGlobal(const ast::Variable &v) {
    globalBytes += v.bytes();
    if (globalBytes > kMaxGlobalBytes) {
      refuse(current, v.line,
             "the module's variables need more than " + llvm::Twine(kMaxGlobalBytes) + " bytes");
      return {};
    }
    GlobalVariable g;
    g.name = v.name.str();
    g.bytes = v.bytes();
    uint64_t alignment = std::max<uint64_t>(256, v.align);
    g.owner.reset(std::calloc(1, g.bytes + alignment)); // pages that nobody touches cost nothing
    if (!g.owner) {
      refuse(current, v.line,
             "no memory for the " + llvm::Twine(g.bytes) + " bytes of '" + v.name + "'");
      return {};
    }
    auto p = reinterpret_cast<uintptr_t>(g.owner.get());
    g.host = reinterpret_cast<uint8_t *>(p + (-p & (alignment - 1)));
    g.writable = v.space != Space::Const;
    uint64_t step = alignTo(g.bytes + (uint64_t(1) << 32), uint64_t(1) << 32);
    g.address = nextGlobal.fetch_add(step);
    Region r;
    r.base = g.address;
    r.bytes = g.bytes;
    r.host = g.host;
    r.writable = g.writable;
    r.name = g.name;
    program.globalRegions.regions.push_back(r);
    pending.push_back({&v, program.globals.size(), current});
    program.globals.push_back(std::move(g));
    return {v.space, program.globals.back().address, false};
  }

  void placeGlobals() {
    eachVariable([&](const ast::Variable &v, VariablePlace &place) {
      if (v.space == Space::Global || v.space == Space::Const)
        place = placeGlobal(v);
    });
  }

  /// Module-scope shared variables first, then those of .funcs, then each entry's over one another.
  uint64_t placeShared() {
    uint64_t offset = 0, top = 0;
    eachVariable([&](const ast::Variable &v, VariablePlace &place) {
      if (v.space != Space::Shared)
        return;
      if (isDynamicShared(v)) {
        program.dynamicSharedAlign = std::max(program.dynamicSharedAlign, v.align);
        return;
      }
      offset = alignTo(offset, v.align);
      place = {Space::Shared, offset, false, named(v, Space::Shared, offset, v.bytes())};
      offset += v.bytes();
    });
    places.resize(functions.size());
    for (size_t k = 0; k < functions.size(); ++k)
      if (!functions[k]->entry)
        offset = placeLocals(k, offset);
    top = offset;
    entryShared.resize(functions.size());
    for (size_t k = 0; k < functions.size(); ++k)
      if (functions[k]->entry) {
        entryShared[k] = uint32_t(placeLocals(k, offset));
        top = std::max<uint64_t>(top, entryShared[k]);
      }
    return top;
  }
  std::vector<uint32_t> entryShared; ///< by function: end of its static shared variables

  /// Places the variables of a function; returns the end of its shared ones.
  uint64_t placeLocals(size_t k, uint64_t shared) {
    const ast::Function &fn = *functions[k];
    current = moduleOf[k];
    uint64_t local = 0, param = 0;
    std::vector<bool> isParam(fn.variables.size());
    for (uint32_t p : fn.params)
      isParam[p] = true;
    for (size_t i = 0; i < fn.variables.size(); ++i) {
      const ast::Variable &v = fn.variables[i];
      VariablePlace place{v.space, 0, false};
      if (v.space == Space::Shared) {
        place.address = shared = alignTo(shared, v.align);
        shared += v.bytes();
        place.variable = named(v, Space::Shared, place.address, v.bytes(), uint32_t(k));
      } else if (v.space == Space::Global || v.space == Space::Const) {
        place = placeGlobal(v);
      } else if (fn.entry && isParam[i]) {
        place.address = param = alignTo(param, v.align);
        param += v.bytes();
      } else {
        place.address = local = alignTo(local, v.align);
        place.frameRelative = true;
        local += v.bytes();
        place.variable = named(v, v.space, place.address, v.bytes(), uint32_t(k));
      }
      places[k].push_back(place);
    }
    localBytes.resize(functions.size());
    localBytes[k] = uint32_t(alignTo(local, 16));
    auto limit = [&](uint64_t bytes, uint64_t most, const char *what) {
      if (bytes > most)
        refuse(moduleOf[k], fn.line,
               "'" + fn.name + "' has " + llvm::Twine(bytes) + " bytes of " + what +
                   "; the limit is " + llvm::Twine(most));
    };
    limit(local, kMaxLocalBytes, "local variables");
    limit(param, kMaxParamBytes, "parameters");
    limit(shared, kMaxSharedBytes, "static shared variables");
    return shared;
  }
  std::vector<uint32_t> localBytes;

  bool decodeFunction(uint32_t k) {
    const ast::Function &fn = *functions[k];
    FunctionInfo &info = program.functions[k];
    info.name = fn.name.str();
    info.module = moduleOf[k];
    info.entry = fn.entry;
    info.frame.localBytes = localBytes[k];
    auto slices = [&](const std::vector<uint32_t> &variables) {
      std::vector<Slice> out;
      for (uint32_t v : variables)
        out.push_back({uint32_t(places[k][v].address), uint32_t(fn.variables[v].bytes())});
      return out;
    };
    if (!fn.entry) {
      info.params = slices(fn.params);
      info.results = slices(fn.results);
    }
    if (!fn.defined)
      return true;
    FunctionDecoder decoder(contexts[moduleOf[k]], fn, k, places[k]);
    if (!decoder.run()) {
      error = decoder.error;
      return false;
    }
    emitFunction(program, info, k, fn, decoder);
    if (fn.entry)
      addEntry(fn, k);
    return true;
  }

  void addEntry(const ast::Function &fn, uint32_t k) {
    EntryInfo entry;
    entry.name = fn.name.str();
    uint64_t end = 0;
    for (uint32_t index : fn.params) {
      const ast::Variable &v = fn.variables[index];
      ParamInfo p;
      p.name = v.name.str();
      p.type = typeName(v.type).str();
      p.offset = uint32_t(places[k][index].address);
      p.bytes = uint32_t(v.bytes());
      p.align = v.align;
      p.pointer = v.pointer;
      end = p.offset + p.bytes;
      entry.params.push_back(std::move(p));
    }
    entry.paramBytes = uint32_t(end);
    entry.reqntid = fn.reqntid;
    entry.maxntid = fn.maxntid;
    entry.reqnctapercluster = fn.reqnctapercluster;
    entry.maxClusterRank = fn.maxClusterRank;
    entry.explicitCluster = fn.explicitCluster;
    entry.blocksAreClusters = fn.blocksAreClusters;
    // Dynamic shared memory begins at one place for all entries.
    entry.staticShared = program.hasDynamicShared ? dynamicShared : entryShared[k];
    entry.numRegs = (program.functions[k].frame.bytes + 127) / 128;
    program.entries.push_back(std::move(entry));
    program.entryFunction.push_back(k);
  }

  bool addressOf(const ModuleContext &context, const ast::Operand &element, uint64_t &value) {
    auto it = context.variables.find(element.name);
    if (it != context.variables.end()) {
      value = it->second.address;
      if (element.negated && it->second.space == Space::Shared)
        value += kSharedWindow;
    } else if (auto f = context.functions.find(element.name); f != context.functions.end()) {
      value = kFunctionAddressBase + f->second;
    } else {
      return false;
    }
    uint64_t mask = element.value;
    value += uint64_t(element.offset);
    if (mask) // 0xff00(symbol): these bits alone
      value = (value & mask) >> llvm::countr_zero(mask);
    return true;
  }

  bool initialize() {
    for (const Pending &p : pending) {
      const ast::Variable &v = *p.variable;
      uint32_t size = bytesOf(v.type);
      for (const auto &[place, element] : v.init) {
        uint64_t value = element.value;
        if (element.kind == ast::Operand::Name && !addressOf(contexts[p.module], element, value)) {
          refuse(p.module, v.line,
                 contexts[p.module].missing(element.name) + ", in the initialiser of '" + v.name +
                     "'");
          return false;
        }
        if (element.kind == ast::Operand::Float64 && v.type == ScalarType::F32) {
          double d;
          std::memcpy(&d, &value, 8);
          float f = float(d);
          std::memcpy(&value, &f, 4);
        }
        std::memcpy(program.globals[p.global].host + place * size, &value,
                    std::min<uint32_t>(size, 8));
      }
    }
    program.globalRegions.finish();
    return true;
  }

  void finishCode() {
    for (const BlockInfo &block : program.blocks)
      program.blockStart.push_back(program.code.data() + block.first);
  }
};

} // namespace

llvm::Error cosmati::ptxvm::decodeModule(Program &program) {
  llvm::Expected<std::vector<ModuleSymbols>> symbols = linkModules(program.modules);
  if (!symbols)
    return symbols.takeError();
  return ModuleDecoder(program, std::move(*symbols)).run();
}

std::string ModuleContext::missing(llvm::StringRef symbol) const {
  auto it = unresolved.find(symbol);
  return it == unresolved.end() ? ("'" + symbol + "' is not declared").str()
                                : ("'" + symbol + "' is .extern (line " + llvm::Twine(it->second) +
                                   ") and no module defines it")
                                      .str();
}

/// "sm_90a" to 90.
static unsigned architectureOf(llvm::StringRef target) {
  unsigned number = 0;
  target.consume_front("sm_");
  target.consumeInteger(10, number);
  return number;
}

Module::Module() : program_(std::make_unique<Program>()) {}
Module::~Module() = default;

llvm::Expected<std::shared_ptr<Module>> Module::parse(llvm::StringRef ptx, llvm::StringRef name) {
  return link({{ptx, name}});
}

llvm::Expected<std::shared_ptr<Module>> Module::link(llvm::ArrayRef<Source> sources) {
  if (sources.empty())
    return llvm::createStringError("nothing to link: give at least one PTX text");
  std::shared_ptr<Module> module(new Module);
  Program &program = *module->program_;
  for (const Source &source : sources) {
    llvm::Expected<std::unique_ptr<ast::Module>> parsed = parseModule(source.ptx, source.name);
    if (!parsed)
      return parsed.takeError();
    llvm::StringRef target = (*parsed)->target;
    if (architectureOf(target) >= architectureOf(program.target))
      program.target = target.str();
    program.name += (program.name.empty() ? "" : ", ") + source.name.str();
    program.modules.push_back(std::move(*parsed));
  }
  program.isa = &hostIsa();
  if (llvm::Error e = decodeModule(program))
    return e;
  return module;
}

const std::vector<EntryInfo> &Module::entries() const { return program_->entries; }

const EntryInfo *Module::findEntry(llvm::StringRef name) const {
  for (const EntryInfo &entry : program_->entries)
    if (entry.name == name)
      return &entry;
  return nullptr;
}

llvm::StringRef Module::target() const { return program_->target; }

std::optional<Module::Symbol> Module::findSymbol(llvm::StringRef name) const {
  for (const GlobalVariable &g : program_->globals)
    if (g.name == name)
      return Symbol{g.address, g.bytes, g.host};
  return std::nullopt;
}

void ParamBlock::setBytes(size_t index, const void *value, size_t bytes) {
  const ParamInfo &p = entry.params[index];
  std::memcpy(data.data() + p.offset, value, std::min<size_t>(bytes, p.bytes));
}

llvm::StringRef cosmati::ptxvm::instClassName(InstClass c) {
  static constexpr llvm::StringLiteral names[] = {
      "integer", "float",       "half",         "convert",     "move",         "compare",
      "control", "global-load", "global-store", "shared-load", "shared-store", "other-memory",
      "atomic",  "barrier",     "warp",         "special",     "tensor"};
  return names[size_t(c)];
}
