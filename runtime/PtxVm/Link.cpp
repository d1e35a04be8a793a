//===- Link.cpp - Symbols of several modules ------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Link.h"
#include "llvm/ADT/Twine.h"

using namespace cosmati::ptxvm;

bool cosmati::ptxvm::isDynamicShared(const ast::Variable &variable) {
  return variable.space == Space::Shared && variable.isExternal() && variable.count == 0;
}

static std::string typeOf(const ast::Variable &v) {
  std::string text = "." + typeName(v.type).str();
  if (v.align != bytesOf(v.type))
    text = ".align " + std::to_string(v.align) + " " + text;
  return v.array ? text + "[" + std::to_string(v.count) + "]" : text;
}

std::string cosmati::ptxvm::signatureOf(const ast::Function &function) {
  auto list = [&](const std::vector<uint32_t> &indices) {
    std::string text;
    for (uint32_t index : indices)
      text += (text.empty() ? "" : ", ") + typeOf(function.variables[index]);
    return "(" + text + ")";
  };
  return (function.results.empty() ? "" : list(function.results) + " ") + function.name.str() +
         list(function.params);
}

bool cosmati::ptxvm::sameSignature(const ast::Function &a, const ast::Function &b) {
  auto same = [&](const std::vector<uint32_t> &x, const std::vector<uint32_t> &y) {
    if (x.size() != y.size())
      return false;
    for (size_t k = 0; k < x.size(); ++k) {
      const ast::Variable &p = a.variables[x[k]], &q = b.variables[y[k]];
      if (p.bytes() != q.bytes() || p.align != q.align)
        return false;
    }
    return true;
  };
  return a.entry == b.entry && same(a.params, b.params) && same(a.results, b.results);
}

namespace {

/// A name that other modules may use.
struct Candidate {
  SymbolId id;
  bool function = false;
  Linkage linkage = Linkage::Visible;
  uint32_t line = 0;
};

class Linker {
public:
  explicit Linker(llvm::ArrayRef<std::unique_ptr<ast::Module>> modules) : modules(modules) {}

  llvm::Expected<std::vector<ModuleSymbols>> run() {
    for (uint32_t m = 0; m < modules.size(); ++m)
      offerAll(m);
    for (uint32_t m = 0; m < modules.size() && error.empty(); ++m)
      resolveAll(m);
    if (!error.empty())
      return llvm::createStringError(error);
    return std::move(symbols);
  }

private:
  llvm::ArrayRef<std::unique_ptr<ast::Module>> modules;
  llvm::StringMap<Candidate> best;
  std::vector<ModuleSymbols> symbols;
  std::string error;

  std::string place(uint32_t module, uint32_t line) const {
    return modules[module]->name + ":" + std::to_string(line);
  }
  void refuse(const llvm::Twine &text) {
    if (error.empty())
      error = text.str();
  }
  const ast::Function &function(SymbolId id) const {
    return modules[id.module]->functions[id.index];
  }
  const ast::Variable &variable(SymbolId id) const {
    return modules[id.module]->variables[id.index];
  }
  static unsigned strength(Linkage linkage) {
    return linkage == Linkage::Visible ? 3 : linkage == Linkage::Common ? 2 : 1;
  }

  void offerAll(uint32_t m) {
    const ast::Module &module = *modules[m];
    for (uint32_t k = 0; k < module.functions.size(); ++k) {
      const ast::Function &f = module.functions[k];
      Linkage linkage = f.entry && f.linkage != Linkage::Weak ? Linkage::Visible : f.linkage;
      if (f.defined && linkage != Linkage::Static && linkage != Linkage::Extern)
        offer(f.name, {{m, k}, true, linkage, f.line});
    }
    for (const ast::Alias &alias : module.aliases) {
      Linkage linkage = module.functions[module.functionIndex.lookup(alias.name)].linkage;
      if (linkage == Linkage::Visible || linkage == Linkage::Weak)
        offer(alias.name,
              {{m, module.functionIndex.lookup(alias.target)}, true, linkage, alias.line});
    }
    for (uint32_t k = 0; k < module.variables.size(); ++k) {
      const ast::Variable &v = module.variables[k];
      if (v.linkage != Linkage::Static && v.linkage != Linkage::Extern)
        offer(v.name, {{m, k}, false, v.linkage, v.line});
    }
  }

  void offer(llvm::StringRef name, Candidate candidate) {
    auto [it, inserted] = best.try_emplace(name, candidate);
    if (inserted)
      return;
    Candidate &earlier = it->second;
    if (earlier.linkage == Linkage::Visible && candidate.linkage == Linkage::Visible)
      return refuse("'" + name + "' is defined at " + place(earlier.id.module, earlier.line) +
                    " and at " + place(candidate.id.module, candidate.line) +
                    "; keep one, or make all but one .weak");
    bool bothCommon = earlier.linkage == Linkage::Common && candidate.linkage == Linkage::Common;
    if (!bothCommon && !fits(name, candidate, earlier))
      return;
    bool larger = bothCommon && variable(candidate.id).bytes() > variable(earlier.id).bytes();
    if (larger || strength(candidate.linkage) > strength(earlier.linkage))
      earlier = candidate;
  }

  /// Whether two places speak of the same thing; else there is an error.
  bool fits(llvm::StringRef name, const Candidate &a, const Candidate &b) {
    std::string first = describe(a), second = describe(b);
    bool same =
        a.function == b.function && (a.function ? sameSignature(function(a.id), function(b.id))
                                                : sameVariable(variable(a.id), variable(b.id)));
    if (!same)
      refuse("'" + name + "' is " + first + " at " + place(a.id.module, a.line) + " but " + second +
             " at " + place(b.id.module, b.line));
    return same;
  }
  static bool sameVariable(const ast::Variable &a, const ast::Variable &b) {
    bool open = a.count == 0 || b.count == 0;
    return a.space == b.space && bytesOf(a.type) == bytesOf(b.type) &&
           (open || a.bytes() == b.bytes());
  }
  std::string describe(const Candidate &c) const {
    if (c.function)
      return (function(c.id).entry ? "a kernel " : "a function ") + signatureOf(function(c.id));
    const ast::Variable &v = variable(c.id);
    return "a variable ." + spaceName(v.space).str() + " " + typeOf(v);
  }

  void resolveAll(uint32_t m) {
    const ast::Module &module = *modules[m];
    ModuleSymbols &out = symbols.emplace_back();
    for (uint32_t k = 0; k < module.functions.size(); ++k) {
      const ast::Function &f = module.functions[k];
      out.functions[f.name] = resolve(f.name, {{m, k}, true, f.linkage, f.line});
    }
    for (const ast::Alias &alias : module.aliases)
      if (SymbolId &id = out.functions[alias.name];
          id == SymbolId{m, module.functionIndex.lookup(alias.name)})
        id = {m, module.functionIndex.lookup(alias.target)};
    for (uint32_t k = 0; k < module.variables.size(); ++k) {
      const ast::Variable &v = module.variables[k];
      if (v.isExternal() && !best.count(v.name) && !isDynamicShared(v))
        out.unresolved[v.name] = v.line;
      else
        out.variables[v.name] = resolve(v.name, {{m, k}, false, v.linkage, v.line});
    }
  }

  /// The definition that `here` stands for; itself where nobody else defines it.
  SymbolId resolve(llvm::StringRef name, const Candidate &here) {
    auto it = best.find(name);
    if (here.linkage == Linkage::Static || it == best.end())
      return here.id;
    bool common = here.linkage == Linkage::Common && it->second.linkage == Linkage::Common;
    if (!common)
      fits(name, here, it->second);
    return it->second.id;
  }
};

} // namespace

llvm::Expected<std::vector<ModuleSymbols>>
cosmati::ptxvm::linkModules(llvm::ArrayRef<std::unique_ptr<ast::Module>> modules) {
  return Linker(modules).run();
}
