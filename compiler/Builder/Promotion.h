// Which type two operands of an arithmetic operation meet in: the promotion rules of
// `triton.language`.
#pragma once

#include "compiler/Builder/Value.h"

namespace cosmati::lang {

/// C's usual arithmetic conversions: the wider type; at equal width the unsigned one.
LanguageType promoteIntegers(LanguageType a, LanguageType b);

/// The scalar type that `a op b` computes in. `weak` marks a number written in the source.
/// `divOrMod` is set for `/`, `//` and `%`, which compute 16-bit floats in fp32 and refuse operands
/// of different signedness. Throws LanguageTypeError where the rules give no type (fp8 with an
/// integer; mixed signs).
LanguageType computationType(LanguageType a, bool aWeak, LanguageType b, bool bWeak, bool divOrMod);

} // namespace cosmati::lang
