"""The commands of `tminus`, one module for each group; heavy imports happen inside the functions that need them."""
