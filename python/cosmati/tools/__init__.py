"""Tools around compiled kernels: compiling ahead of time, disassembling."""
