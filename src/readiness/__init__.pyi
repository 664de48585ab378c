from readiness.sdk import Approval as Approval
from readiness.sdk import Entity as Entity
from readiness.sdk import Refused as Refused
from readiness.sdk import authorize as authorize
from readiness.sdk import decision as decision
from readiness.sdk import guarded as guarded
from readiness.sdk import setup as setup
from readiness.sdk import stopped as stopped

__version__: str
