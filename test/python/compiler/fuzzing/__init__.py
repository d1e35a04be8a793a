"""Random block programs, run by the compiler and by NumPy."""
