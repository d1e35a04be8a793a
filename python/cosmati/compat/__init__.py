"""Running kernels written for Triton as they are.

``import cosmati.compat.triton`` makes ``import triton`` and its submodules give Cosmati's objects;
``python -m cosmati.compat script.py`` does so for a whole program. Nothing happens before either
is asked for. See docs/compat.md.
"""
