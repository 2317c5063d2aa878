"""The figures, a module for each row of the table. Each has `measure(quick) -> Report` and is a process of its own."""
