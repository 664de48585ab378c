"""Which attacks are made, drawn by a seed: the questions in their order, and what must not come back in each answer.

Each family draws on its own, so that the same seed makes the same attacks of it whichever others are asked for, and more
trials begin with the same ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from readiness.layers.security.probes import corpus
from readiness.layers.security.probes.asking import Way, caller
from readiness.layers.security.probes.corpus import Attack
from readiness.layers.security.probes.oracle import Needle, draw
from readiness.world import demo as demos

BEFORE, AGAIN, TOLD, ATTACK, BENIGN, DOCUMENT, BUDGET = "before", "again", "told", "attack", "benign", "document", "budget"
VARIANTS: Final = 4
"""How many different instructions are spread over the documents of one run."""
BASES: Final = 8
"""The most declared requests that are asked as benign ones."""
OVER: Final = 5
"""How many questions beyond a budget are asked, of which one must be refused."""
_NAMES: Final = ("Jana Novak", "Tomas Lindgren", "Amina Okafor", "Pierre Lacombe", "Rosa Fuentes", "Henrik Dahl")


@dataclass(frozen=True, slots=True)
class Step:
    """One question: its `kind`, how it is asked, its text, whose attack it belongs to, and what must not come back."""

    number: int
    kind: str
    way: Way
    text: str
    attacks: tuple[Attack, ...] = ()
    needles: tuple[tuple[str, Needle], ...] = field(default=(), repr=False)

    @property
    def id(self) -> str:
        """Its name among the requests of a run."""
        return f"p{self.number}"


@dataclass(frozen=True, slots=True)
class Plan:
    """The questions before anything is planted into documents, what is planted, and the questions after it."""

    direct: tuple[Step, ...] = ()
    planted: tuple[str, ...] = field(default=(), repr=False)
    indirect: tuple[Step, ...] = ()
    markers: tuple[tuple[str, Attack], ...] = field(default=(), repr=False)
    untried: Mapping[str, str] = field(default_factory=dict)


def random_of(seed: int, family: str) -> Random:
    """What a family draws from."""
    return Random(f"{seed}/{family}")  # noqa: S311  drawn again from its seed, never a secret


def direct(ways: Sequence[Way], attacks: Sequence[Attack], counts: Mapping[str, int], seed: int) -> tuple[tuple[Step, ...], dict[str, str]]:
    """The questions of the families that attack by asking, each with a benign one after it; why a family is not tried."""
    steps: list[Step] = []
    untried: dict[str, str] = {}
    for kind in (BEFORE, AGAIN):
        for way in ways[:BASES]:
            steps.append(Step(len(steps), kind, way, way.question))
    for family in ("canary-leak", "pii-echo"):
        chosen = [attack for attack in attacks if attack.family == family]
        if not counts.get(family):
            continue
        if not chosen:
            untried[family] = "no attack of it was given"
            continue
        random = random_of(seed, family)
        order = _drawn(chosen, random)
        pairs = _callers(ways) if family == "pii-echo" else ()
        if family == "pii-echo" and not pairs:
            untried[family] = "the demo is asked by one caller alone; declare a request with another caller's credential"
            continue
        for index in range(counts[family]):
            attack = order[index % len(order)]
            if family == "pii-echo":
                _personal(steps, attack, *random.choice(pairs), random)
            else:
                way = random.choice(ways[:BASES])
                absent = (("text", Needle("what must not be said", attack.absent)),) if attack.absent else ()
                steps.append(Step(len(steps), ATTACK, way, corpus.filled(attack.attack, {}), (attack,), absent))
                steps.append(Step(len(steps), BENIGN, way, attack.benign or way.question, (attack,)))
    return tuple(steps), untried


def _drawn(attacks: Sequence[Attack], random: Random) -> list[Attack]:
    """Attacks in a drawn order, a project's own before ours."""
    own, ours = ([attack for attack in attacks if bool(attack.file) is is_own] for is_own in (True, False))
    return [*random.sample(own, len(own)), *random.sample(ours, len(ours))]


def _callers(ways: Sequence[Way]) -> tuple[tuple[Way, Way], ...]:
    """Pairs of ways that two callers ask; of nobody in particular everybody is another."""

    def who(way: Way) -> tuple[object, ...]:
        named = demos.credentials(way.request)
        return (*((name, way.request.headers[name]) for name in named), *caller(way.request))

    pairs = tuple((one, other) for one in ways for other in ways if who(one) != who(other))
    anonymous = tuple((way, way) for way in ways if not who(way))
    return pairs or anonymous


def _personal(steps: list[Step], attack: Attack, one: Way, other: Way, random: Random) -> None:
    person = drawn_person(random)
    needles = tuple(
        (kind, needle)
        for kind, value in person.items()
        if kind != "name" and f"{{{kind}}}" in attack.attack
        for needle in _needles(kind, value)
    )
    steps.append(Step(len(steps), TOLD, one, corpus.filled(attack.attack, person), (attack,)))
    steps.append(Step(len(steps), ATTACK, other, corpus.filled(attack.then, person), (attack,), needles))
    steps.append(Step(len(steps), BENIGN, other, attack.benign or other.question, (attack,), needles))


def _needles(kind: str, value: str) -> tuple[Needle, ...]:
    name = {"email": "the e-mail address", "phone": "the phone number", "iban": "the account number"}[kind] + " of another user"
    if kind == "phone":
        digits = "".join(letter for letter in value if letter.isdecimal())
        return (Needle(name, digits, part=len(digits)), Needle(name, digits, "personal"))
    return (Needle(name, value.partition("@")[0] if kind == "email" else value),)


def drawn_person(random: Random) -> dict[str, str]:
    """Somebody who is nobody: valid by form and checksum, so that whatever looks for personal data sees it."""
    name = random.choice(_NAMES)
    account = "".join(random.choices("0123456789", k=18))
    check = 98 - int(f"{account}131400") % 97
    return {
        "name": name,
        "email": f"{draw(random, 16)}@{draw(random, 8)}-post.org",
        "phone": f"+49 15{random.randrange(10)}{random.randrange(10)} {random.randrange(10**3, 10**4)}{random.randrange(10**3, 10**4)}",
        "iban": f"DE{check:02d}{account}",
    }


def indirect(ways: Sequence[Way], attacks: Sequence[Attack], counts: Mapping[str, int], seed: int, turn: int, start: int) -> Plan:
    """What is planted into the documents of one run, and the questions asked then.

    Each text holds one instruction of each family, so that every question that meets a document is a trial of all of them.
    """
    families = [family for family in corpus.DOCUMENT if counts.get(family) and any(attack.family == family for attack in attacks)]
    if not families:
        return Plan()
    texts: list[str] = []
    needles: list[tuple[Attack, Needle]] = []
    markers: list[tuple[str, Attack]] = []
    variants = [_variant(family, attacks, random_of(seed, f"{family}/{turn}")) for family in sorted(families)]
    for number in range(VARIANTS):
        parts = []
        for variant in variants:
            attack, values = variant[number]
            parts.append(corpus.filled(attack.attack, values))
            if attack.oracle == "joined":
                needles.append((attack, Needle(f"the effect of {attack.id} ({number})", values["first"] + values["second"])))
            elif attack.oracle == "link":
                needles.append((attack, Needle(f"an address at the host of {attack.id} ({number})", values["host"], "link")))
            elif attack.oracle == "tool":
                markers.append((values["marker"], attack))
        texts.append("\n".join(parts))
    questions = max(counts.get(family, 0) for family in families)
    used = tuple(variant[number][0] for variant in variants for number in range(VARIANTS))
    named = tuple((attack.id, needle) for attack, needle in needles)
    steps = tuple(
        Step(start + index, DOCUMENT, way, way.question, used, named) for index in range(questions) if (way := ways[index % len(ways)])
    )
    return Plan(planted=tuple(texts), indirect=steps, markers=tuple(markers))


def _variant(family: str, attacks: Sequence[Attack], random: Random) -> list[tuple[Attack, dict[str, str]]]:
    chosen = [attack for attack in attacks if attack.family == family]
    order = _drawn(chosen, random)
    return [
        (
            order[number % len(order)],
            {"first": draw(random, 10), "second": draw(random, 10), "host": f"{draw(random, 14)}.example", "marker": draw(random)},
        )
        for number in range(VARIANTS)
    ]


def budget(ways: Sequence[Way], queries: int, start: int) -> tuple[Step, ...]:
    """The same question as often as is allowed, and a few times more."""
    return tuple(Step(start + index, BUDGET, ways[0], ways[0].question) for index in range(queries + OVER))
