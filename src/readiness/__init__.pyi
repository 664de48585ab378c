from readiness.sdk import decision as decision
from readiness.sdk import setup as setup
from readiness.sdk import stopped as stopped

__version__: str
