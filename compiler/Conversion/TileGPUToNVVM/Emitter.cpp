#include "compiler/Conversion/TileGPUToNVVM/Emitter.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace cosmati::tonvvm {

Value Emitter::integer(Type type, int64_t value) {
  unsigned width = cast<IntegerType>(type).getWidth();
  return integer(type, APInt(width, value, /*isSigned=*/true, /*implicitTrunc=*/true));
}

Value Emitter::integer(Type type, const APInt &value) {
  Attribute attribute = IntegerAttr::get(type, value);
  Value &constant = constants[attribute];
  if (!constant)
    constant = LLVM::ConstantOp::create(builder, loc, type, attribute);
  return constant;
}

Value Emitter::real(Type type, double value) {
  Attribute attribute = FloatAttr::get(type, value);
  Value &constant = constants[attribute];
  if (!constant)
    constant = LLVM::ConstantOp::create(builder, loc, type, attribute);
  return constant;
}

Value Emitter::zero(Type type) {
  if (isa<IntegerType>(type))
    return integer(type, 0);
  if (isa<FloatType>(type))
    return real(type, 0);
  return LLVM::ZeroOp::create(builder, loc, type);
}

Value Emitter::polynomial(Value x, ArrayRef<double> coefficients) {
  Value sum = real(x.getType(), coefficients.front());
  for (double c : coefficients.drop_front())
    sum = fma(sum, x, real(x.getType(), c));
  return sum;
}

/// The vector of which `values` are all elements in order, as unpack made them; null if there is
/// none.
static Value unpackedFrom(ValueRange values) {
  Value vector;
  for (auto [index, value] : llvm::enumerate(values)) {
    auto extract = value.getDefiningOp<LLVM::ExtractElementOp>();
    APInt position;
    if (!extract || (vector && extract.getVector() != vector) ||
        !matchPattern(extract.getPosition(), m_ConstantInt(&position)) || position != index)
      return {};
    vector = extract.getVector();
  }
  return cast<VectorType>(vector.getType()).getNumElements() == int64_t(values.size()) ? vector
                                                                                       : Value();
}

Value Emitter::pack(ValueRange values) {
  if (values.size() == 1)
    return values.front();
  if (Value vector = unpackedFrom(values)) // less for LLVM to find out
    return vector;
  Value result =
      LLVM::PoisonOp::create(builder, loc, vector(values.size(), values.front().getType()));
  for (auto [index, value] : llvm::enumerate(values))
    result = LLVM::InsertElementOp::create(builder, loc, result, value, i32(index));
  return result;
}

SmallVector<Value> Emitter::unpack(Value value) {
  auto type = dyn_cast<VectorType>(value.getType());
  if (!type)
    return {value};
  SmallVector<Value> elements;
  for (int64_t i = 0; i < type.getNumElements(); ++i)
    elements.push_back(extract(value, i));
  return elements;
}

Value Emitter::byteOffset(Value base, int64_t bytes) {
  if (!bytes)
    return base;
  return LLVM::GEPOp::create(builder, loc, base.getType(), i8(), base,
                             ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(bytes)});
}

unsigned bitsInMemory(Type type) {
  if (isa<LLVM::LLVMPointerType>(type))
    return 64;
  return std::max(8u, type.getIntOrFloatBitWidth());
}

Value toBits(Emitter &emit, Value value) {
  Type type = value.getType();
  if (type.isInteger(1))
    return emit.zext(value, emit.i8());
  if (isa<IntegerType>(type))
    return value;
  Type bits = emit.intType(bitsInMemory(type));
  if (isa<LLVM::LLVMPointerType>(type))
    return LLVM::PtrToIntOp::create(emit.builder, emit.loc, bits, value);
  return emit.bitcast(value, bits);
}

Value fromBits(Emitter &emit, Value bits, Type type) {
  if (type.isInteger(1))
    return emit.ne(bits, 0);
  if (isa<LLVM::LLVMPointerType>(type))
    return LLVM::IntToPtrOp::create(emit.builder, emit.loc, type, bits);
  return emit.bitcast(bits, type);
}

/// Bytes go in and out of words by shifts, not as vectors: what is done to each of them LLVM then
/// merges into one operation on the word (nibbles of int4, sign flips), or takes away altogether.
static Value packBytes(Emitter &emit, ArrayRef<Value> bytes, Type type) {
  Value word = emit.zext(bytes.front(), type);
  for (size_t i = 1; i < bytes.size(); ++i)
    word = emit.bitOr(word, emit.shl(emit.zext(bytes[i], type), static_cast<int64_t>(8 * i)));
  return word;
}

SmallVector<Value> packWords(Emitter &emit, ValueRange values, unsigned wordBits) {
  unsigned bits = bitsInMemory(values.front().getType());
  Type word = emit.intType(wordBits);
  SmallVector<Value> parts;
  for (Value value : values)
    parts.push_back(toBits(emit, value));
  if (bits == wordBits)
    return parts;
  SmallVector<Value> words;
  if (bits > wordBits) {
    for (Value part : parts)
      llvm::append_range(words,
                         emit.unpack(emit.bitcast(part, emit.vector(bits / wordBits, word))));
    return words;
  }
  size_t perWord = wordBits / bits;
  for (size_t i = 0; i < parts.size(); i += perWord) {
    ArrayRef<Value> group = ArrayRef(parts).slice(i, std::min(perWord, parts.size() - i));
    if (bits == 8) {
      words.push_back(packBytes(emit, group, word));
      continue;
    }
    Value packed = emit.bitcast(emit.pack(group), emit.intType(bits * group.size()));
    words.push_back(emit.zext(packed, word));
  }
  return words;
}

SmallVector<Value> unpackWords(Emitter &emit, ValueRange words, Type type, int64_t count) {
  unsigned bits = bitsInMemory(type);
  unsigned wordBits = cast<IntegerType>(words.front().getType()).getWidth();
  SmallVector<Value> parts;
  if (bits == wordBits) {
    parts.assign(words.begin(), words.end());
  } else if (bits > wordBits) {
    for (size_t perValue = bits / wordBits, i = 0; i < words.size(); i += perValue)
      parts.push_back(emit.bitcast(emit.pack(words.slice(i, perValue)), emit.intType(bits)));
  } else {
    int64_t perWord = wordBits / bits;
    for (Value word : words) {
      int64_t used = std::min<int64_t>(perWord, count - parts.size());
      if (bits == 8) {
        for (int64_t i = 0; i < used; ++i)
          parts.push_back(emit.trunc(i ? emit.lshr(word, 8 * i) : word, emit.i8()));
        continue;
      }
      Value narrow = emit.trunc(word, emit.intType(bits * used));
      if (used > 1)
        narrow = emit.bitcast(narrow, emit.vector(used, emit.intType(bits)));
      llvm::append_range(parts, emit.unpack(narrow));
    }
  }
  SmallVector<Value> values;
  for (Value part : parts)
    values.push_back(fromBits(emit, part, type));
  return values;
}

} // namespace cosmati::tonvvm
