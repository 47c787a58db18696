"""The way of a machine: boots, phases, patience, convergence."""
