//===- Mutate.cpp ---------------------------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/fuzz/Mutate.h"
#include "runtime/PtxVm/InstTable.h"
#include <algorithm>
#include <set>

using namespace cosmati::ptxvm;

namespace {

using Random = std::mt19937;
using Texts = std::vector<std::string>;

size_t below(Random &random, size_t n) { return n ? random() % n : 0; }
template <class T> const T &pick(Random &random, const std::vector<T> &v) {
  return v[below(random, v.size())];
}

bool isWord(char c) {
  return std::isalnum(uint8_t(c)) || c == '_' || c == '$' || c == '%' || c == ':';
}

/// Words with a leading dot if they have one, runs of blanks, and single characters. Joined, they
/// give the text again.
Texts tokensOf(const std::string &text) {
  Texts tokens;
  for (size_t at = 0; at < text.size();) {
    size_t end = at + 1;
    if (isWord(text[at]) || text[at] == '.')
      while (end < text.size() && isWord(text[end]))
        ++end;
    else if (std::isspace(uint8_t(text[at])))
      while (end < text.size() && std::isspace(uint8_t(text[end])))
        ++end;
    tokens.push_back(text.substr(at, end - at));
    at = end;
  }
  return tokens;
}
/// Pieces that end behind `;`, `{` or `}`.
Texts statementsOf(const std::string &text) {
  Texts statements(1);
  for (char c : text) {
    statements.back() += c;
    if (c == ';' || c == '{' || c == '}')
      statements.emplace_back();
  }
  return statements;
}
std::string join(const Texts &pieces) {
  std::string text;
  for (const std::string &p : pieces)
    text += p;
  return text;
}

bool isRegister(const std::string &t) { return t.size() > 1 && t[0] == '%'; }
bool isModifier(const std::string &t) { return t.size() > 1 && t[0] == '.'; }
bool isNumber(const std::string &t) { return std::isdigit(uint8_t(t[0])); }

/// What the table offers, gathered once.
struct Vocabulary {
  Texts opcodes, modifiers;
  Vocabulary() {
    std::set<std::string> codes, mods;
    for (const InstForm &form : instructionForms()) {
      codes.insert(form.opcode.str());
      for (const auto &group : form.groups)
        for (const auto &words : group.alternatives)
          for (llvm::StringRef word : words)
            mods.insert("." + word.str());
    }
    opcodes.assign(codes.begin(), codes.end());
    modifiers.assign(mods.begin(), mods.end());
  }
};
const Vocabulary &vocabulary() {
  static const Vocabulary v;
  return v;
}

const Texts numbers{"0",
                    "1",
                    "-1",
                    "2",
                    "3",
                    "4",
                    "7",
                    "16",
                    "31",
                    "32",
                    "33",
                    "64",
                    "255",
                    "256",
                    "1024",
                    "4095",
                    "4096",
                    "65535",
                    "2147483647",
                    "-2147483648",
                    "4294967295",
                    "4294967296",
                    "9223372036854775807",
                    "18446744073709551615",
                    "0x80000000",
                    "0xffffffffffffffff",
                    "0f3F800000",
                    "0f7FC00000",
                    "0d7FF0000000000000",
                    "1.5",
                    "1e400",
                    "0b101",
                    "077",
                    "99999999999999999999"};
const Texts directives{
    ".reg .b32 %r<2147483647>;",
    ".reg .pred %p<9>;",
    ".shared .align 8 .b8 fuzz[300000];",
    ".shared .align 16 .b8 fuzz[64];",
    ".local .align 4 .b8 fuzz[70000];",
    ".local .align 8 .b8 fuzz[16];",
    ".global .align 4 .u32 fuzz[4] = {1, 2, 3, 4};",
    ".const .align 8 .u64 fuzz[2] = {fuzz, generic(fuzz)};",
    ".extern .shared .align 16 .b8 fuzz[];",
    ".param .b64 fuzz;",
    ".maxntid 1, 1, 1",
    ".reqntid 33, 2, 1",
    ".loc 1 2 3",
    ".pragma \"nounroll\";",
    ".branchtargets fuzz;",
    "fuzz: .callprototype (.param .b32 _) _ (.param .b64 _);",
    "fuzz:",
    "{",
    "}",
    "@%p1",
    "@!%p2",
    ".visible .entry fuzz() { ret; }",
    ".func (.param .b32 r) fuzz (.param .b32 a) { ret; }",
    "call.uni fuzz, ();",
    "/*",
    "//",
    "\"",
};

/// A random instruction of the table with registers that usually exist.
std::string instruction(Random &random, const Texts &registers) {
  const auto forms = instructionForms();
  const InstForm &form = forms[below(random, forms.size())];
  std::string text = form.opcode.str();
  for (const auto &group : form.groups) {
    if (group.optional && random() % 3)
      continue;
    for (llvm::StringRef word : group.alternatives[below(random, group.alternatives.size())])
      text += "." + word.str();
  }
  size_t operands = form.customOperands ? random() % 6 : form.operands.size();
  for (size_t k = 0; k < operands; ++k) {
    std::string operand =
        registers.empty() || random() % 8 == 0 ? pick(random, numbers) : pick(random, registers);
    if (random() % 8 == 0)
      operand = "[" + operand + "+" + pick(random, numbers) + "]";
    text += (k ? ", " : " ") + operand;
  }
  return text + ";\n";
}

void changeToken(Texts &tokens, Random &random) {
  Texts registers;
  for (const std::string &t : tokens)
    if (isRegister(t))
      registers.push_back(t);
  size_t at = below(random, tokens.size());
  // Blanks and punctuation are no good place: look for a word further on.
  for (size_t k = 0; k < 8 && !isWord(tokens[at].back()); ++k)
    at = (at + 1) % tokens.size();
  std::string &t = tokens[at];
  unsigned how = random() % 10;
  if (how == 0)
    t.clear();
  else if (how == 1)
    t += t;
  else if (how == 2)
    t = pick(random, tokens);
  else if (isRegister(t))
    t = how == 3 ? pick(random, numbers) : pick(random, registers);
  else if (isModifier(t))
    t = how == 3 ? "" : pick(random, vocabulary().modifiers);
  else if (isNumber(t))
    t = pick(random, numbers);
  else if (how < 6)
    t = pick(random, vocabulary().opcodes);
  else
    t += pick(random, vocabulary().modifiers);
}

void changeStatements(Texts &statements, Random &random) {
  size_t at = below(random, statements.size()), other = below(random, statements.size());
  switch (random() % 6) {
  case 0:
    statements.erase(statements.begin() + ptrdiff_t(at));
    break;
  case 1:
    std::swap(statements[at], statements[other]);
    break;
  case 2:
    statements.insert(statements.begin() + ptrdiff_t(at), std::string(statements[other]));
    break;
  case 3:
    statements.insert(statements.begin() + ptrdiff_t(at), pick(random, directives));
    break;
  default: {
    Texts registers;
    for (const std::string &t : tokensOf(join(statements)))
      if (isRegister(t) && t.find('<') == std::string::npos)
        registers.push_back(t);
    statements.insert(statements.begin() + ptrdiff_t(at), instruction(random, registers));
  }
  }
}

} // namespace

std::string vmfuzz::mutate(const std::string &ptx, std::mt19937 &random) {
  std::string text = ptx;
  for (unsigned changes = 1 + random() % 4; changes; --changes) {
    if (random() % 2) {
      Texts tokens = tokensOf(text);
      if (tokens.empty())
        tokens.push_back(pick(random, directives));
      changeToken(tokens, random);
      text = join(tokens);
    } else {
      Texts statements = statementsOf(text);
      changeStatements(statements, random);
      text = join(statements);
    }
  }
  return text;
}

std::string vmfuzz::crossOver(const std::string &a, const std::string &b, std::mt19937 &random) {
  Texts into = statementsOf(a), from = statementsOf(b);
  size_t begin = below(random, from.size());
  size_t count = std::min<size_t>(1 + random() % 8, from.size() - begin);
  size_t at = below(random, into.size());
  into.insert(into.begin() + ptrdiff_t(at), from.begin() + ptrdiff_t(begin),
              from.begin() + ptrdiff_t(begin + count));
  return join(into);
}

std::vector<std::string> vmfuzz::dictionary() {
  Texts words = vocabulary().opcodes;
  words.insert(words.end(), vocabulary().modifiers.begin(), vocabulary().modifiers.end());
  words.insert(words.end(), numbers.begin(), numbers.end());
  for (const char *w :
       {".version 8.7", ".target sm_90a", ".address_size 64", ".visible", ".entry", ".func", ".reg",
        ".param", ".align", ".b8", "%tid.x", "%laneid", "WARP_SZ", "ret;", "@%p0 "})
    words.push_back(w);
  return words;
}
