"""What really ran in a worker: kernels, shapes, allocator, OpenMP runtime, threads, CPUs."""
