"""`probe`: attacks the recreated demo by a seed, and tells what came through, at which rate, and where it is written down."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from readiness.config import manifest as manifests
from readiness.config.manifest import Manifest
from readiness.errors import CannotJudge, UsageError
from readiness.formats import canonical
from readiness.layers.infrastructure import procedure
from readiness.layers.infrastructure.cassettes.answering import answering
from readiness.layers.security.probes import corpus, probing, taxonomy, transcripts, trials
from readiness.layers.security.probes.asking import ANSWERED, REFUSED
from readiness.layers.security.probes.corpus import Attack
from readiness.layers.security.probes.probing import Asked, NoTarget, Probed, Target
from readiness.layers.security.probes.reading import Rate
from readiness.sequence.finding import Cause
from readiness.sequence.stakes import PROBES_ASKED
from readiness.world import project as projects
from readiness.world.context import Context
from readiness.world.demo import DemoSession
from readiness.world.project import Project
from readiness.world.session import Progress, Session, silent

BUDGET: Final = "query-budget"


@dataclass(frozen=True, slots=True)
class Wish:
    """How `probe` was asked: which families (all without any), trials of each (as the stakes ask without), seed, more attacks."""

    families: tuple[str, ...] = ()
    trials: int | None = None
    seed: int = 0
    corpus: Path | None = None


@dataclass(frozen=True, slots=True)
class Attacked:
    """What came of it; `kept` is the transcript of each hit, relative to the project."""

    project: Project
    wish: Wish
    probed: Probed
    kept: tuple[str, ...]
    as_of: datetime

    @property
    def refuses_all(self) -> bool:
        """Whether every declared request is refused, attacked or not."""
        kinds = set(self.probed.before.values())
        return REFUSED in kinds and ANSWERED not in kinds

    @property
    def exit_code(self) -> int:
        """1 for a hit or refused benign questions, 3 where it cannot be told or nothing was tried, else 0."""
        probed = self.probed
        if probed.hits or probed.refused or (self.refuses_all and not probed.trouble):
            return 1
        return 3 if probed.trouble or not any(rate.trials for rate in probed.rates) else 0


@dataclass(frozen=True, slots=True)
class Planned:
    """What would be asked: of whom and how, which attacks, how many trials of each family, and where things are planted."""

    name: str
    ways: tuple[tuple[str, str, str], ...]
    attacks: tuple[Attack, ...]
    counts: dict[str, int]
    questions: int
    secrets: tuple[str, ...]
    queries: int


def probe(root: Path, wish: Wish, progress: Progress = silent, now: datetime | None = None) -> Attacked:
    """Attacks the demo of a project. Raises UsageError where there is none, CannotJudge where it cannot be installed."""
    manifest = manifests.load(root)
    project = projects.load(root, manifest.project_id)
    moment = now or datetime.now(UTC)
    attacks = _attacks(project, manifest, wish)
    with closing(Session(project, procedure.discover(project, manifest), progress)) as session:
        demo = DemoSession(project, manifest, session, answering(project, manifest, moment))
        context = Context(project, manifest, session, demo, moment)
        aimed = _target(context)
        if session.blocked is not Cause.NONE:
            raise CannotJudge(session.why_blocked, "readiness check")
        found = probing.probe(context, aimed, _asked(manifest, attacks, wish))
    kept = transcripts.keep(project.home, found.hits, wish.seed)
    return Attacked(project, wish, found, kept, moment)


def plan(root: Path, wish: Wish) -> Planned:
    """What `probe` would do; nothing is run. Raises UsageError where there is nothing to attack."""
    manifest = manifests.load(root)
    project = projects.load(root, manifest.project_id)
    attacks = _attacks(project, manifest, wish)
    with closing(Session(project, procedure.discover(project, manifest))) as session:
        context = Context(project, manifest, session, DemoSession(project, manifest, session), datetime.now(UTC))
        aimed = _target(context)
    asked = _asked(manifest, attacks, wish)
    first = {name: min(count, probing.IN_A_RUN) for name, count in asked.counts.items()}
    steps, _ = trials.direct(aimed.ways, attacks, first, wish.seed)
    then = trials.indirect(aimed.ways, attacks, first, wish.seed, 0, len(steps))
    ways = tuple((f"{way.request.method} {way.request.path.partition('?')[0]}", way.at, way.question) for way in aimed.ways)
    secrets = (*aimed.demo.secrets, f"the variable {probing.VARIABLE}", "the prompts")
    return Planned(aimed.name, ways, attacks, dict(asked.counts), len(steps) + len(then.indirect), secrets, asked.queries)


def _target(context: Context) -> Target:
    try:
        return probing.target(context)
    except NoTarget as error:
        raise UsageError(str(error), "docs/how-to/probe.md shows how a demo is attacked") from None


def _attacks(project: Project, manifest: Manifest, wish: Wish) -> tuple[Attack, ...]:
    """Ours, those of the project, and those of the folder named, of the families asked for."""
    folder = manifest.security.probe.attacks
    found = [*corpus.ours()]
    for place, shown in ((project.root / folder, folder), (wish.corpus, "")):
        if shown or (place is not None and place == wish.corpus):
            assert place is not None, "a folder that is named"
            found += corpus.read(place, shown)
    return corpus.of_families(found, wish.families)


def _asked(manifest: Manifest, attacks: Sequence[Attack], wish: Wish) -> Asked:
    counts = probing.default_counts(*PROBES_ASKED[manifest.stakes])
    if wish.trials is not None:
        counts = dict.fromkeys(counts, wish.trials)
    if wish.families:
        counts = {name: count for name, count in counts.items() if name in wish.families}
    queries = manifest.security.probe.queries if not wish.families or BUDGET in wish.families else 0
    return Asked(counts, tuple(attacks), wish.seed, queries)


def below(rate: Rate) -> str:
    """What a family's rate is, in half a sentence with its exact interval at 95 %."""
    low, high = rate.interval
    if not rate.hits:
        return f"the rate is below {100 * high:.2g} % at 95 %"
    return f"the rate is {100 * low:.2g} to {100 * high:.2g} % at 95 %"


def to_json(attacked: Attacked) -> dict[str, Any]:
    """The whole result as JSON."""
    probed, known = attacked.probed, taxonomy.load()
    return {
        "schema": "readiness/probe/1",
        "project": {"id": attacked.project.id, "commit": attacked.project.commit, "tree": attacked.project.tree},
        "as_of": canonical.moment(attacked.as_of),
        "demo": probed.name,
        "seed": attacked.wish.seed,
        "exit": attacked.exit_code,
        "trouble": probed.trouble,
        "questions": probed.asked,
        "planted": {"documents": probed.planted, "secrets": list(probed.secrets)},
        "families": [
            {
                "family": rate.family,
                "owasp": list(known.families[rate.family].owasp),
                "atlas": list(known.families[rate.family].atlas),
                "trials": rate.trials,
                "hits": rate.hits,
                "rate": {"lower": rate.interval[0], "upper": rate.interval[1], "confidence": 0.95},
                "not_exercised": rate.untried,
            }
            for rate in probed.rates
        ],
        "hits": [
            {"family": hit.family, "attack": hit.attack, "came_back": hit.what, "encoded": hit.how, "transcript": path}
            for hit, path in zip(probed.hits, attacked.kept, strict=True)
        ],
        "benign": {
            "refuses_all": attacked.refuses_all,
            "refused": [asdict(item) for item in probed.refused],
        },
        "taxonomy": {"sources": known.sources, "read_on": known.read_on.isoformat()},
    }
