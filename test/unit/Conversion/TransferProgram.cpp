#include "test/unit/Conversion/TransferProgram.h"

#include "compiler/Pipeline/Compile.h"
#include "test/unit/Vm/VmTest.h"

#include <random>

using namespace cosmati;

namespace transfer {

namespace {

constexpr int64_t kOffset = 128; ///< of the buffer

std::string number(int64_t value) { return std::to_string(value); }

} // namespace

std::string Blocks::extents() const { return number(shape[0]) + "x" + number(shape[1]) + "x"; }

std::string Blocks::of(const std::string &type) const {
  return "tensor<" + extents() + type + ", #" + name + ">";
}

std::string Blocks::definitions() const {
  return "#" + name + " = #tilegpu.layout<" + layout.toString() + ">\n#flat_" + name +
         " = #tilegpu.layout<" + layout.flatten().toString() + ">\n";
}

std::string Blocks::addresses() const {
  std::string flat = "tensor<" + number(shape[0] * shape[1]) + "xi32, #flat_" + name + ">";
  std::string out = define("r", "tile.make_range 0, " + number(shape[0] * shape[1]) + " : " + flat);
  std::string index = "tile.reshape %r_" + name + " : " + flat + " -> " + of("i32");
  if (rowMajor) {
    out += define("i", index);
  } else {
    out += define("n", index) + define("w", constant(shape[1])) + define("h", constant(shape[0])) +
           define("x", "arith.remui %n_" + name + ", %w_" + name + " : " + of("i32")) +
           define("y", "arith.divui %n_" + name + ", %w_" + name + " : " + of("i32")) +
           define("c", "arith.muli %x_" + name + ", %h_" + name + " : " + of("i32")) +
           define("i", "arith.addi %c_" + name + ", %y_" + name + " : " + of("i32"));
  }
  return out +
         define("s", "tile.splat %p_" + name + " : " + element.pointer() + " -> " + pointers()) +
         define("q",
                "tile.addptr %s_" + name + ", %i_" + name + " : " + pointers() + ", " + of("i32"));
}

std::string Blocks::mask(int64_t limit) const {
  return define("l", constant(limit)) +
         define("m", "arith.cmpi slt, %i_" + name + ", %l_" + name + " : " + of("i32"));
}

std::string Blocks::define(const std::string &letter, const std::string &value) const {
  return "  %" + letter + "_" + name + " = " + value + "\n";
}

std::string Blocks::constant(int64_t value) const {
  return "arith.constant dense<" + number(value) + "> : " + of("i32");
}

/// A cast of integers, or of a type to itself.
static std::string cast(const std::string &value, const std::string &from, const std::string &to,
                        const std::string &op) {
  if (from == to)
    return "arith.bitcast " + value + " : " + from + " to " + to + "\n";
  return "arith." + op + " " + value + " : " + from + " to " + to + "\n";
}

int64_t Program::elements() const { return writer.shape()[0] * writer.shape()[1]; }

std::string Program::text() const {
  Blocks from("a", element, writer, rowMajor), to("b", element, reader, rowMajor);
  const std::string held = asBits ? "i1" : element.name;
  std::string memory = "<" + from.extents() + held + ", #m>";
  std::string out =
      from.definitions() + to.definitions() + "#m = #tilegpu.shared<" + shared.toString() +
      ", alignment = " + number(alignment) +
      ">\nmodule attributes {tilegpu.num_warps = " + number(numWarps) +
      " : i32, tilegpu.shared_bytes = " + number(kOffset + elements() * element.bits / 8) +
      " : i32, tilegpu.target = #tilegpu.target<sm = \"" + target +
      "\">} {\nfunc.func @k(%p_a: " + element.pointer() + ", %p_b: " + element.pointer() +
      ") attributes {tile.kernel} {\n" + from.addresses() + to.addresses();
  bool masked = limit >= 0;
  if (masked)
    out += from.mask(limit);
  out += "  %m = tilegpu.shared_alloc \"test\" offset " + number(kOffset) + " : " + memory + "\n";
  std::string mask = masked ? " mask %m_a" : "";
  if (vector) {
    out += "  tilegpu.async_copy %q_a, %m" + mask + " {tilegpu.vector = " + number(vector) +
           " : i32" + (cache.empty() ? "" : ", cache = #tile.cache<" + cache + ">") +
           "} : " + from.pointers() + ", " + memory + (masked ? ", " + from.of("i1") : "") +
           "\n  tilegpu.async_commit\n  tilegpu.async_wait 0\n";
  } else {
    out += "  %x = tile.load %q_a" + mask + (masked ? " : " + from.of("i1") : "") + " : " +
           from.pointers() + "\n  %v = " + cast("%x", from.type(), from.of(held), "trunci") +
           "  tilegpu.shared_store %v, %m : " + from.of(held) + ", " + memory + "\n";
  }
  return out + "  tilegpu.barrier\n  %w = tilegpu.shared_load %m : " + memory + " -> " +
         to.of(held) + "\n  %y = " + cast("%w", to.of(held), to.type(), "extui") +
         "  tile.store %q_b, %y : " + to.pointers() + "\n  return\n}\n}\n";
}

std::string compile(const std::string &text, const std::string &target, int64_t numWarps) {
  CompileOptions options;
  options.num_warps = numWarps;
  options.target = "sm_" + target;
  CompileEnvironment environment;
  environment.firstStage = "nvvm";
  auto result = compileText(text, options, environment);
  if (!result)
    ADD_FAILURE() << llvm::toString(result.takeError()) << text;
  return result ? result->image.ptx : "";
}

std::string Program::check() const {
  std::string ptx = compile(text(), target, numWarps);
  if (ptx.empty())
    return ptx;
  size_t bytes = size_t(elements()) * element.bits / 8;
  size_t copied = limit < 0 ? bytes : size_t(limit) * element.bits / 8;
  std::vector<uint8_t> from(std::max<size_t>(copied, 1)), to(bytes, 0xee);
  std::mt19937 rng(7);
  for (uint8_t &byte : from)
    byte = uint8_t(rng() & (asBits ? 1 : 0xff));
  vmtest::Grid grid(ptx);
  grid.config.checks = vmtest::Check::All;
  grid.config.dynamicShared = uint32_t(kOffset + bytes);
  EXPECT_EQ(grid.buffer(from).buffer(to).go(1, uint32_t(32 * numWarps)), "") << text();
  from.resize(copied);
  from.resize(bytes, 0);
  EXPECT_EQ(to, from) << text();
  return ptx;
}

int64_t count(const std::string &ptx, const std::string &name) {
  int64_t found = 0;
  for (size_t at = ptx.find(name); at != std::string::npos; at = ptx.find(name, at + 1))
    ++found;
  return found;
}

} // namespace transfer
