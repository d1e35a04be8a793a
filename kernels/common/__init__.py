"""What the kernels' host functions share."""
