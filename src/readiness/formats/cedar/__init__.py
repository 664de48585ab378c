"""Cedar: policies and their schema, read with the place of everything that is wrong.

`policies.read` and `schema.read` take files as bytes; `validation.validate` holds the ones against the other. The engine
is loaded when the first of them is called.
"""

from readiness.formats.cedar.faults import Fault
from readiness.formats.cedar.notation import Action, Attribute, Declared, EntityType, Type
from readiness.formats.cedar.policies import Clause, Policy, Read
from readiness.formats.cedar.schema import ReadSchema

__all__ = ["Action", "Attribute", "Clause", "Declared", "EntityType", "Fault", "Policy", "Read", "ReadSchema", "Type"]
