"""Jiangcheng (江城): the open operating system of a city's environment."""

__version__ = "0.1.0"
