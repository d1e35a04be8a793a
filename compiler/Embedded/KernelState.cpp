#include "compiler/Embedded/KernelState.h"
#include "compiler/Embedded/Failures.h"

#include "mlir/Bytecode/BytecodeWriter.h"
#include "runtime/Launch/ParamPack.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"

namespace cosmati::detail {

using runtime::ParamKind;

void failRange(int64_t value, bool isUnsigned, int bits) {
  throw CosmatiError(llvm::formatv("an argument is {0}, which does not fit the kernel's parameter, "
                                   "{1}int{2}_t",
                                   value, isUnsigned ? "u" : "", bits));
}

//===------------------------------------------------------------------------------------------===//
// Name and parameters
//===------------------------------------------------------------------------------------------===//

static bool isIdentifier(llvm::StringRef text) {
  auto isWord = [](char c) { return llvm::isAlnum(c) || c == '_'; };
  return !text.empty() && llvm::all_of(text, isWord) && !llvm::isDigit(text.front());
}

/// "add(x, y)" as "add" and its parameters' names; without a list they are arg0, arg1, ...
static void parseSignature(llvm::StringRef signature, size_t count, Where where, std::string &name,
                           std::vector<std::string> &params) {
  auto fail = [&](const std::string &message) {
    throw CompilationError("the kernel's signature '" + signature.str() + "' " + message,
                           toPlace(where));
  };
  auto [head, list] = signature.split('(');
  name = head.trim().str();
  if (!isIdentifier(name))
    fail("must begin with a name of letters, digits and _, as in \"add\" or \"add(x, y, out)\"");
  if (head.size() == signature.size()) {
    for (size_t i = 0; i < count; ++i)
      params.push_back("arg" + std::to_string(i));
    return;
  }
  list = list.trim();
  if (!list.consume_back(")"))
    fail("lacks its closing parenthesis");
  llvm::SmallVector<llvm::StringRef> parts;
  if (!list.trim().empty())
    list.split(parts, ',');
  for (llvm::StringRef part : parts) {
    params.push_back(part.trim().str());
    if (!isIdentifier(params.back()))
      fail("has a parameter '" + params.back() + "' that is no name");
  }
  if (params.size() != count)
    fail(llvm::formatv("names {0} parameters, the function has {1}", params.size(), count));
}

KernelState::KernelState(std::string_view signature, std::vector<TypeSpec> params, RunBody run,
                         Where where)
    : data(std::make_shared<Data>()) {
  parseSignature(signature, params.size(), where, data->name, data->paramNames);
  data->params = std::move(params);
  data->run = run;
  data->definition = where;
}
KernelState::~KernelState() = default;

//===------------------------------------------------------------------------------------------===//
// Building
//===------------------------------------------------------------------------------------------===//

static bool isIntegerParam(const TypeSpec &spec) {
  return spec.pointers == 0 && isInteger(spec.element) && spec.element != Element::Bool;
}

Bits KernelState::Data::specialise(const ArgumentValue *arguments, bool on) const {
  Bits bits;
  for (auto [i, spec] : llvm::enumerate(params)) {
    uint8_t bit = runtime::SpecNone;
    if (on && spec.pointers)
      bit = arguments ? runtime::specializePointer(arguments[i].integer)
                      : uint8_t(runtime::SpecDivisible16);
    else if (on && arguments && isIntegerParam(spec))
      bit = runtime::specializeInteger(static_cast<int64_t>(arguments[i].integer));
    bits.push_back(bit);
  }
  return bits;
}

static CompileOptions toCompileOptions(const Launch &how, const std::string &target) {
  CompileOptions options;
  options.target = how.target.empty() ? target : how.target;
  options.num_warps = how.numWarps;
  options.num_stages = how.numStages;
  options.num_ctas = how.numCtas;
  options.maxnreg = how.maxRegisters;
  options.debug = how.debug;
  for (const auto &[name, value] : how.options)
    check(options.set(name, value));
  return options;
}

/// Runs the kernel's function.
static JitModule generate(const KernelState::Data &kernel, const void *body, const Bits &bits,
                          bool debug, SourceMap &files) {
  auto trace = std::make_unique<Trace>(files, debug, kernel.definition);
  JitModule result;
  llvm::SmallVector<lang::LanguageType, 8> types;
  llvm::SmallVector<std::string, 8> names;
  llvm::SmallVector<int64_t, 8> divisibility;
  for (auto [spec, name, bit] : llvm::zip_equal(kernel.params, kernel.paramNames, bits)) {
    if (bit == runtime::SpecEqualsOne)
      continue;
    types.push_back(toLanguageType(spec));
    names.push_back(name);
    divisibility.push_back(bit == runtime::SpecDivisible16 ? 16 : 1);
    // The kind is read off the function's type by the compiler.
    result.params.push_back({name, ParamKind::I32, signatureText(spec)});
  }
  at(kernel.definition, [&](Trace &, lang::Builder &b) {
    auto next = b.beginFunction(kernel.name, types, {true, names, divisibility});
    std::vector<Handle> handles;
    auto *passed = next.begin();
    for (auto [spec, bit] : llvm::zip_equal(kernel.params, bits))
      handles.push_back(trace->add(
          bit == runtime::SpecEqualsOne ? b.constant(1, toLanguageType(spec)) : *passed++));
    kernel.run(body, handles.data());
    trace->setPlace(kernel.definition);
    b.endFunction();
    b.verify();
    result.module = b.module();
  });
  result.owner = trace->finish();
  return result;
}

static std::string toBytecode(mlir::ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  // Writing a module that holds no resources can't fail.
  (void)mlir::writeBytecodeToFile(module, stream);
  return text;
}

std::shared_ptr<const CompiledKernel::Data> KernelState::Data::build(const void *body,
                                                                     const Launch &how,
                                                                     const Bits &bits,
                                                                     const std::string &target) {
  auto result = std::make_shared<CompiledKernel::Data>();
  result->options = toCompileOptions(how, target);
  check(result->options.validate());
  auto files =
      std::make_shared<SourceMap>(name, definition, result->options.lineinfo == "absolute");
  result->files = files;
  JitModule module = generate(*this, body, bits, result->options.debug, *files);
  result->bytecode = toBytecode(module.module);
  result->params = module.params;
  // An empty first key: the module alone decides.
  bool first = true;
  auto outcome = session().get("", result->options, [&]() -> llvm::Expected<JitModule> {
    if (first) {
      first = false;
      return std::move(module);
    }
    // Once more, for the bundle that repeats an internal failure.
    return generate(*this, body, bits, result->options.debug, *files);
  });
  if (!outcome)
    throwError(outcome.takeError(), *files);
  result->image = outcome->image;
  result->origin = originName(outcome->origin).str();
  result->remarks = std::move(outcome->remarks);
  return result;
}

CompiledKernel KernelState::compile(const void *body, const Launch &how,
                                    const ArgumentValue *arguments) {
  Bits bits = data->specialise(arguments, how.specialize);
  std::string target = how.target.empty() ? currentDevice().target : how.target;
  return CompiledKernel(data->build(body, how, bits, target));
}

//===------------------------------------------------------------------------------------------===//
// Launching
//===------------------------------------------------------------------------------------------===//

/// What of a launch's settings makes another variant.
static std::string optionText(const Launch &how) {
  std::string text = llvm::formatv("{0},{1},{2},{3},{4},{5}", how.numWarps, how.numStages,
                                   how.numCtas, how.maxRegisters, how.debug, how.target);
  for (const auto &[name, value] : how.options)
    text += "," + name + "=" + value;
  return text;
}

static uint32_t indexOf(std::vector<std::string> &texts, std::string text) {
  auto found = llvm::find(texts, text);
  size_t index = static_cast<size_t>(found - texts.begin());
  if (found == texts.end())
    texts.push_back(std::move(text));
  return static_cast<uint32_t>(index);
}

static void checkResidence(const KernelState::Data &kernel, const ArgumentValue *arguments,
                           const DeviceSlot &device) {
  for (auto [i, name] : llvm::enumerate(kernel.paramNames))
    if (arguments[i].base && !device.onHost)
      throw DeviceError("argument `" + name + "` of " + kernel.name +
                        " cannot be accessed by the kernel: it is in host memory, and kernels run "
                        "on " +
                        device.name +
                        ". Copy it into a cosmati::Array, or choose the virtual machine with "
                        "cosmati::setDevice(\"vm\") or COSMATI_DEVICE=vm");
}

static void pack(const KernelState::Data &kernel, const KernelState::Data::Variant &variant,
                 const ArgumentValue *arguments, runtime::ParamPack &params,
                 llvm::SmallVectorImpl<runtime::HostBuffer> &buffers) {
  for (auto [slot, index] : llvm::enumerate(variant.passed)) {
    const ArgumentValue &argument = arguments[index];
    const TypeSpec &spec = kernel.params[index];
    if (spec.pointers == 0 && isFloat(spec.element))
      params.setFloat(slot, variant.entry->kinds[slot], argument.real);
    else
      params.setInteger(slot, argument.integer);
    if (argument.base)
      buffers.push_back({argument.base, argument.bytes, kernel.paramNames[index], !spec.isConst});
  }
}

CompiledKernel KernelState::launch(const void *body, const Launch &how,
                                   const ArgumentValue *arguments) {
  DeviceSlot &device = currentDevice();
  checkResidence(*data, arguments, device);
  Bits bits = data->specialise(arguments, how.specialize);
  Data::Variant *variant = nullptr;
  {
    std::lock_guard<std::mutex> lock(data->mutex);
    runtime::PackedKey key;
    for (uint8_t bit : bits)
      key.addArgument(0, bit);
    key.addOptions(indexOf(data->optionTexts, optionText(how)));
    key.addDevice(device.id);
    if (runtime::LaunchEntry *entry = data->table.lookup(key.data())) {
      variant = &data->variants[entry->callerId];
    } else {
      auto compiled = data->build(body, how, bits, device.target);
      auto loaded = runtime::makeLaunchEntry(*device.device, compiled->image);
      if (!loaded)
        throwError(loaded.takeError(), *compiled->files);
      (*loaded)->callerId = static_cast<uint32_t>(data->variants.size());
      variant = &data->variants.emplace_back();
      variant->compiled = std::move(compiled);
      for (auto [i, bit] : llvm::enumerate(bits))
        if (bit != runtime::SpecEqualsOne)
          variant->passed.push_back(static_cast<uint8_t>(i));
      variant->entry = data->table.insert(key.data(), std::move(*loaded));
    }
  }
  runtime::ParamPack params(variant->passed.size());
  llvm::SmallVector<runtime::HostBuffer, 8> buffers;
  pack(*data, *variant, arguments, params, buffers);
  if (llvm::Error error =
          runtime::launchEntry(*variant->entry, {how.grid.x, how.grid.y, how.grid.z},
                               params.pointers(), how.stream, buffers))
    throwError(std::move(error), *variant->compiled->files);
  return CompiledKernel(variant->compiled);
}

} // namespace cosmati::detail
