#ifndef COSMATI_TILE_ATTRS
#define COSMATI_TILE_ATTRS

include "mlir/IR/EnumAttr.td"
include "dialects/Tile/IR/TileDialect.td"

class Tile_Enum<string name, string summary, list<I32EnumAttrCase> cases> : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::cosmati::tile";
  let genSpecializedAttr = 0;
}
class Tile_EnumAttr<EnumAttrInfo info, string mnemonic> : EnumAttr<Tile_Dialect, info, mnemonic> {
  let assemblyFormat = "`<` $value `>`";
}

def Tile_Axis : Tile_Enum<"Axis", "axis of the grid", [
  I32EnumAttrCase<"X", 0, "x">, I32EnumAttrCase<"Y", 1, "y">, I32EnumAttrCase<"Z", 2, "z">]>;
def Tile_AxisAttr : Tile_EnumAttr<Tile_Axis, "axis"> { let assemblyFormat = "$value"; }

def Tile_CacheModifier : Tile_Enum<"CacheModifier", "PTX cache operator of a load or store", [
  I32EnumAttrCase<"None", 0, "none">, I32EnumAttrCase<"CA", 1, "ca">, I32EnumAttrCase<"CG", 2, "cg">,
  I32EnumAttrCase<"CV", 3, "cv">, I32EnumAttrCase<"WB", 4, "wb">, I32EnumAttrCase<"CS", 5, "cs">,
  I32EnumAttrCase<"WT", 6, "wt">]>;
def Tile_CacheModifierAttr : Tile_EnumAttr<Tile_CacheModifier, "cache">;

def Tile_EvictionPolicy : Tile_Enum<"EvictionPolicy", "L1 eviction priority of a load or store", [
  I32EnumAttrCase<"Normal", 0, "evict_normal">, I32EnumAttrCase<"First", 1, "evict_first">,
  I32EnumAttrCase<"Last", 2, "evict_last">]>;
def Tile_EvictionPolicyAttr : Tile_EnumAttr<Tile_EvictionPolicy, "evict">;

def Tile_MemSemantic : Tile_Enum<"MemSemantic", "memory order of an atomic", [
  I32EnumAttrCase<"Relaxed", 0, "relaxed">, I32EnumAttrCase<"Acquire", 1, "acquire">,
  I32EnumAttrCase<"Release", 2, "release">, I32EnumAttrCase<"AcquireRelease", 3, "acq_rel">]>;
def Tile_MemSemanticAttr : Tile_EnumAttr<Tile_MemSemantic, "sem"> { let assemblyFormat = "$value"; }

def Tile_MemScope : Tile_Enum<"MemScope", "set of threads that an atomic's order is seen by", [
  I32EnumAttrCase<"GPU", 0, "gpu">, I32EnumAttrCase<"CTA", 1, "cta">, I32EnumAttrCase<"System", 2, "sys">]>;
def Tile_MemScopeAttr : Tile_EnumAttr<Tile_MemScope, "scope"> { let assemblyFormat = "$value"; }

def Tile_AtomicKind : Tile_Enum<"AtomicKind", "read-modify-write operation", [
  I32EnumAttrCase<"And", 0, "and">, I32EnumAttrCase<"Or", 1, "or">, I32EnumAttrCase<"Xor", 2, "xor">,
  I32EnumAttrCase<"Add", 3, "add">, I32EnumAttrCase<"FAdd", 4, "fadd">, I32EnumAttrCase<"Max", 5, "max">,
  I32EnumAttrCase<"Min", 6, "min">, I32EnumAttrCase<"UMax", 7, "umax">, I32EnumAttrCase<"UMin", 8, "umin">,
  I32EnumAttrCase<"FMax", 9, "fmax">, I32EnumAttrCase<"FMin", 10, "fmin">, I32EnumAttrCase<"Exchange", 11, "exch">]>;
def Tile_AtomicKindAttr : Tile_EnumAttr<Tile_AtomicKind, "atomic_kind"> { let assemblyFormat = "$value"; }

def Tile_InputPrecision : Tile_Enum<"InputPrecision", "how f32 operands of a dot are fed to the hardware", [
  I32EnumAttrCase<"TF32", 0, "tf32">, I32EnumAttrCase<"TF32x3", 1, "tf32x3">, I32EnumAttrCase<"IEEE", 2, "ieee">,
  I32EnumAttrCase<"BF16x3", 3, "bf16x3">, I32EnumAttrCase<"BF16x6", 4, "bf16x6">]>;
def Tile_InputPrecisionAttr : Tile_EnumAttr<Tile_InputPrecision, "precision"> { let assemblyFormat = "$value"; }

def Tile_Rounding : Tile_Enum<"Rounding", "rounding of a floating-point conversion", [
  I32EnumAttrCase<"NearestEven", 0, "rtne">, I32EnumAttrCase<"TowardZero", 1, "rtz">]>;
def Tile_RoundingAttr : Tile_EnumAttr<Tile_Rounding, "rounding"> { let assemblyFormat = "$value"; }

def Tile_Overflow : Tile_Enum<"Overflow", "what a value beyond the largest finite one becomes", [
  I32EnumAttrCase<"Saturate", 0, "saturate">, I32EnumAttrCase<"NonFinite", 1, "nonfinite">]>;
def Tile_OverflowAttr : Tile_EnumAttr<Tile_Overflow, "overflow"> { let assemblyFormat = "$value"; }

#endif
