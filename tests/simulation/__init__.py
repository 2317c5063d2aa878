"""Several workers in one process, on a simulated log, clock and network, driven by one seed: see `simulation`."""
