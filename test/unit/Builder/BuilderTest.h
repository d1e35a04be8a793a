// A Builder with one open function, and what the tests ask about what it built.
#pragma once

#include "compiler/Builder/Builder.h"
#include <gtest/gtest.h>

namespace cosmati::lang {

/// Expects that `statement` throws `Error` and that its message contains `text`.
#define EXPECT_REFUSED(statement, Error, text)                                                     \
  do {                                                                                             \
    try {                                                                                          \
      (void)(statement);                                                                           \
      ADD_FAILURE() << #statement " was accepted";                                                 \
    } catch (const Error &error) {                                                                 \
      EXPECT_NE(std::string(error.what()).find(text), std::string::npos)                           \
          << "the message is: " << error.what();                                                   \
    }                                                                                              \
  } while (false)

class BuilderTest : public ::testing::Test {
protected:
  BuilderTest() : context(makeContext()), b(*context) {
    b.setLocation("test", 1, 1);
    b.beginFunction("f", {});
  }

  /// Closes the function and runs MLIR's verifiers over everything that the test has built.
  void TearDown() override {
    if (b.openScopes().size() == 1)
      b.endFunction();
    EXPECT_NO_THROW(b.verify()) << b.moduleText();
  }

  /// Some value of that type which no folder sees through.
  Value any(LanguageType type) {
    auto op = mlir::UnrealizedConversionCastOp::create(
        b.opBuilder(), b.location(), type.mlirType(context.get()), mlir::ValueRange());
    return {op.getResult(0), type};
  }
  Value block(Scalar scalar, Shape shape = {8}) { return any(LanguageType::block(scalar, shape)); }
  Value pointer(LanguageType pointee, Shape shape = {}, bool isConst = false) {
    return any(LanguageType::block(LanguageType::pointer(pointee, isConst), shape));
  }

  static std::string opName(const Value &value) {
    mlir::Operation *op = value.handle.getDefiningOp();
    return op ? op->getName().getStringRef().str() : "argument";
  }
  static mlir::Value operand(const Value &value, unsigned i) {
    return value.handle.getDefiningOp()->getOperand(i);
  }
  static Value operand(const Value &value, unsigned i, LanguageType type) {
    return {operand(value, i), type};
  }

  /// The op that was built last.
  mlir::Operation *lastOp() {
    mlir::OpBuilder &ops = b.opBuilder();
    return &*std::prev(ops.getInsertionPoint());
  }
  template <typename OpT> OpT last() { return llvm::cast<OpT>(lastOp()); }
  static std::string textOf(mlir::Operation *op) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    op->print(stream, mlir::OpPrintingFlags().useLocalScope().assumeVerified());
    return text;
  }
  static bool contains(const std::string &text, const std::string &part) {
    return text.find(part) != std::string::npos;
  }

  std::unique_ptr<mlir::MLIRContext> context;
  Builder b;
};

inline LanguageType blockOf(Scalar scalar, Shape shape) {
  return LanguageType::block(scalar, shape);
}

} // namespace cosmati::lang
