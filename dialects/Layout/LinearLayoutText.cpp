// Printing and parsing of linear layouts. The grammar, in which every list may be empty:
//
//   layout := (input ",")* ("shape" "=" ints | "out" "=" "{" (name ":" int ("," name ":" int)*)?
//   "}") input  := name "=" "[" (ints ("," ints)*)? "]" ints   := "[" (int ("," int)*)? "]"
#include "dialects/Layout/LinearLayout.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

namespace cosmati {

//===----------------------------------------------------------------------------------------------===//
// Printing
//===----------------------------------------------------------------------------------------------===//

namespace {

bool outputsAreTensor(const LayoutSpace &out) {
  for (auto [i, axis] : llvm::enumerate(out.axes()))
    if (axis.dim != tensorDim(i))
      return false;
  return true;
}

template <typename T> void printList(llvm::raw_ostream &os, llvm::ArrayRef<T> values) {
  os << '[';
  llvm::interleaveComma(values, os);
  os << ']';
}

} // namespace

void LinearLayout::print(llvm::raw_ostream &os) const {
  // Readers expect register first, the least significant dim.
  for (const LayoutSpace::Axis &axis : llvm::reverse(inSpace.axes())) {
    os << layoutDimName(axis.dim) << " = [";
    llvm::interleaveComma(llvm::seq<unsigned>(0, axis.bits), os,
                          [&](unsigned bit) { printList<int32_t>(os, basis(axis.dim, bit)); });
    os << "], ";
  }
  if (outputsAreTensor(outSpace)) {
    os << "shape = ";
    printList<int64_t>(os, shape());
    return;
  }
  os << "out = {";
  llvm::interleaveComma(outSpace.axes(), os, [&](const LayoutSpace::Axis &axis) {
    os << layoutDimName(axis.dim) << ": " << (int64_t(1) << axis.bits);
  });
  os << '}';
}

std::string LinearLayout::toString() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  print(os);
  return text;
}

llvm::raw_ostream &operator<<(llvm::raw_ostream &os, const LinearLayout &layout) {
  layout.print(os);
  return os;
}

//===----------------------------------------------------------------------------------------------===//
// Parsing
//===----------------------------------------------------------------------------------------------===//

namespace {

/// A recursive-descent parser; `failed` keeps the first error.
class LayoutParser {
public:
  explicit LayoutParser(llvm::StringRef text) : whole(text), rest(text) {}
  llvm::Expected<LinearLayout> parse();

private:
  bool fail(const llvm::Twine &expected);
  bool accept(char c);
  bool expect(char c);
  llvm::StringRef word();
  bool integer(int64_t &value);
  /// open item ("," item)* close, or nothing between.
  template <typename Item> bool list(char open, char close, Item item);
  bool integers(llvm::SmallVectorImpl<int64_t> &values);
  bool bases(LayoutDim dim);
  bool outputs();

  llvm::StringRef whole, rest;
  std::string error;
  llvm::SmallVector<LayoutBases, 4> inputs;
  llvm::SmallVector<std::pair<LayoutDim, int64_t>, 4> outDims;
};

bool LayoutParser::fail(const llvm::Twine &expected) {
  if (error.empty())
    error = ("at character " + llvm::Twine(whole.size() - rest.size()) + " of layout '" + whole +
             "': expected " + expected)
                .str();
  return false;
}

bool LayoutParser::accept(char c) {
  rest = rest.ltrim();
  return rest.consume_front(llvm::StringRef(&c, 1));
}

bool LayoutParser::expect(char c) { return accept(c) || fail("'" + llvm::Twine(c) + "'"); }

llvm::StringRef LayoutParser::word() {
  rest = rest.ltrim();
  llvm::StringRef name = rest.take_while([](char c) { return llvm::isAlnum(c); });
  rest = rest.drop_front(name.size());
  return name;
}

bool LayoutParser::integer(int64_t &value) {
  rest = rest.ltrim();
  return !rest.consumeInteger(10, value) || fail("an integer");
}

template <typename Item> bool LayoutParser::list(char open, char close, Item item) {
  if (!expect(open))
    return false;
  if (accept(close))
    return true;
  do {
    if (!item())
      return false;
  } while (accept(','));
  return expect(close);
}

bool LayoutParser::integers(llvm::SmallVectorImpl<int64_t> &values) {
  return list('[', ']', [&] { return integer(values.emplace_back()); });
}

bool LayoutParser::bases(LayoutDim dim) {
  LayoutBases &input = inputs.emplace_back();
  input.dim = dim;
  return list('[', ']', [&] {
    llvm::SmallVector<int64_t, 4> values;
    if (!integers(values))
      return false;
    auto &vector = input.vectors.emplace_back();
    for (int64_t value : values) {
      if (!llvm::isInt<32>(value))
        return fail("a 32-bit coordinate, found " + llvm::Twine(value));
      vector.push_back(static_cast<int32_t>(value));
    }
    return true;
  });
}

bool LayoutParser::outputs() {
  return list('{', '}', [&] {
    llvm::StringRef name = word();
    std::optional<LayoutDim> dim = parseLayoutDim(name);
    int64_t size = 0;
    if (!dim)
      return fail("an output dim, found '" + name + "'");
    if (!expect(':') || !integer(size))
      return false;
    if (size <= 0 || size > (int64_t(1) << kMaxLayoutBits) || !llvm::isPowerOf2_64(size))
      return fail("a power of two as size of " + name + ", found " + llvm::Twine(size));
    if (llvm::any_of(outDims, [&](const auto &known) { return known.first == *dim; }))
      return fail("each output dim once, found " + name + " again");
    outDims.emplace_back(*dim, size);
    return true;
  });
}

llvm::Expected<LinearLayout> LayoutParser::parse() {
  auto finish = [&](bool ok) {
    rest = rest.ltrim();
    if (ok && !rest.empty())
      ok = fail("the end");
    return ok ? llvm::Error::success()
              : llvm::createStringError(llvm::inconvertibleErrorCode(), error);
  };
  while (true) {
    llvm::StringRef name = word();
    if (!expect('='))
      return finish(false);
    if (name == "shape") {
      llvm::SmallVector<int64_t, 4> shape;
      bool ok = integers(shape);
      if (llvm::Error e = finish(ok))
        return e;
      return LinearLayout::create(inputs, shape);
    }
    if (name == "out") {
      bool ok = outputs();
      LayoutSpace out;
      unsigned bits = 0;
      for (auto [dim, size] : outDims)
        bits += llvm::Log2_64(size);
      if (ok && bits > kMaxLayoutBits)
        ok = fail("at most 2^" + llvm::Twine(kMaxLayoutBits) + " output points");
      if (llvm::Error e = finish(ok))
        return e;
      for (auto [dim, size] : outDims)
        out.setBits(dim, llvm::Log2_64(size));
      return LinearLayout::create(inputs, std::move(out));
    }
    std::optional<LayoutDim> dim = parseLayoutDim(name);
    if (!dim || isTensorDim(*dim)) {
      fail("an input dim, 'shape' or 'out' before '=', found '" + name + "'");
      return finish(false);
    }
    if (!bases(*dim) || !expect(','))
      return finish(false);
  }
}

} // namespace

llvm::Expected<LinearLayout> LinearLayout::parse(llvm::StringRef text) {
  return LayoutParser(text).parse();
}

} // namespace cosmati
