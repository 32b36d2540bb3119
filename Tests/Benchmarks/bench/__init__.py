"""The parts of the benchmark; `run` beside this directory puts them together."""
