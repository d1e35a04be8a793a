#include "compiler/Embedded/Trace.h"

#include <algorithm>
#include <atomic>

namespace cosmati::detail {

static thread_local Trace *activeTrace = nullptr;
static std::atomic<uint32_t> nextTrace{1};

Trace::Trace(SourceMap &files, bool debug, Where definition)
    : owned(std::make_shared<Owned>()), built(&owned->builder), files(files), debug(debug),
      last(definition), id(nextTrace++), values(1) {
  if (activeTrace)
    throw CompilationError("a kernel's function compiles or launches another kernel: call the "
                           "other's function instead, or launch it outside",
                           toPlace(activeTrace->last));
  activeTrace = this;
  setPlace(definition);
}

Trace::~Trace() {
  for (Variable *variable = first; variable;) {
    Variable *next = variable->next;
    variable->previous = variable->next = nullptr;
    variable = next;
  }
  activeTrace = nullptr;
}

Trace *Trace::active() { return activeTrace; }
std::shared_ptr<void> Trace::finish() { return owned; }

Trace &Trace::current(Where where) {
  if (!activeTrace)
    throw CompilationError("this is an operation of a kernel: it belongs into a function that is "
                           "given to cosmati::kernel, which builds it when the kernel is launched",
                           toPlace(where));
  return *activeTrace;
}

void Trace::setPlace(Where where) {
  last = where;
  SourceMap::Position position = files.position(where);
  built->setLocation(position.function, position.line, position.column);
}

void Trace::fail(const std::string &message) const {
  throw CompilationError(message, toPlace(last));
}

//===------------------------------------------------------------------------------------------===//
// Values
//===------------------------------------------------------------------------------------------===//

Handle Trace::add(const lang::Value &value) {
  values.push_back({value, false, {}});
  return {id, static_cast<uint32_t>(values.size() - 1)};
}

const lang::Value *Trace::known(Handle handle) const {
  if (handle.trace != id || handle.index == 0 || values[handle.index].ended)
    return nullptr;
  return &values[handle.index].value;
}

const lang::Value &Trace::value(Handle handle) const {
  if (handle.trace == 0)
    fail("a variable is read that has no value: give it one where it is declared");
  if (handle.trace != id)
    fail("a value is used that belongs to another kernel, or to an earlier run of this one: a "
         "kernel may capture numbers, not values");
  const Entry &entry = values[handle.index];
  if (entry.ended)
    fail(llvm::formatv("a value is used that was made inside of the loop or branch at line {0}, "
                       "which has ended: give the variable a value before it, then the loop or "
                       "branch may assign it",
                       entry.regionEnd.line()));
  if (!combines.empty() && handle.index < combines.back())
    fail("a combine function uses a value from outside: it may use its arguments and numbers");
  return entry.value;
}

lang::Operand Trace::operand(const Operand &operand) const {
  switch (operand.kind) {
  case Operand::Kind::Value:
    return value(operand.value);
  case Operand::Kind::Bool:
    return operand.integer != 0;
  case Operand::Kind::Int:
    return static_cast<int64_t>(operand.integer);
  case Operand::Kind::UInt:
    return operand.integer;
  case Operand::Kind::Float:
    return operand.real;
  case Operand::Kind::None:
    break;
  }
  fail("an operand is missing");
}

lang::OptionalOperand Trace::optional(const Operand &given) const {
  if (given.kind == Operand::Kind::None)
    return std::nullopt;
  return operand(given);
}

//===------------------------------------------------------------------------------------------===//
// Variables
//===------------------------------------------------------------------------------------------===//

void Variable::link() noexcept {
  if (!activeTrace)
    return;
  serial = activeTrace->nextSerial++;
  next = activeTrace->first;
  if (next)
    next->previous = this;
  activeTrace->first = this;
}

Variable::Variable() noexcept { link(); }

Variable::Variable(Handle handle, const TypeSpec &type) : value(handle) {
  Trace &trace = Trace::current(Where());
  lang::LanguageType expected = toLanguageType(type), found = trace.value(handle).type;
  if (expected != found)
    trace.fail(llvm::formatv("the value has type {0}, but its C++ type says {1}: a number is too "
                             "large for the type that C++ chose; write it as full<T>(number)",
                             found.str(), expected.str()));
  link();
}

Variable::Variable(const Variable &other) noexcept : value(other.value) { link(); }

Variable &Variable::operator=(const Variable &other) noexcept {
  // The place in the list stays: it belongs to the variable, not to its value.
  if (this != &other)
    value = other.value;
  return *this;
}

Variable::~Variable() {
  if (previous)
    previous->next = next;
  else if (activeTrace && activeTrace->first == this)
    activeTrace->first = next;
  if (next)
    next->previous = previous;
}

Variable *Trace::find(uint64_t serial) const {
  for (Variable *variable = first; variable; variable = variable->next)
    if (variable->serial == serial)
      return variable;
  return nullptr;
}

//===------------------------------------------------------------------------------------------===//
// Loops and branches
//===------------------------------------------------------------------------------------------===//

Trace::Region &Trace::top(Kind kind, const char *action) {
  if (regions.empty() || regions.back().kind != kind)
    fail(std::string(action) + " closes no open region");
  return regions.back();
}

void Trace::checkNoCombine(const char *what) {
  if (!combines.empty())
    fail(std::string(what) + " cannot stand in a combine function: use where()");
}

/// Remembers all variables that have a value; gives these, to be carried.
std::vector<lang::CarriedVariable> Trace::saveCarried(Region &region) {
  std::vector<lang::CarriedVariable> carried;
  for (Variable *variable = first; variable; variable = variable->next)
    if (const lang::Value *value = known(variable->value)) {
      region.variables.push_back({variable->serial, variable->value, {}});
      carried.push_back({"a variable", *value});
    }
  return carried;
}

void Trace::setInside(Region &region, llvm::ArrayRef<lang::Value> given) {
  for (auto [saved, value] : llvm::zip_equal(region.variables, given)) {
    saved.inside = add(value);
    if (Variable *variable = find(saved.serial))
      variable->value = saved.inside;
  }
}

llvm::SmallVector<lang::Operand, 8> Trace::yieldsOf(const Region &region) const {
  llvm::SmallVector<lang::Operand, 8> yields;
  for (const Saved &saved : region.variables) {
    Variable *variable = find(saved.serial);
    yields.push_back(value(variable ? variable->value : saved.inside));
  }
  return yields;
}

void Trace::endValues(const Region &region) {
  for (Entry &entry : llvm::MutableArrayRef(values).drop_front(region.firstIndex)) {
    entry.ended = true;
    entry.regionEnd = region.where;
  }
}

void Trace::closeLoop(const lang::Values &results) {
  Region region = std::move(regions.back());
  regions.pop_back();
  endValues(region);
  for (auto [saved, result] : llvm::zip_equal(region.variables, results))
    if (Variable *variable = find(saved.serial))
      variable->value = same(variable->value, saved.inside) ? saved.before : add(result);
}

void Trace::beginFor(const lang::Operand &low, const lang::Operand &high, const lang::Operand &step,
                     const lang::LoopOptions &options, Handle &counter) {
  checkNoCombine("forRange");
  Region region{Kind::For, last, 0, {}};
  auto carried = saveCarried(region);
  lang::ForLoop loop = built->beginFor(low, high, step, carried, options);
  region.firstIndex = static_cast<uint32_t>(values.size());
  setInside(region, loop.carried);
  counter = add(loop.inductionVariable);
  regions.push_back(std::move(region));
}

void Trace::endFor() {
  Region &region = top(Kind::For, "endFor");
  closeLoop(built->endFor(yieldsOf(region)));
}

void Trace::beginWhile() {
  checkNoCombine("whileLoop");
  Region region{Kind::WhileCondition, last, 0, {}};
  auto carried = saveCarried(region);
  lang::Values inside = built->beginWhile(carried);
  region.firstIndex = static_cast<uint32_t>(values.size());
  setInside(region, inside);
  regions.push_back(std::move(region));
}

void Trace::whileCondition(const Operand &condition) {
  Region &region = top(Kind::WhileCondition, "whileCondition");
  for (const Saved &saved : region.variables)
    if (Variable *variable = find(saved.serial); variable && !same(variable->value, saved.inside))
      fail("the condition of whileLoop assigns a variable: only the body may");
  lang::Values inside = built->whileCondition(operand(condition));
  endValues(region);
  setInside(region, inside);
  region.kind = Kind::While;
}

void Trace::endWhile() {
  Region &region = top(Kind::While, "endWhile");
  closeLoop(built->endWhile(yieldsOf(region)));
}

void Trace::beginIf(const lang::Operand &condition) {
  checkNoCombine("ifThen");
  Region region{Kind::Then, last, static_cast<uint32_t>(values.size()), {}};
  built->beginIf(condition);
  for (Variable *variable = first; variable; variable = variable->next)
    region.variables.push_back({variable->serial, variable->value, {}});
  regions.push_back(std::move(region));
}

/// Takes down what the branch made of each variable, and undoes it for the other branch.
void Trace::beginElse() {
  Region &region = top(Kind::Then, "beginElse");
  for (Saved &saved : region.variables) {
    Variable *variable = find(saved.serial);
    saved.inside = variable ? variable->value : saved.before;
    if (variable)
      variable->value = saved.before;
  }
  region.kind = Kind::Else;
  built->beginElse();
}

void Trace::endIf() {
  if (!regions.empty() && regions.back().kind == Kind::Then)
    beginElse();
  Region &region = top(Kind::Else, "endIf");
  llvm::SmallVector<Variable *> changed;
  llvm::SmallVector<std::string> names;
  llvm::SmallVector<lang::Operand> thenValues, elseValues;
  for (const Saved &saved : region.variables) {
    Variable *variable = find(saved.serial);
    bool assigned =
        variable && (!same(saved.inside, saved.before) || !same(variable->value, saved.before));
    // A variable without a value in one of the branches has none afterwards.
    if (!assigned || !known(saved.inside) || !known(variable->value))
      continue;
    changed.push_back(variable);
    names.push_back("a variable");
    thenValues.push_back(value(saved.inside));
    elseValues.push_back(value(variable->value));
  }
  lang::Values results = built->endIf(names, thenValues, elseValues);
  Region closed = std::move(region);
  regions.pop_back();
  endValues(closed);
  for (auto [variable, result] : llvm::zip_equal(changed, results))
    variable->value = add(result);
}

void Trace::openCombine() { combines.push_back(static_cast<uint32_t>(values.size())); }
void Trace::closeCombine() {
  for (Entry &entry : llvm::MutableArrayRef(values).drop_front(combines.back())) {
    entry.ended = true;
    entry.regionEnd = last;
  }
  combines.pop_back();
}

//===------------------------------------------------------------------------------------------===//
// Places
//===------------------------------------------------------------------------------------------===//

SourceMap::SourceMap(std::string kernel, Where definition, bool absolute)
    : kernel(std::move(kernel)), definition(definition), absolute(absolute) {}

SourceMap::Position SourceMap::position(Where where) {
  if (absolute)
    return {where.file_name(), static_cast<unsigned>(where.line()), where.column()};
  bool behind = llvm::StringRef(where.file_name()) == definition.file_name() &&
                where.line() >= definition.line();
  if (behind)
    return {kernel, static_cast<unsigned>(where.line() - definition.line() + 1), where.column()};
  std::string &name = nameOfFile[where.file_name()];
  if (name.empty()) {
    llvm::StringRef rest = where.file_name();
    // As much of the path as tells files of one name apart.
    size_t cut = rest.rfind('/');
    name = rest.substr(cut + 1).str();
    while (fileOfName.count(name) && cut != llvm::StringRef::npos) {
      cut = rest.take_front(cut).rfind('/');
      name = rest.substr(cut + 1).str();
    }
    fileOfName[name] = where.file_name();
  }
  return {name, where.line(), where.column()};
}

std::optional<runtime::FunctionPlace> SourceMap::find(llvm::StringRef function) const {
  if (absolute)
    return runtime::FunctionPlace{function.str(), 1};
  if (function == kernel)
    return runtime::FunctionPlace{definition.file_name(), static_cast<int32_t>(definition.line())};
  auto found = fileOfName.find(function.str());
  if (found == fileOfName.end())
    return std::nullopt;
  return runtime::FunctionPlace{found->second, 1};
}

SourcePlace SourceMap::place(const runtime::SourceChain &chain) const {
  if (chain.frames.empty())
    return {};
  const runtime::SourceFrame &frame = chain.frames.front();
  auto found = find(frame.function);
  if (!found)
    return {frame.function, frame.line, frame.column};
  return {found->file, found->firstLine + frame.line - 1, frame.column};
}

//===------------------------------------------------------------------------------------------===//
// Types
//===------------------------------------------------------------------------------------------===//

lang::LanguageType toLanguageType(Element element) {
  using S = lang::Scalar;
  // In the order of Element.
  static constexpr S scalars[] = {S::Int1,   S::Int8,   S::Int16,  S::Int32, S::Int64,   S::UInt8,
                                  S::UInt16, S::UInt32, S::UInt64, S::FP8E5, S::FP8E4NV, S::FP16,
                                  S::BF16,   S::FP32,   S::FP64,   S::Void};
  return scalars[static_cast<size_t>(element)];
}

lang::LanguageType toLanguageType(const TypeSpec &spec) {
  lang::LanguageType type = toLanguageType(spec.element);
  for (int i = 0; i < spec.pointers; ++i)
    type = lang::LanguageType::pointer(type, i == 0 && spec.isConst);
  llvm::SmallVector<int64_t, 8> shape(spec.dims.extent, spec.dims.extent + spec.dims.rank);
  return lang::LanguageType::block(type, shape);
}

std::string signatureText(const TypeSpec &spec) {
  static constexpr const char *names[] = {"i1",      "i8",   "i16",  "i32",  "i64",
                                          "u8",      "u16",  "u32",  "u64",  "fp8e5",
                                          "fp8e4nv", "fp16", "bf16", "fp32", "fp64"};
  return std::string(spec.pointers, '*') + names[static_cast<size_t>(spec.element)];
}

} // namespace cosmati::detail
