"""Compiling, caching and launching kernels."""
