//===- ArithProgram.cpp ---------------------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/fuzz/ArithProgram.h"
#include "runtime/PtxVm/PtxVm.h"
#include "test/fuzz/ArithFloat.h"
#include <cstring>
#include <sstream>

using namespace vmfuzz;
using namespace cosmati::ptxvm;

namespace {

constexpr unsigned kRegisters = 4; ///< of each kind
constexpr unsigned kThreads = 64;
constexpr unsigned kSlot = 8; ///< bytes of a register in the buffers
constexpr unsigned kThreadBytes = unsigned(kKinds) * kRegisters * kSlot;

/// What comparing needs to know about a register that the machine stored.
enum State : uint8_t { Exactly, LooseFirst, LooseSecond, LooseBoth, Open };

struct KindInfo {
  const char *prefix, *regType, *moveType; ///< of registers; of loads and stores
};
const KindInfo kinds[kKinds] = {{"%p", "pred", "b32"}, {"%h", "b16", "b16"},  {"%r", "b32", "b32"},
                                {"%l", "b64", "b64"},  {"%f", "f32", "f32"},  {"%g", "f64", "f64"},
                                {"%xh", "b16", "b16"}, {"%xb", "b16", "b16"}, {"%yh", "b32", "b32"},
                                {"%yb", "b32", "b32"}};
std::string reg(Kind kind, unsigned index) {
  return kinds[size_t(kind)].prefix + std::to_string(index);
}
unsigned offsetOf(unsigned kind, unsigned index) { return (kind * kRegisters + index) * kSlot; }

uint64_t comparedValues = 0, openValues = 0;

/// A value of the kind: an interesting one or any.
uint64_t someValue(Dice &dice, Kind kind) {
  static const uint64_t words[] = {0,
                                   1,
                                   2,
                                   3,
                                   5,
                                   31,
                                   32,
                                   33,
                                   63,
                                   64,
                                   0x7f,
                                   0x80,
                                   0xff,
                                   0x7fff,
                                   0x8000,
                                   0xffff,
                                   0x10000,
                                   0x7fffffff,
                                   0x80000000,
                                   0xffffffff,
                                   0x100000000,
                                   0x7fffffffffffffff,
                                   0x8000000000000000,
                                   ~uint64_t(0),
                                   0xfffffffe,
                                   0x5555555555555555,
                                   0x3210,
                                   0x7654};
  auto real = [&](const Format &f) {
    uint64_t one = uint64_t(f.bias) << f.mantissa, tiny = uint64_t(1) << f.mantissa;
    const uint64_t numbers[] = {0,
                                1,
                                tiny,
                                tiny - 1,
                                one,
                                one + 1,
                                one - 1,
                                3 * tiny / 2,
                                infinity(f) - 1,
                                infinity(f),
                                someNan(f) | 1,
                                one + tiny,
                                one | tiny / 2,
                                one + 5 * tiny,
                                one - 3 * tiny + 1,
                                uint64_t(f.bias + 31) << f.mantissa,
                                uint64_t(f.bias + 15) << f.mantissa,
                                (uint64_t(f.bias + 16) << f.mantissa) - 1};
    uint64_t v = numbers[dice.below(std::size(numbers))];
    if (dice.below(4) == 0) // close to one: sums cancel, products round
      v = (one - tiny + dice.word() % (3 * tiny));
    return v ^ (dice.below(2) ? signBit(f) : 0);
  };
  bool any = dice.below(3) == 0;
  switch (kind) {
  case Kind::F32:
    return any ? uint32_t(dice.word()) : real(kF32);
  case Kind::F64:
    return any ? dice.word() : real(kF64);
  case Kind::Half:
    return any ? uint16_t(dice.word()) : real(kF16);
  case Kind::Bfloat:
    return any ? uint16_t(dice.word()) : real(kBf16);
  case Kind::Half2:
    return any ? uint32_t(dice.word()) : real(kF16) | real(kF16) << 16;
  case Kind::Bfloat2:
    return any ? uint32_t(dice.word()) : real(kBf16) | real(kBf16) << 16;
  case Kind::Pred:
    return dice.below(2);
  default: {
    uint64_t v = any ? dice.word() : words[dice.below(std::size(words))];
    return kind == Kind::I64 ? v : kind == Kind::I32 ? uint32_t(v) : uint16_t(v);
  }
  }
}

} // namespace

Dice::Dice(llvm::ArrayRef<uint8_t> bytes) : bytes(bytes) {
  std::seed_seq seed(bytes.begin(), bytes.end());
  random.seed(seed);
}
uint32_t Dice::below(uint32_t n) {
  if (bytes.size() < 2)
    return uint32_t(random() % n);
  uint32_t v = bytes[0] | uint32_t(bytes[1]) << 8;
  bytes = bytes.drop_front(2);
  return v % n;
}

namespace vmfuzz {

/// An instruction, `if (p) body else other`, or a loop of 0 to 3 turns.
struct Node {
  enum Type : uint8_t { Plain, If, Loop } type = Plain;
  const Op *op = nullptr;
  unsigned result = 0;
  std::array<unsigned, 4> operands{};
  int guard = -1; ///< predicate of an instruction or a branch
  bool guardNegated = false;
  unsigned counter = 0; ///< of a loop: the I32 register whose low two bits say how many turns
  Nodes body, other;
};

} // namespace vmfuzz

namespace {

class Generator {
public:
  explicit Generator(Dice &dice) : dice(dice) {}
  Nodes block(unsigned size, unsigned depth) {
    Nodes nodes;
    while (size) {
      auto node = std::make_unique<Node>();
      unsigned inner = depth < 3 && size > 3 ? dice.below(12) : 2;
      if (inner < 2) {
        node->type = inner ? Node::Loop : Node::If;
        node->guard = int(dice.below(kRegisters));
        node->guardNegated = dice.below(2);
        node->counter = dice.below(kRegisters);
        unsigned length = 1 + dice.below(std::min(size - 1, 12u));
        node->body = block(length, depth + 1);
        if (!inner && dice.below(2))
          node->other = block(1 + dice.below(length), depth + 1);
        size -= length;
      } else {
        plain(*node);
        --size;
      }
      nodes.push_back(std::move(node));
    }
    return nodes;
  }

private:
  Dice &dice;
  void plain(Node &node) {
    const auto &ops = arithmeticOps();
    node.op = &ops[dice.below(uint32_t(ops.size()))];
    node.result = dice.below(kRegisters);
    for (size_t k = 0; k < node.op->operands.size(); ++k)
      node.operands[k] = dice.below(kRegisters);
    if (dice.below(5) == 0) {
      node.guard = int(dice.below(kRegisters));
      node.guardNegated = dice.below(2);
    }
  }
};

class Printer {
public:
  std::string text;
  void block(const Nodes &nodes) {
    for (const auto &node : nodes)
      if (node->type == Node::Plain)
        plain(*node);
      else if (node->type == Node::If)
        branch(*node);
      else
        loop(*node);
  }

private:
  unsigned labels = 0;

  static std::string guardOf(const Node &node, bool flip) {
    if (node.guard < 0)
      return "";
    return (node.guardNegated != flip ? "@!%p" : "@%p") + std::to_string(node.guard) + " ";
  }
  void plain(const Node &node) {
    std::string guard = guardOf(node, false);
    text += "  " + guard;
    for (const char *c = node.op->text.c_str(); *c; ++c) {
      if (*c == '\n') {
        text += "\n  " + guard;
        while (c[1] == ' ')
          ++c;
      } else if (*c != '$') {
        text += *c;
      } else {
        ++c;
        if (*c == 'd')
          text += reg(node.op->result, node.result);
        else if (*c == 't')
          text += node.op->result == Kind::I64 ? "%scratch64" : "%scratch32";
        else
          text += reg(node.op->operands[size_t(*c - '0')], node.operands[size_t(*c - '0')]);
      }
    }
    text += "\n";
  }
  void branch(const Node &node) {
    std::string n = std::to_string(labels++);
    text += "  " + guardOf(node, true) + "bra ELSE" + n + ";\n";
    block(node.body);
    text += "  bra.uni END" + n + ";\nELSE" + n + ":\n";
    block(node.other);
    text += "END" + n + ":\n";
  }
  void loop(const Node &node) {
    std::string n = std::to_string(labels++), turns = "%turns" + n, done = "%done" + n;
    text += "  {\n  .reg .b32 " + turns + ";\n  .reg .pred " + done + ";\n  and.b32 " + turns +
            ", " + reg(Kind::I32, node.counter) + ", 3;\nLOOP" + n + ":\n  setp.eq.u32 " + done +
            ", " + turns + ", 0;\n  @" + done + " bra END" + n + ";\n";
    block(node.body);
    text +=
        "  sub.u32 " + turns + ", " + turns + ", 1;\n  bra LOOP" + n + ";\nEND" + n + ":\n  }\n";
  }
};

/// One thread's registers, walked through the tree.
class Thread {
public:
  std::array<std::array<Value, kRegisters>, kKinds> regs;
  bool lost = false; ///< went where PTX doesn't say

  void block(const Nodes &nodes) {
    for (const auto &node : nodes) {
      if (lost)
        return;
      if (node->type == Node::Loop) {
        const Value turns = regs[size_t(Kind::I32)][node->counter];
        lost |= !turns.known;
        for (unsigned k = 0; !lost && k < (turns.bits & 3); ++k)
          block(node->body);
        continue;
      }
      bool taken = true;
      if (node->guard >= 0) {
        const Value &p = regs[size_t(Kind::Pred)][size_t(node->guard)];
        lost |= !p.known;
        taken = (p.bits != 0) != node->guardNegated;
      }
      if (lost)
        return;
      if (node->type == Node::If)
        block(taken ? node->body : node->other);
      else if (taken)
        plain(*node);
    }
  }

private:
  void plain(const Node &node) {
    Value in[4];
    bool known = true;
    for (size_t k = 0; k < node.op->operands.size(); ++k) {
      in[k] = regs[size_t(node.op->operands[k])][node.operands[k]];
      known &= in[k].known;
    }
    Value &out = regs[size_t(node.op->result)][node.result];
    if (known)
      out = node.op->eval(in);
    else
      out = Value{0, 0, false};
  }
};

uint64_t load(const uint8_t *at, Kind kind) {
  uint64_t v = 0;
  std::memcpy(&v, at, bytesOf(kind));
  return v;
}

} // namespace

ArithProgram::ArithProgram(Dice &dice, unsigned size) {
  body = Generator(dice).block(size, 0);
  input.resize(kThreads * kThreadBytes);
  for (unsigned t = 0; t < kThreads; ++t)
    for (unsigned k = 0; k < kKinds; ++k)
      for (unsigned r = 0; r < kRegisters; ++r) {
        uint64_t v = someValue(dice, Kind(k));
        std::memcpy(&input[t * kThreadBytes + offsetOf(k, r)], &v, kSlot);
      }
}
ArithProgram::~ArithProgram() = default;
ArithProgram::ArithProgram(ArithProgram &&) = default;

std::string ArithProgram::text() const {
  std::ostringstream out;
  out << ".version 8.7\n.target sm_90a\n.address_size 64\n"
         ".visible .entry k(.param .u64 in, .param .u64 out) {\n"
         "  .reg .b32 %scratch32;\n  .reg .b64 %scratch64, %from, %to;\n";
  std::ostringstream loads, stores;
  for (unsigned k = 0; k < kKinds; ++k) {
    out << "  .reg ." << kinds[k].regType << " " << kinds[k].prefix << "<" << kRegisters << ">;\n";
    for (unsigned r = 0; r < kRegisters; ++r) {
      bool pred = Kind(k) == Kind::Pred;
      std::string name = pred ? "%scratch32" : reg(Kind(k), r), type = kinds[k].moveType;
      std::string offset = "+" + std::to_string(offsetOf(k, r)) + "]";
      loads << "  ld.global." << type << " " << name << ", [%from" << offset << ";\n";
      if (pred) {
        loads << "  setp.ne.u32 " << reg(Kind(k), r) << ", %scratch32, 0;\n";
        stores << "  selp.u32 %scratch32, 1, 0, " << reg(Kind(k), r) << ";\n";
      }
      stores << "  st.global." << type << " [%to" << offset << ", " << name << ";\n";
    }
  }
  Printer printer;
  printer.block(body);
  out << "  mov.u32 %scratch32, %tid.x;\n  ld.param.u64 %from, [in];\n  mad.wide.u32 %from, "
         "%scratch32, "
      << kThreadBytes << ", %from;\n  ld.param.u64 %to, [out];\n  mad.wide.u32 %to, %scratch32, "
      << kThreadBytes << ", %to;\n"
      << loads.str() << printer.text << stores.str() << "  ret;\n}\n";
  return out.str();
}

std::vector<uint8_t> ArithProgram::expected(std::vector<uint8_t> &state) const {
  std::vector<uint8_t> out(input.size());
  state.assign(input.size() / kSlot, Exactly);
  for (unsigned t = 0; t < kThreads; ++t) {
    Thread thread;
    for (unsigned k = 0; k < kKinds; ++k)
      for (unsigned r = 0; r < kRegisters; ++r)
        thread.regs[k][r].bits = load(&input[t * kThreadBytes + offsetOf(k, r)], Kind(k));
    thread.block(body);
    for (unsigned k = 0; k < kKinds; ++k)
      for (unsigned r = 0; r < kRegisters; ++r) {
        const Value &v = thread.regs[k][r];
        size_t at = t * kThreadBytes + offsetOf(k, r);
        std::memcpy(&out[at], &v.bits, kSlot);
        state[at / kSlot] = thread.lost || !v.known ? uint8_t(Open) : v.loose;
      }
  }
  return out;
}

namespace {

Format formatOf(Kind kind) {
  return kind == Kind::F32                           ? kF32
         : kind == Kind::F64                         ? kF64
         : kind == Kind::Half || kind == Kind::Half2 ? kF16
                                                     : kBf16;
}

bool agrees(Kind kind, uint8_t state, uint64_t wanted, uint64_t got) {
  if (state == Exactly)
    return wanted == got;
  Format f = formatOf(kind);
  if (kind != Kind::Half2 && kind != Kind::Bfloat2)
    return isNan(f, got);
  for (unsigned e : {0u, 1u}) {
    uint64_t w = wanted >> (16 * e) & 0xffff, g = got >> (16 * e) & 0xffff;
    if (state >> e & 1 ? !isNan(f, g) : w != g)
      return false;
  }
  return true;
}

/// Runs on the instruction set in force; fills `out` or returns the error.
std::string runOnce(const std::string &ptx, std::vector<uint8_t> &in, std::vector<uint8_t> &out) {
  auto module = Module::parse(ptx, "arith.ptx");
  if (!module)
    return llvm::toString(module.takeError());
  AddressSpace memory;
  ParamBlock params(*(*module)->findEntry("k"));
  params.set(0, memory.map(in.data(), in.size(), "in", false));
  params.set(1, memory.map(out.data(), out.size(), "out", true));
  LaunchConfig config;
  config.block = {kThreads, 1, 1};
  config.threads = 1;
  config.maxInstructions = 1000000;
  return llvm::toString(launch(**module, "k", config, params.bytes(), memory));
}

} // namespace

std::string ArithProgram::compare() {
  std::vector<uint8_t> state, wanted = expected(state);
  std::string ptx = text(), before = hostIsaName().str(), report;
  for (const char *isa : {"base", "avx2", "avx512"}) {
    if (!report.empty() || !setHostIsa(isa))
      continue;
    std::vector<uint8_t> out(input.size());
    std::string error = runOnce(ptx, input, out);
    if (!error.empty())
      report = std::string(isa) + ": " + error;
    for (size_t at = 0; report.empty() && at < out.size(); at += kSlot) {
      uint8_t s = state[at / kSlot];
      ++comparedValues;
      openValues += s == Open;
      Kind kind = Kind(at % kThreadBytes / (kRegisters * kSlot));
      uint64_t w = load(&wanted[at], kind), g = load(&out[at], kind);
      if (s == Open || agrees(kind, s, w, g))
        continue;
      std::ostringstream text;
      text << isa << ": thread " << at / kThreadBytes << ", register "
           << reg(kind, unsigned(at / kSlot % kRegisters)) << std::hex << ": expected 0x" << w
           << ", got 0x" << g;
      report = text.str();
    }
  }
  setHostIsa(before);
  return report;
}

/// Tries the program without one node after the other; true if one was superfluous.
bool ArithProgram::dropOne(Nodes &nodes) {
  for (size_t k = 0; k < nodes.size(); ++k) {
    std::unique_ptr<Node> node = std::move(nodes[k]);
    nodes.erase(nodes.begin() + ptrdiff_t(k));
    if (!compare().empty())
      return true;
    nodes.insert(nodes.begin() + ptrdiff_t(k), std::move(node));
    if (dropOne(nodes[k]->body) || dropOne(nodes[k]->other))
      return true;
  }
  return false;
}

std::string ArithProgram::minimize() {
  while (dropOne(body)) {
  }
  std::string report = compare();
  std::ostringstream out;
  out << report << "\n";
  Printer printer;
  printer.block(body);
  out << printer.text;
  if (size_t at = report.find("thread "); at != std::string::npos) {
    unsigned thread = unsigned(std::stoul(report.substr(at + 7)));
    for (unsigned k = 0; k < kKinds; ++k)
      for (unsigned r = 0; r < kRegisters; ++r)
        if (printer.text.find(reg(Kind(k), r)) != std::string::npos)
          out << reg(Kind(k), r) << " = 0x" << std::hex
              << load(&input[thread * kThreadBytes + offsetOf(k, r)], Kind(k)) << "\n";
  }
  return out.str();
}

uint64_t ArithProgram::valuesCompared() { return comparedValues; }
uint64_t ArithProgram::valuesOpen() { return openValues; }
