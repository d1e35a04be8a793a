//===- InstructionsData.td - moves, conversions and copies ---- -*- tablegen -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// A part of Instructions.td.
//===----------------------------------------------------------------------===//

//===- Data movement ---------------------------------------------------------===//
defvar OptWindow = "[.(global|shared|shared::cta|shared::cluster)]";
defvar OptScope = "[.(cta|cluster|gpu|sys)]";
defvar Scope = ".(cta|cluster|gpu|sys)";
defvar OptEviction = !strconcat(
    "[.(L1::evict_normal|L1::evict_unchanged|L1::evict_first|L1::evict_last|L1::no_allocate)]",
    "[.(L2::evict_normal|L2::evict_first|L2::evict_last)]");
defvar OptCacheHints = "[.L2::cache_hint][.(L2::64B|L2::128B|L2::256B)]";
defvar MemTypes = "(b8|b16|b32|b64|b128|u8|u16|u32|u64|s8|s16|s32|s64|f32|f64|f16|bf16)";
let section = DataMovement in {
def Prmt : Inst<IntBits, CountInteger, "prmt.b32[.(f4e|b4e|rc8|ecl|ecr|rc16)]", "=t t t t">;
def Cvta : Inst<Move, CountMove,
    "cvta[.to].(global|const|shared|shared::cta|shared::cluster|local|param|param::entry).u64",
    "=t t">;
def Isspacep : Inst<Move, CountMove,
    "isspacep.(global|const|shared|shared::cta|shared::cluster|local|param|param::entry)",
    "=pred u64">;
def Mov : Inst<Move, CountMove, "mov.(pred|b16|b32|b64|b128|u16|u32|u64|s16|s32|s64|f32|f64)", "*">;
let checks = Accesses in {
defvar Vector = "[.(v2|v4|v8)].";
defvar OtherSpace =
    ".(shared|shared::cta|shared::cluster|local|param|param::entry|param::func)";
def Ld : Inst<Memory, CountOtherMemory, !strconcat("ld[.weak][.(global|const)][.(ca|cg|cs|lu|cv)]",
    OptCacheHints, Vector, MemTypes), "*">;
def : Form<Ld, !strconcat("ld[.weak][.global]", OptEviction, OptCacheHints, Vector, MemTypes)>;
def : Form<Ld, !strconcat("ld[.weak]", OtherSpace, "[.(ca|cg|cs|lu|cv)]", Vector, MemTypes)>;
def : Form<Ld, !strconcat("ld[.weak].global[.(ca|cg|cs)].nc", OptCacheHints, Vector, MemTypes)>;
def : Form<Ld, !strconcat("ld[.weak].global.nc", OptEviction, OptCacheHints, Vector, MemTypes)>;
def : Form<Ld, !strconcat("ld.volatile", OptWindow, "[.(v2|v4)].", MemTypes)>;
def : Form<Ld, !strconcat("ld.(relaxed|acquire)", Scope, OptWindow, OptEviction, OptCacheHints,
    Vector, MemTypes)>;
def : Form<Ld, !strconcat("ld.mmio.relaxed.sys[.global].", MemTypes)>;
def Ldu : Inst<Memory, CountOtherMemory, !strconcat("ldu[.global][.(v2|v4)].", MemTypes), "*">;
def St : Inst<Memory, CountOtherMemory, !strconcat("st[.weak][.global][.(wb|cg|cs|wt)]",
    "[.L2::cache_hint]", Vector, MemTypes), "*">;
def : Form<St, !strconcat("st[.weak][.global]", OptEviction, "[.L2::cache_hint]", Vector,
    MemTypes)>;
def : Form<St, !strconcat("st[.weak]", OtherSpace, "[.(wb|cg|cs|wt)]", Vector, MemTypes)>;
def : Form<St, !strconcat("st.volatile", OptWindow, "[.(v2|v4)].", MemTypes)>;
def : Form<St, !strconcat("st.(relaxed|release)", Scope, OptWindow, OptEviction,
    "[.L2::cache_hint]", Vector, MemTypes)>;
def : Form<St, !strconcat("st.mmio.relaxed.sys[.global].", MemTypes)>;
}
def Shfl : Inst<WarpOps, CountWarp, "shfl.sync.(up|down|bfly|idx).b32", "=t|p t u32 u32 b32">;
def ShflOld : Rejected<"shfl.(up|down|bfly|idx)",
    "without .sync it ended with sm_60; use shfl.sync">;
def Multimem : Rejected<"multimem", "multicast addresses of several GPUs">;
def MultimemMem : Rejected<"cp.reduce.async.bulk.multimem", "multicast addresses of several GPUs">;
def Mapa : Inst<Cluster, CountMove, "mapa[.shared::cluster].(u32|u64)", "=t t u32">;
def GetCtaRank : Inst<Cluster, CountMove, "getctarank[.shared::cluster].(u32|u64)", "=u32 t">;
let checks = Transfers in
def StAsync : Inst<Cluster, CountOtherMemory,
    !strconcat("st.async[.weak][.shared::cluster].mbarrier::complete_tx::bytes[.(v2|v4)].",
    "(b32|b64|u32|u64|s32|s64|f32|f64)"), "*">;
def StBulk : Rejected<"st.bulk", "an instruction of sm_100">;
}

//===- Conversion ------------------------------------------------------------===//
defvar AnyInt = "(u8|u16|u32|u64|s8|s16|s32|s64)";
let section = Conversion in {
defvar Integral = "(rni|rzi|rmi|rpi)";
defvar ReluFinite = "[.(relu|satfinite|relu.satfinite|satfinite.relu)]";
def CvtII : Inst<Convert, CountConvert, !strconcat("cvt.", AnyInt, ".", AnyInt), "=x x1">;
def : Form<CvtII, "cvt.sat.u8.(u16|u32|u64|s8|s16|s32|s64)">;
def : Form<CvtII, "cvt.sat.u16.(u32|u64|s8|s16|s32|s64)">;
def : Form<CvtII, "cvt.sat.u32.(u64|s8|s16|s32|s64)">;
def : Form<CvtII, "cvt.sat.u64.(s8|s16|s32|s64)">;
def : Form<CvtII, "cvt.sat.s8.(u8|u16|u32|u64|s16|s32|s64)">;
def : Form<CvtII, "cvt.sat.s16.(u16|u32|u64|s32|s64)">;
def : Form<CvtII, "cvt.sat.s32.(u32|u64|s64)">;
def : Form<CvtII, "cvt.sat.s64.u64">;
def CvtFI : Inst<Convert, CountConvert,
    !strconcat("cvt.", Integral, "[.ftz][.sat].", AnyInt, ".f32"), "=x x1">;
def : Form<CvtFI, !strconcat("cvt.", Integral, "[.sat].", AnyInt, ".(f16|f64)")>;
def : Form<CvtFI, !strconcat("cvt.", Integral, ".", Ints, ".bf16")>;
def CvtIF : Inst<Convert, CountConvert, !strconcat("cvt", Round, "[.ftz][.sat].f32.", AnyInt),
    "=x x1">;
def : Form<CvtIF, !strconcat("cvt", Round, "[.sat].(f16|f64).", AnyInt)>;
def : Form<CvtIF, !strconcat("cvt", Round, ".bf16.", Ints)>;
def CvtFF : Inst<ConvertFloat, CountConvert, !strconcat("cvt[.", Integral, "][.ftz][.sat].f32.f32"),
    "=x x1">;
def : Form<CvtFF, !strconcat("cvt[.", Integral, "][.sat].f16.f16")>;
def : Form<CvtFF, !strconcat("cvt[.", Integral, "][.sat].f64.f64")>;
def : Form<CvtFF, !strconcat("cvt[.", Integral, "].bf16.bf16")>;
def : Form<CvtFF, !strconcat("cvt", Round, "[.sat].f16.f64")>;
def : Form<CvtFF, !strconcat("cvt", Round, "[.ftz][.sat].f32.f64")>;
def : Form<CvtFF, !strconcat("cvt", Round, "[.ftz][.sat].f16.f32")>;
def : Form<CvtFF, !strconcat("cvt", Round, "[.ftz].bf16.f32")>;
def : Form<CvtFF, !strconcat("cvt.(rn|rz)", ReluFinite, ".(f16|bf16).f32")>;
def : Form<CvtFF, !strconcat("cvt", Round, ".bf16.(f64|f16)")>;
def : Form<CvtFF, !strconcat("cvt", Round, ".f16.bf16")>;
def : Form<CvtFF, !strconcat("cvt", OptRound, ".f64.bf16")>;
def : Form<CvtFF, !strconcat("cvt", OptRound, "[.ftz].f32.bf16")>;
def : Form<CvtFF, "cvt[.ftz][.sat].f32.f16">;
def : Form<CvtFF, "cvt[.ftz][.sat].f64.f32">;
def : Form<CvtFF, "cvt[.sat].f64.f16">;
def CvtPackH : Inst<ConvertFloat, CountConvert,
    !strconcat("cvt.(rn|rz)", ReluFinite, ".(f16x2|bf16x2).f32"), "=t t1 t1">;
def CvtTf32 : Inst<ConvertFloat, CountConvert, "cvt.rna[.satfinite].tf32.f32", "=b32 f32">;
def : Form<CvtTf32, "cvt.(rn|rz)[.relu].tf32.f32">;
let doc = "of sm_100" in
def : Form<CvtTf32, "cvt.(rn|rz).(satfinite|satfinite.relu|relu.satfinite).tf32.f32">;
defvar Finite = ".(satfinite|satfinite.relu|relu.satfinite)";
def CvtToFp8 : Inst<ConvertFloat, CountConvert,
    !strconcat("cvt.rn", Finite, ".(e4m3x2|e5m2x2).f32"), "=b16 f32 f32">;
def CvtHToFp8 : Inst<ConvertFloat, CountConvert,
    !strconcat("cvt.rn", Finite, ".(e4m3x2|e5m2x2).f16x2"), "=b16 b32">;
def CvtFromFp8 : Inst<ConvertFloat, CountConvert,
    "cvt.rn[.relu].f16x2.(e4m3x2|e5m2x2)", "=b32 b16">;
def CvtPack16 : Inst<Convert, CountConvert, "cvt.pack.sat.(u16|s16).s32", "=b32 s32 s32">;
def CvtPack8 : Inst<Convert, CountConvert, "cvt.pack.sat.(u8|s8).s32.b32", "=b32 s32 s32 b32">;
foreach width = ["4", "2"] in
  foreach sign = ["u", "s"] in
    def CvtPack#!toupper(sign)#width : Inst<Convert, CountConvert,
        "cvt.pack.sat." # sign # width # ".s32.b32", "=b32 s32 s32 b32">;
defvar NarrowFloats = "(e2m1x2|e2m3x2|e3m2x2|ue8m0x2|e2m1x4|e2m3x4|e3m2x4|e4m3x4|e5m2x4)";
def CvtToNarrow : Rejected<!strconcat("cvt[.(rn|rz|rp|rs)][.relu][.satfinite][.relu].",
    NarrowFloats), "narrow floats of sm_100">;
def CvtFromNarrow : Rejected<!strconcat("cvt.rn[.relu].(f16x2|bf16x2).", NarrowFloats),
    "narrow floats of sm_100">;
def CvtStochastic : Rejected<"cvt.rs", "stochastic rounding of sm_100">;
}

//===- Prefetching and cache control -----------------------------------------===//
let section = CacheControl in {
def Prefetch : Hint<Misc, CountOtherMemory,
    "prefetch[.(global|local)].(L1|L2|L2::evict_last|L2::evict_normal)", "*">;
def Prefetchu : Hint<Misc, CountOtherMemory, "prefetchu.L1", "*">;
def ApplyPriority : Hint<Misc, CountOtherMemory, "applypriority[.global].L2::evict_normal", "*">;
def Discard : Inst<Misc, CountOtherMemory, "discard[.global].L2", "*">;
def CreatePolicyFraction : Hint<Misc, CountMove,
    !strconcat("createpolicy.fractional.",
        "(L2::evict_last|L2::evict_normal|L2::evict_first|L2::evict_unchanged)",
    "[.(L2::evict_first|L2::evict_unchanged)].b64"), "=t f32?">;
def CreatePolicyRange : Hint<Misc, CountMove,
    !strconcat("createpolicy.range[.global].",
        "(L2::evict_last|L2::evict_normal|L2::evict_first|L2::evict_unchanged)",
        "[.(L2::evict_first|L2::evict_unchanged)].b64"), "*">;
def CreatePolicyCvt : Hint<Misc, CountMove, "createpolicy.cvt.L2.b64", "=t t">;
}

//===- Asynchronous copies ---------------------------------------------------===//
defvar BulkReduce = "cp.reduce.async.bulk.global.shared::cta.bulk_group[.L2::cache_hint]";
let section = AsyncCopies, checks = Transfers in {
def CpAsync : Inst<AsyncCopy, CountOtherMemory,
    !strconcat("cp.async.(ca|cg).(shared|shared::cta).global", OptCacheHints), "*">;
def CpAsyncCommit : Inst<AsyncCopy, CountOtherMemory, "cp.async.commit_group", "">;
def CpAsyncWait : Inst<AsyncCopy, CountOtherMemory, "cp.async.wait_group", "imm">;
def CpAsyncWaitAll : Inst<AsyncCopy, CountOtherMemory, "cp.async.wait_all", "">;
def CpAsyncArrive : Inst<AsyncCopy, CountBarrier,
    "cp.async.mbarrier.arrive[.noinc][.(shared|shared::cta)].b64", "*">;
def BulkLoad : Inst<Bulk, CountOtherMemory,
    !strconcat("cp.async.bulk.(shared::cluster|shared::cta).global.mbarrier::complete_tx::bytes",
    "[.L2::cache_hint]"), "*">;
def BulkMulticast : Inst<Bulk, CountOtherMemory,
    !strconcat("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes",
    ".multicast::cluster[.L2::cache_hint]"), "*">;
def BulkMove : Inst<Bulk, CountOtherMemory,
    "cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes", "*">;
def BulkStore : Inst<Bulk, CountOtherMemory,
    "cp.async.bulk.global.shared::cta.bulk_group[.L2::cache_hint]", "*">;
def BulkReduceB : Inst<Bulk, CountOtherMemory, !strconcat(BulkReduce, ".(and|or|xor).(b32|b64)"),
    "*">;
def BulkReduceAdd : Inst<Bulk, CountOtherMemory, !strconcat(BulkReduce,
    ".add.(u32|s32|u64|f32|f64)"), "*">;
def BulkReduceAddH : Inst<Bulk, CountOtherMemory, !strconcat(BulkReduce, ".add.noftz.(f16|bf16)"),
    "*">;
def BulkReduceMinMax : Inst<Bulk, CountOtherMemory, !strconcat(BulkReduce,
    ".(min|max).(u32|s32|u64|s64|f16|bf16)"), "*">;
def BulkReduceIncDec : Inst<Bulk, CountOtherMemory, !strconcat(BulkReduce, ".(inc|dec).u32"), "*">;
defvar BulkMoveReduce = !strconcat("cp.reduce.async.bulk.shared::cluster.shared::cta",
    ".mbarrier::complete_tx::bytes");
def BulkMoveReduceB : Inst<Bulk, CountOtherMemory, !strconcat(BulkMoveReduce, ".(and|or|xor).b32"),
    "*">;
def BulkMoveReduceAdd : Inst<Bulk, CountOtherMemory, !strconcat(BulkMoveReduce,
    ".add.(u32|s32|u64)"), "*">;
def BulkMoveReduceMinMax : Inst<Bulk, CountOtherMemory, !strconcat(BulkMoveReduce,
    ".(min|max).(u32|s32)"), "*">;
def BulkMoveReduceIncDec : Inst<Bulk, CountOtherMemory, !strconcat(BulkMoveReduce,
    ".(inc|dec).u32"), "*">;
def BulkPrefetch : Hint<Bulk, CountOtherMemory,
    "cp.async.bulk.prefetch.L2.global[.L2::cache_hint]", "*">;
def BulkCommit : Inst<Bulk, CountOtherMemory, "cp.async.bulk.commit_group", "">;
def BulkWait : Inst<Bulk, CountOtherMemory, "cp.async.bulk.wait_group[.read]", "imm">;
}

//===- Tensor copies and tensor maps -----------------------------------------===//
defvar TensorTo = "cp.async.bulk.tensor.(1d|2d|3d|4d|5d)";
defvar TensorLoadTo = !strconcat(TensorTo, ".(shared::cluster|shared::cta).global");
defvar TensorReduceBy = !strconcat("cp.reduce.async.bulk.tensor.(1d|2d|3d|4d|5d)",
    ".global.shared::cta.(add|min|max|inc|dec|and|or|xor)");
defvar TensorPrefetchFrom = "cp.async.bulk.prefetch.tensor.(1d|2d|3d|4d|5d).L2.global";
defvar TensorMapSpace = "[.(global|shared::cta)].b1024";
let section = TensorMaps in {
let checks = Transfers in {
def TensorLoad : Inst<Tensor, CountOtherMemory, !strconcat(TensorLoadTo,
    "[.tile].mbarrier::complete_tx::bytes[.L2::cache_hint]"), "*">;
def TensorLoadMulticast : Inst<Tensor, CountOtherMemory, !strconcat(TensorTo,
    ".shared::cluster.global[.tile].mbarrier::complete_tx::bytes.multicast::cluster",
    "[.L2::cache_hint]"), "*">;
def TensorStore : Inst<Tensor, CountOtherMemory, !strconcat(TensorTo,
    ".global.shared::cta[.tile].bulk_group[.L2::cache_hint]"), "*">;
def TensorReduce : Inst<Tensor, CountOtherMemory, !strconcat(TensorReduceBy,
    "[.tile].bulk_group[.L2::cache_hint]"), "*">;
def TensorPrefetch : Hint<Tensor, CountOtherMemory, !strconcat(TensorPrefetchFrom,
    "[.tile][.L2::cache_hint]"), "*">;
def TensorMapPrefetch : Inst<Tensor, CountOtherMemory, "prefetch[.(param|const)].tensormap", "*">;
def TensorMapAddress : Inst<Tensor, CountOtherMemory,
    !strconcat("tensormap.replace.tile.global_address", TensorMapSpace, ".b64"), "*">;
def TensorMapRank : Inst<Tensor, CountOtherMemory,
    !strconcat("tensormap.replace.tile.rank", TensorMapSpace, ".b32"), "*">;
def TensorMapOrdinal : Inst<Tensor, CountOtherMemory,
    !strconcat("tensormap.replace.tile.(box_dim|global_dim|element_stride)", TensorMapSpace,
    ".b32"), "*">;
def TensorMapStride : Inst<Tensor, CountOtherMemory,
    !strconcat("tensormap.replace.tile.global_stride", TensorMapSpace, ".b64"), "*">;
def TensorMapMode : Inst<Tensor, CountOtherMemory,
    !strconcat("tensormap.replace.tile.(elemtype|interleave_layout|swizzle_mode|fill_mode)",
    TensorMapSpace, ".b32"), "*">;
def TensorMapCopyFence : Inst<Tensor, CountBarrier,
    !strconcat("tensormap.cp_fenceproxy.global.shared::cta.tensormap::generic.release",
    ".(cta|cluster|gpu|sys).sync.aligned"), "*">;
}
def TensorIm2col : Rejected<!strconcat(TensorLoadTo, ".(im2col|im2col::w|im2col::w::128)"),
    "im2col tensor maps">;
def TensorGather : Rejected<!strconcat(TensorLoadTo, ".tile::gather4"), "a mode of sm_100">;
def TensorStoreIm2col : Rejected<!strconcat(TensorTo, ".global.shared::cta.im2col_no_offs"),
    "im2col tensor maps">;
def TensorScatter : Rejected<!strconcat(TensorTo, ".global.shared::cta.tile::scatter4"),
    "a mode of sm_100">;
def TensorReduceIm2col : Rejected<!strconcat(TensorReduceBy, ".im2col_no_offs"),
    "im2col tensor maps">;
def TensorPrefetchIm2col : Rejected<!strconcat(TensorPrefetchFrom,
    ".(im2col|im2col::w|im2col::w::128)"), "im2col tensor maps">;
def TensorMapAtomicity : Rejected<"tensormap.replace.tile.swizzle_atomicity", "a field of sm_100">;
}
