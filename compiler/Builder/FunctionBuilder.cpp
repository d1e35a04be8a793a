// Functions of ControlBuilder: opening, closing, calling.
#include "compiler/Builder/ControlBuilder.h"
#include "dialects/Tile/IR/TileDialect.h"

namespace cosmati::lang {
namespace func = mlir::func;

static mlir::ArrayAttr argumentAttributes(mlir::OpBuilder &ops, size_t count,
                                          llvm::ArrayRef<int64_t> divisibility) {
  llvm::SmallVector<mlir::Attribute, 8> all;
  for (size_t i = 0; i < count; ++i) {
    llvm::SmallVector<mlir::NamedAttribute, 1> one;
    if (i < divisibility.size() && divisibility[i] > 1)
      one.push_back(ops.getNamedAttr(tile::kDivisibilityAttr,
                                     ops.getI32IntegerAttr(static_cast<int32_t>(divisibility[i]))));
    all.push_back(ops.getDictionaryAttr(one));
  }
  return ops.getArrayAttr(all);
}

Values ControlBuilder::beginFunction(llvm::StringRef name, llvm::ArrayRef<LanguageType> args,
                                     const FunctionOptions &options) {
  if (module().lookupSymbol(name))
    fail("function {0} exists already", name);
  llvm::SmallVector<mlir::Type, 8> types;
  for (LanguageType type : args) {
    if (options.isKernel && type.isBlock())
      failType("kernel {0} takes scalars and pointers, not {1}", name, type.str());
    if (options.noInline && type.isBlock())
      failType("function {0} is noinline and takes scalars and pointers, not {1}", name,
               type.str());
    types.push_back(mlirType(type));
  }
  mlir::OpBuilder::InsertPoint outer = ops.saveInsertionPoint();
  ops.setInsertionPointToEnd(module().getBody());
  auto function = func::FuncOp::create(ops, loc, name, ops.getFunctionType(types, {}));
  if (options.isKernel)
    function->setAttr(tile::kKernelAttr, ops.getUnitAttr());
  else
    function.setPrivate();
  if (options.noInline)
    function.setNoInline(true);
  if (llvm::any_of(options.argDivisibility, [](int64_t n) { return n > 1; }))
    function.setArgAttrsAttr(argumentAttributes(ops, args.size(), options.argDivisibility));
  mlir::Block *body = function.addEntryBlock();
  Values arguments;
  for (auto [i, type] : llvm::enumerate(args)) {
    mlir::BlockArgument argument = body->getArgument(i);
    argument.setLoc(i < options.argNames.size() ? mlir::Location(mlir::NameLoc::get(
                                                      ops.getStringAttr(options.argNames[i]), loc))
                                                : loc);
    arguments.push_back({argument, type});
  }
  Scope scope{ScopeKind::Function, function, outer, loc, {name.str()}, {}};
  scope.types.assign(args.begin(), args.end());
  scopes.push_back(std::move(scope));
  ops.setInsertionPointToEnd(body);
  return arguments;
}

void ControlBuilder::endFunction(llvm::ArrayRef<Operand> operands) {
  Scope &open = innermost({ScopeKind::Function}, "end_function");
  auto function = llvm::cast<func::FuncOp>(open.op);
  if (function->hasAttr(tile::kKernelAttr) && !operands.empty())
    failType("kernel {0} returns {1} values: a kernel returns nothing, it stores its results",
             open.names.front(), operands.size());
  Scope scope = close();
  Signature signature;
  signature.args.assign(scope.types.begin(), scope.types.end());
  llvm::SmallVector<mlir::Value, 2> handles;
  for (const Value &value : materialize(operands)) {
    if (function.getNoInline() && value.type.isBlock())
      failType("function {0} is noinline and returns scalars and pointers, not {1}",
               scope.names.front(), value.type.str());
    signature.results.push_back(value.type);
    handles.push_back(value.handle);
  }
  func::ReturnOp::create(ops, loc, handles);
  function.setFunctionType(
      ops.getFunctionType(function.getArgumentTypes(), mlir::ValueRange(handles).getTypes()));
  functions[scope.names.front()] = std::move(signature);
  ops.restoreInsertionPoint(scope.outer);
}

bool ControlBuilder::hasFunction(llvm::StringRef name) const { return functions.contains(name); }

Values ControlBuilder::call(llvm::StringRef name, llvm::ArrayRef<Value> args) {
  auto found = functions.find(name);
  if (found == functions.end())
    fail("function {0} is not complete: it is called before its end, or recursively; recursion is "
         "not supported",
         name);
  const Signature &signature = found->second;
  if (signature.args.size() != args.size())
    failType("function {0} takes {1} arguments, got {2}", name, signature.args.size(), args.size());
  llvm::SmallVector<mlir::Value, 8> handles;
  for (auto [i, arg, type] : llvm::enumerate(args, signature.args)) {
    if (arg.type != type)
      failType("argument {0} of {1} is {2}, expected {3}", i, name, arg.type.str(), type.str());
    handles.push_back(arg.handle);
  }
  llvm::SmallVector<mlir::Type, 2> types;
  for (LanguageType type : signature.results)
    types.push_back(mlirType(type));
  auto op = func::CallOp::create(ops, loc, name, types, handles);
  Values results;
  for (auto [result, type] : llvm::zip_equal(op.getResults(), signature.results))
    results.push_back({result, type});
  return results;
}

} // namespace cosmati::lang
