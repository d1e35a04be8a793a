"""Measuring and comparing: ``do_bench``, ``perf_report``, ``assert_close`` and peaks of GPUs."""

from cosmati.testing.comparing import assert_close as assert_close
from cosmati.testing.evaluate import evaluate as evaluate
from cosmati.testing.nvidia import cuda_memcheck as cuda_memcheck
from cosmati.testing.nvidia import nvsmi as nvsmi
from cosmati.testing.nvidia import set_gpu_clock as set_gpu_clock
from cosmati.testing.peaks import get_dram_gbps as get_dram_gbps
from cosmati.testing.peaks import get_max_simd_tflops as get_max_simd_tflops
from cosmati.testing.peaks import get_max_tensorcore_tflops as get_max_tensorcore_tflops
from cosmati.testing.report import Benchmark as Benchmark
from cosmati.testing.report import Mark as Mark
from cosmati.testing.report import ReportTable as ReportTable
from cosmati.testing.report import perf_report as perf_report
from cosmati.testing.timing import do_bench as do_bench
from cosmati.testing.timing import do_bench_cudagraph as do_bench_cudagraph
from cosmati.testing.timing import do_bench_cudagraph_proton as do_bench_cudagraph_proton
from cosmati.testing.timing import do_bench_proton as do_bench_proton
