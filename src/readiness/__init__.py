"""readiness takes an AI project through the production readiness sequence, judged by execution."""

__version__ = "0.1.0"
