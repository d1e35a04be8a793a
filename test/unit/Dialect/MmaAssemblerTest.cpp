// NVIDIA's assembler accepts each row from the architecture and the PTX version on that it names,
// and not before.
#include "test/unit/Dialect/MmaProgram.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <regex>
#include <set>

using namespace cosmati::tilegpu;

namespace {

using Rows = std::vector<const MmaInstruction *>;

/// A PTX module of all rows; line i of the file belongs to owner[i].
struct ModuleText {
  std::string text;
  std::vector<const MmaInstruction *> owner{nullptr};

  ModuleText(const Rows &rows, int sm, int ptxVersion) {
    add(".version " + std::to_string(ptxVersion / 10) + "." + std::to_string(ptxVersion % 10) +
            "\n.target sm_" + std::to_string(sm) + "\n.address_size 64\n",
        nullptr);
    for (size_t i = 0; i < rows.size(); ++i) {
      add(mmatest::mmaEntry(*rows[i], "k" + std::to_string(i)), rows[i]);
      if (rows[i]->saturates())
        add(mmatest::mmaEntry(*rows[i], "s" + std::to_string(i), true), rows[i]);
    }
  }
  void add(const std::string &part, const MmaInstruction *row) {
    text += part;
    owner.insert(owner.end(), size_t(std::count(part.begin(), part.end(), '\n')), row);
  }
};

/// The names of the rows that the assembler refuses; "module" where it refuses it as a whole.
std::set<std::string> refused(const Rows &rows, int sm, int ptxVersion) {
  ModuleText module(rows, sm, ptxVersion);
  std::string text = mmatest::assemblerErrors(module.text, sm);
  bool failed = !text.empty();
  std::set<std::string> names;
  std::regex line("line ([0-9]+)");
  for (std::sregex_iterator it(text.begin(), text.end(), line), end; failed && it != end; ++it) {
    size_t number = std::stoul((*it)[1]);
    if (number < module.owner.size() && module.owner[number])
      names.insert(module.owner[number]->ptx.str());
  }
  if (failed && names.empty())
    names.insert("module: " + text);
  return names;
}

std::set<std::string> namesOf(const Rows &rows) {
  std::set<std::string> names;
  for (const MmaInstruction *row : rows)
    names.insert(row->ptx.str());
  return names;
}

/// The rows by (sm, PTX version).
std::map<std::pair<int, int>, Rows> groups() {
  std::map<std::pair<int, int>, Rows> result;
  for (const MmaInstruction &row : mmaTable())
    result[{row.sm, row.ptxVersion}].push_back(&row);
  return result;
}

class MmaAssembler : public testing::Test {
protected:
  void SetUp() override {
    if (!mmatest::hasAssembler())
      GTEST_SKIP() << "there is no ptxas on the PATH";
  }
};

} // namespace

TEST_F(MmaAssembler, AcceptsEachRowFromItsVersionOn) {
  for (const auto &[since, rows] : groups())
    EXPECT_EQ(refused(rows, since.first, since.second), std::set<std::string>());
}

TEST_F(MmaAssembler, RefusesEachRowBeforeItsVersion) {
  constexpr int kLowestOfSm80 = 70; // no older PTX knows the target
  for (const auto &[since, rows] : groups())
    if (since.second > kLowestOfSm80) {
      EXPECT_EQ(refused(rows, since.first, since.second - 1), namesOf(rows));
    }
}

TEST_F(MmaAssembler, RefusesEachRowBeforeItsArchitecture) {
  const std::map<int, int> before{{89, 87}, {90, 89}};
  for (const auto &[since, rows] : groups())
    if (auto lower = before.find(since.first); lower != before.end()) {
      EXPECT_EQ(refused(rows, lower->second, 87), namesOf(rows));
    }
}

TEST_F(MmaAssembler, AcceptsEachRowOnLaterArchitectures) {
  for (int sm : {86, 87, 89, 90, 100, 120}) {
    Rows rows;
    for (const MmaInstruction &row : mmaTable())
      if (row.sm <= sm)
        rows.push_back(&row);
    EXPECT_EQ(refused(rows, sm, 87), std::set<std::string>()) << sm;
  }
}
