// Windows of strided arrays.
#pragma once

#include "cosmati/Control.h"
#include "cosmati/Memory.h"

namespace cosmati {
namespace detail {

/// An integer scalar or number as int64.
struct Index {
  template <Bound X> Index(const X &x, Where where = Where::current()) : value(convert(x, where)) {}
  Scalar<int64_t> value;

private:
  template <Bound X> static Scalar<int64_t> convert(const X &x, Where where) {
    if constexpr (Number<X>)
      return Scalar<int64_t>(static_cast<int64_t>(x), where);
    else
      return x.template to<int64_t>("", where);
  }
};

} // namespace detail

/// base[sum over d of (offset[d] + i[d]) * stride[d]], i[d] in [0, N[d]), of an array with extents
/// `shape`. It is a variable like a Block: loops carry it.
template <typename T, int... N> class BlockPointer {
public:
  static constexpr int rank = sizeof...(N);
  using Indices = const detail::Index (&)[sizeof...(N)];

  BlockPointer(const Ptr<T> &base, Indices shape, Indices strides, Indices offsets) : base(base) {
    for (int i = 0; i < rank; ++i) {
      values[i] = shape[i].value;
      values[rank + i] = strides[i].value;
      values[2 * rank + i] = offsets[i].value;
    }
  }

  /// Moves the window by `steps` elements along each dimension.
  void advance(Indices steps) {
    for (int i = 0; i < rank; ++i)
      values[2 * rank + i] += steps[i].value;
  }

  /// The elements of the window. Those outside of the array along the dimensions `Checked` are 0,
  /// or NaN where `padding` is "nan"; along others the window lies inside.
  template <int... Checked>
  Block<std::remove_const_t<T>, N...> load(std::string_view padding = "", LoadOptions options = {},
                                           detail::Where where = detail::Where::current()) const {
    detail::Handle handles[1 + 3 * rank];
    fill(handles);
    return Block<std::remove_const_t<T>, N...>(
        detail::loadWindow(handles, detail::dimsOf<N...>(), detail::dimsOf<Checked...>(), padding,
                           {options.cache, options.evict, options.isVolatile}, where));
  }
  /// Stores `value` where the window is inside of the array.
  template <int... Checked, detail::Term V>
  void store(const V &value, StoreOptions options = {},
             detail::Where where = detail::Where::current()) const {
    static_assert(!std::is_const_v<T>, "cannot store to a Ptr<const T>");
    detail::Handle handles[1 + 3 * rank];
    fill(handles);
    detail::storeWindow(handles, detail::dimsOf<N...>(), value, detail::dimsOf<Checked...>(),
                        {options.cache, options.evict, false}, where);
  }

private:
  void fill(detail::Handle *handles) const {
    *handles++ = base.handle();
    for (const Scalar<int64_t> &value : values)
      *handles++ = value.handle();
  }

  Ptr<T> base;
  Scalar<int64_t> values[3 * rank]; // shape, strides, offsets
};

/// makeBlockPointer<64, 32>(a, {M, K}, {K, 1}, {programId(0) * 64, 0}).
template <int... N, typename T>
BlockPointer<T, N...> makeBlockPointer(const Ptr<T> &base,
                                       const detail::Index (&shape)[sizeof...(N)],
                                       const detail::Index (&strides)[sizeof...(N)],
                                       const detail::Index (&offsets)[sizeof...(N)]) {
  return BlockPointer<T, N...>(base, shape, strides, offsets);
}

} // namespace cosmati
