"""The pure core of tasksys: what the system means, without clocks, randomness or I/O."""
