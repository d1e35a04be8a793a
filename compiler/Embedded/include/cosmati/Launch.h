// From a C++ function to compiled kernels, and their launches.
#pragma once

#include "cosmati/Block.h"
#include "cosmati/Device.h"
#include "cosmati/Errors.h"

#include <memory>
#include <utility>

namespace cosmati {

/// How many programs run, along up to three axes.
struct Grid {
  int64_t x = 1, y = 1, z = 1;
  constexpr Grid(int64_t x = 1, int64_t y = 1, int64_t z = 1) : x(x), y(y), z(z) {}
};

/// How a kernel is compiled and launched.
struct Launch {
  Grid grid = {};
  int numWarps = 4;     // of 32 threads in a program: 1, 2, 4, 8, 16 or 32
  int numStages = 3;    // depth of the software pipelines of loops
  int numCtas = 1;      // CTAs of a cluster that share a program
  int maxRegisters = 0; // per thread; 0: the assembler's choice
  bool debug = false;   // deviceAssert is checked
  /// Integers that are 1 or divisible by 16, and pointers that are, become part of the compiled
  /// variant. false: one variant for all values.
  bool specialize = true;
  std::string target = {}; // "sm_90a"; empty: the device's
  void *stream = nullptr;  // a CUstream; the virtual machine has none
  /// Further compile options by name and value: {{"contract", "false"}}.
  std::vector<std::pair<std::string, std::string>> options = {};
};

/// One compiled variant of a kernel.
class COSMATI_API CompiledKernel {
public:
  struct Data;
  explicit CompiledKernel(std::shared_ptr<const Data> data) : data(std::move(data)) {}

  const std::string &ptx() const;
  const std::string &target() const;
  /// Tile IR that the kernel's C++ built.
  std::string ir() const;
  /// Missed optimisations, one text each, with the kernel's source lines.
  std::vector<std::string> remarks() const;
  /// "compiled", "disk" or "memory".
  std::string origin() const;
  uint32_t sharedBytes() const;
  /// Per thread, as the assembler or driver said; -1: unknown.
  int registers() const;
  int spillBytes() const;

private:
  std::shared_ptr<const Data> data;
};

namespace detail {

/// One argument of a launch as the library takes it.
struct ArgumentValue {
  uint64_t integer = 0; // also a pointer's address
  double real = 0;
  void *base = nullptr; // host memory that a pointer may reach; null: not said
  uint64_t bytes = 0;
};

[[noreturn]] COSMATI_API void failRange(int64_t value, bool isUnsigned, int bits);

/// Converts what is given at a launch to the parameter P.
template <typename P> struct Argument;

template <typename T> struct Argument<Block<T>> : ArgumentValue {
  template <Number U>
    requires(std::is_convertible_v<U, T> && std::is_arithmetic_v<T>)
  Argument(U value) {
    static_assert(std::is_floating_point_v<T> || !std::is_floating_point_v<U>,
                  "this parameter is an integer, the argument is a float");
    if constexpr (std::is_floating_point_v<T>) {
      real = static_cast<double>(value);
    } else {
      integer = static_cast<uint64_t>(static_cast<int64_t>(value));
      if constexpr (!std::is_same_v<T, bool> && !std::is_same_v<U, bool>)
        if (!std::in_range<T>(value))
          failRange(static_cast<int64_t>(value), std::is_unsigned_v<T>, 8 * sizeof(T));
    }
  }
  Argument(T value)
    requires(!std::is_arithmetic_v<T>)
  {
    real = static_cast<double>(static_cast<float>(value));
  }
};

template <typename T> struct Argument<Block<T *>> : ArgumentValue {
  Argument(std::nullptr_t) {}
  /// Memory of the device, or host memory that another argument covers.
  Argument(T *address) { integer = reinterpret_cast<uint64_t>(address); }
  /// Host memory, in place; the virtual machine alone takes it.
  Argument(std::span<T> values) {
    integer = reinterpret_cast<uint64_t>(values.data());
    base = const_cast<void *>(static_cast<const void *>(values.data()));
    bytes = values.size_bytes();
  }
  template <typename R>
    requires(std::is_constructible_v<std::span<T>, R &> && !std::is_pointer_v<std::decay_t<R>>)
  Argument(R &&values) : Argument(std::span<T>(values)) {}
  template <typename U>
    requires(std::is_same_v<U, std::remove_const_t<T>>)
  Argument(const Array<U> &array) {
    integer = reinterpret_cast<uint64_t>(array.data());
  }
};

using RunBody = void (*)(const void *body, const Handle *arguments);

/// What the library keeps for one kernel: its name and place, and its compiled variants.
class COSMATI_API KernelState {
public:
  KernelState(std::string_view signature, std::vector<TypeSpec> params, RunBody run, Where where);
  ~KernelState();
  KernelState(const KernelState &) = delete;
  KernelState &operator=(const KernelState &) = delete;

  CompiledKernel launch(const void *body, const Launch &how, const ArgumentValue *arguments);
  /// Without arguments: pointers are multiples of 16, integers any.
  CompiledKernel compile(const void *body, const Launch &how, const ArgumentValue *arguments);

  struct Data;

private:
  std::shared_ptr<Data> data;
};

template <typename P> constexpr bool isParameter() {
  if constexpr (AnyBlock<P>)
    return BlockTraits<P>::dims.rank == 0;
  else
    return false;
}

template <typename F> struct Signature : Signature<decltype(&F::operator())> {};
template <typename R, typename... P> struct Signature<R (*)(P...)> {
  template <template <typename, typename...> typename K, typename F>
  using Apply = K<F, std::remove_cvref_t<P>...>;
};
template <typename R, typename C, typename... P>
struct Signature<R (C::*)(P...) const> : Signature<R (*)(P...)> {};
template <typename R, typename C, typename... P>
struct Signature<R (C::*)(P...)> : Signature<R (*)(P...)> {};

template <typename F>
concept HasSignature = std::is_pointer_v<F> || requires { &F::operator(); };

} // namespace detail

/// A kernel: a C++ function over Scalar<T> and Ptr<T> parameters, compiled for each set of options
/// and specialisations when it is first launched with them. Copies share what was compiled.
/// Thread-safe, if the function is.
template <typename F, typename... P> class Kernel {
  static_assert((detail::isParameter<P>() && ...),
                "a kernel's parameters are Scalar<T> and Ptr<T>");

public:
  Kernel(std::string_view signature, F body, detail::Where where)
      : body(std::move(body)),
        state(std::make_shared<detail::KernelState>(
            signature, std::vector<detail::TypeSpec>{P::spec...}, &run, where)) {}

  /// Compiles the kernel where needed, and launches it. Throws CompilationError, OutOfResources,
  /// DeviceError, KernelFault.
  CompiledKernel launch(const Launch &how, detail::Argument<P>... arguments) const {
    const detail::ArgumentValue values[] = {arguments..., {}};
    return state->launch(&body, how, values);
  }
  /// kernel[grid](arguments...): a launch with the default options.
  auto operator[](Grid grid) const {
    return [kernel = *this, grid](detail::Argument<P>... arguments) {
      return kernel.launch(Launch{.grid = grid}, arguments...);
    };
  }

  /// The variant for these arguments, without launching it.
  CompiledKernel compile(const Launch &how, detail::Argument<P>... arguments) const
    requires(sizeof...(P) > 0)
  {
    const detail::ArgumentValue values[] = {arguments..., {}};
    return state->compile(&body, how, values);
  }
  /// The variant for pointers that are multiples of 16 and integers of no special value.
  CompiledKernel compile(const Launch &how = {}) const {
    return state->compile(&body, how, nullptr);
  }
  std::string ptx(const Launch &how = {}) const { return compile(how).ptx(); }
  std::string ir(const Launch &how = {}) const { return compile(how).ir(); }
  std::vector<std::string> remarks(const Launch &how = {}) const { return compile(how).remarks(); }

private:
  static void run(const void *self, const detail::Handle *arguments) {
    F copy = *static_cast<const F *>(self);
    call(copy, arguments, std::index_sequence_for<P...>());
  }
  template <size_t... I>
  static void call(F &function, const detail::Handle *arguments, std::index_sequence<I...>) {
    function(P(arguments[I])...);
  }

  F body;
  std::shared_ptr<detail::KernelState> state;
};

/// Makes a kernel of a lambda or function. `signature` is its name, if wanted with its parameters'
/// names for messages: "add" or "add(x, y, out, n)". The function returns nothing, and everything
/// that it captures is compiled in. Lines in IR, PTX and cache keys count from this call: moving
/// the kernel recompiles nothing.
template <typename F>
auto kernel(std::string_view signature, F body, detail::Where where = detail::Where::current()) {
  static_assert(detail::HasSignature<F>,
                "a kernel's parameters have types, Scalar<T> or Ptr<T>: `auto` is not one. Write a "
                "function template that returns kernel(...) for several types");
  if constexpr (detail::HasSignature<F>) {
    using K = typename detail::Signature<F>::template Apply<Kernel, F>;
    return K(signature, std::move(body), where);
  }
}

} // namespace cosmati
