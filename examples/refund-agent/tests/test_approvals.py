"""What waits is decided once, by whoever agrees last to nothing else."""

import pytest

from agent.approvals import Approvals, Waiting


class Pending:
    """A request that waits."""

    def __init__(self, request):
        self.request = request


def test_what_was_agreed_to_is_given_once():
    approvals = Approvals()
    approvals.wait(Waiting("c", "o-1", 500, "sha256:1"))
    assert approvals.agreed(Pending("sha256:1")) is None
    assert approvals.agree("o-1", "mara") == Waiting("c", "o-1", 500, "sha256:1")
    assert approvals.agreed(Pending("sha256:2")) is None
    given = approvals.agreed(Pending("sha256:1"))
    assert (given.approver, given.of) == ("mara", "sha256:1")
    assert given.id
    assert approvals.agreed(Pending("sha256:1")) is None


def test_nothing_waits_twice():
    approvals = Approvals()
    approvals.wait(Waiting("c", "o-1", 500, "sha256:1"))
    approvals.wait(Waiting("c", "o-1", 700, "sha256:2"))
    assert approvals.agree("o-1", "mara").amount_cents == 700
    with pytest.raises(KeyError):
        approvals.agree("o-1", "mara")
    assert "sha256" not in repr(Waiting("c", "o-1", 500, "sha256:1"))
