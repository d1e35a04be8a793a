//===- MmaInstructions.td - The matrix instructions ---------- -*- tablegen -*-===//
//
// Every warp-wide matrix instruction that the compiler may choose: mma.sync and mma.sp of sm_80 and
// later. What the verifier accepts, the selection chooses and the lowering emits stands here and
// nowhere else. Source: PTX ISA 8.7, "Warp Level Matrix Multiply-Accumulate Instructions"; tests
// hold the rows against NVIDIA's assembler, LLVM's intrinsics, NVVM's ops and the PTX machine.
//
// A row says D = A * B + C with A (m x k) row-major, B (k x n) column-major, and C, D (m x n) of one
// type, held as MmaTable.h's fragments. `mma.sp` multiplies a matrix of which A holds half of
// each group of elements along k (tf32: one of 2; 16 and 8 bits: two of 4; 4 bits: two pairs
// of 8) and a register of metadata says which.
//
// To add an instruction: write its row, run the unit test mma-table-tests, which says what is wrong
// about it, and make the page anew with `cmake --build build --target mma-page`.
//
// Not here, on purpose: the m8n8 shapes of f16 and integers (fragments of sm_70 and sm_75, slower
// than m16n8 on all later machines); mma.sp without ::ordered_metadata (slower from sm_90 on);
// mma.sp of e4m3/e5m2 with f16 accumulators (LLVM 22 has no intrinsic for it).
//
//===----------------------------------------------------------------------===//

/// An element type as PTX names it.
class MmaType<string ptxName, int bitWidth> {
  string name = ptxName;
  int width = bitWidth;
}
def F16 : MmaType<"f16", 16>;
def BF16 : MmaType<"bf16", 16>;
def TF32 : MmaType<"tf32", 32>;
def F32 : MmaType<"f32", 32>;
def F64 : MmaType<"f64", 64>;
def E4M3 : MmaType<"e4m3", 8>;
def E5M2 : MmaType<"e5m2", 8>;
def S8 : MmaType<"s8", 8>;
def U8 : MmaType<"u8", 8>;
def S4 : MmaType<"s4", 4>;
def U4 : MmaType<"u4", 4>;
def B1 : MmaType<"b1", 1>;
def S32 : MmaType<"s32", 32>;

/// Where a row stands on the page.
class MmaSection<string heading, string text = ""> {
  string title = heading;
  string remark = text;
}

/// 32-bit registers per thread (64-bit ones for f64) of a matrix of `elements` elements.
class RegistersOf<int elements, MmaType type> {
  int perRegister = !if(!eq(type.width, 64), 1, !div(32, type.width));
  int count = !div(!div(elements, 32), perRegister);
}

class Mma<int rows, int columns, int depth, MmaType aType, MmaType bType, MmaType accType,
          int sinceSm, int sincePtx> {
  int m = rows;
  int n = columns;
  int k = depth;
  MmaType a = aType;
  MmaType b = bType;
  MmaType acc = accType;      // of C and D
  int sm = sinceSm;           // lowest compute capability, 89 = 8.9
  int ptxVersion = sincePtx;  // lowest PTX ISA, 84 = 8.4
  MmaSection section = ?;
  string bitOp = "";          // "xor" or "and": products of bits, counted
  bit sparse = false;
  bit saturates = false;      // has a form that clamps to the range of s32 instead of wrapping
  bit nvvmOp = true;          // nvvm.mma.sync or nvvm.mma.sp.sync accepts it; else by its intrinsic

  // What follows is computed.
  int aRegisters = RegistersOf<!div(!mul(m, k), !if(sparse, 2, 1)), a>.count;
  int bRegisters = RegistersOf<!mul(k, n), b>.count;
  int accRegisters = RegistersOf<!mul(m, n), acc>.count;

  string shape = "m" # m # "n" # n # "k" # k;
  string types = acc.name # "." # a.name # "." # b.name # "." # acc.name;
  string ptxHead = "mma" # !if(sparse, ".sp::ordered_metadata", "") # ".sync.aligned." # shape #
                   ".row.col.";
  string ptxTail = types # !if(!empty(bitOp), "", "." # bitOp # ".popc");
  string ptx = ptxHead # ptxTail;
  string saturatingPtx = !if(saturates, ptxHead # "satfinite." # ptxTail, "");

  // LLVM's intrinsics name no type that follows from the others.
  string signature = !cond(
    !or(!eq(a.name, "e4m3"), !eq(a.name, "e5m2"))
      : acc.name # "." # a.name # "." # b.name # "." # acc.name,
    !eq(a.name, "f16") : acc.name # "." # acc.name,
    !ne(a.name, b.name) : a.name # "." # b.name,
    true : a.name);
  string intrinsicHead = "llvm.nvvm.mma" # !if(!empty(bitOp), "", "." # bitOp # ".popc") #
                         !if(sparse, ".sp.ordered.metadata", "") # "." # shape # ".row.col.";
  string intrinsic = intrinsicHead # signature;
  string saturatingIntrinsic = !if(saturates, intrinsicHead # "satfinite." # signature, "");
}

class MmaSp<int rows, int columns, int depth, MmaType aType, MmaType bType, MmaType accType,
            int sinceSm, int sincePtx>
    : Mma<rows, columns, depth, aType, bType, accType, sinceSm, sincePtx> {
  let sparse = true;
}

defvar Ints8 = [S8, U8];
defvar Ints4 = [S4, U4];
defvar Floats8 = [E4M3, E5M2];

//===- Floating point --------------------------------------------------------===//
def Floats : MmaSection<"Floating point",
    "Products are exact; how a sum is rounded is [the hardware's own](../ptxvm.md#matrices).">;
let section = Floats in {
foreach k = [8, 16] in {
  foreach acc = [F16, F32] in
    def "F16K" # k # acc : Mma<16, 8, k, F16, F16, acc, 80, 70>;
  def "BF16K" # k : Mma<16, 8, k, BF16, BF16, F32, 80, 70>;
}
foreach k = [4, 8] in
  def "TF32K" # k : Mma<16, 8, k, TF32, TF32, F32, 80, 70>;
}

def Doubles : MmaSection<"Double precision", "Fused multiply-adds, rounded to nearest even.">;
let section = Doubles in {
def F64K4M8 : Mma<8, 8, 4, F64, F64, F64, 80, 70>;
let nvvmOp = false in foreach k = [4, 8, 16] in
  def "F64K" # k : Mma<16, 8, k, F64, F64, F64, 90, 78>;
}

def Fp8 : MmaSection<"8-bit floating point",
    "Hopper sums with about 14 bits of mantissa, whatever the accumulator's type.">;
let section = Fp8, nvvmOp = false in
foreach a = Floats8 in foreach b = Floats8 in {
  def a # b # "K16F16" : Mma<16, 8, 16, a, b, F16, 89, 87>;
  def a # b # "K16F32" : Mma<16, 8, 16, a, b, F32, 89, 87>;
  def a # b # "K32F16" : Mma<16, 8, 32, a, b, F16, 89, 87>;
  def a # b # "K32F32" : Mma<16, 8, 32, a, b, F32, 89, 84>;
}

//===- Integers and bits -----------------------------------------------------===//
def Integers : MmaSection<"Integers", "Exact; the sum wraps modulo 2^32 or is clamped.">;
let section = Integers, saturates = true in {
foreach k = [16, 32] in foreach a = Ints8 in foreach b = Ints8 in
  def a # b # "K" # k : Mma<16, 8, k, a, b, S32, 80, 70>;
foreach k = [32, 64] in foreach a = Ints4 in foreach b = Ints4 in
  def a # b # "K" # k : Mma<16, 8, k, a, b, S32, 80, 70>;
}

def Bits : MmaSection<"Bits", "`d = c + popcount(a op b)`.">;
let section = Bits in foreach k = [128, 256] in {
  let bitOp = "xor" in def "B1XorK" # k : Mma<16, 8, k, B1, B1, S32, 80, 70>;
  let bitOp = "and" in def "B1AndK" # k : Mma<16, 8, k, B1, B1, S32, 80, 71>;
}

//===- Sparse ----------------------------------------------------------------===//
def Sparse : MmaSection<"Sparse",
    "k counts the columns of the matrix that A stands for; A itself has k / 2.">;
let section = Sparse in {
foreach k = [16, 32] in {
  foreach acc = [F16, F32] in
    def "SpF16K" # k # acc : MmaSp<16, 8, k, F16, F16, acc, 80, 85>;
  def "SpBF16K" # k : MmaSp<16, 8, k, BF16, BF16, F32, 80, 85>;
}
foreach k = [8, 16] in
  def "SpTF32K" # k : MmaSp<16, 8, k, TF32, TF32, F32, 80, 85>;
let nvvmOp = false in foreach a = Floats8 in foreach b = Floats8 in
  def "Sp" # a # b # "K64" : MmaSp<16, 8, 64, a, b, F32, 89, 85>;
let saturates = true in {
foreach k = [32, 64] in foreach a = Ints8 in foreach b = Ints8 in
  def "Sp" # a # b # "K" # k : MmaSp<16, 8, k, a, b, S32, 80, 85>;
foreach k = [64, 128] in foreach a = Ints4 in foreach b = Ints4 in
  def "Sp" # a # b # "K" # k : MmaSp<16, 8, k, a, b, S32, 80, 85>;
}
}
