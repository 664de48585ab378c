"""An attribution as text, as JSON and as a picture."""

from __future__ import annotations

import json
from typing import Any

from readiness.formats.waterfall import Step, Waterfall, number, signed
from readiness.layers.infrastructure.attributed import Attribution, Part, Word
from readiness.layers.infrastructure.attribution import Estimate
from readiness.layers.infrastructure.bisecting import Stretch
from readiness.runs.attribute import Plan, Report
from readiness.runs.attribute_commits import Brought
from readiness.runs.attribute_inside import Inside
from readiness.runs.attribute_path import Commit
from readiness.sequence.wording import counted

COLUMNS = ("factor", "effect", "95 % interval", "share", "in words")


def plan(found: Plan) -> str:
    """What would be run, written, and about how long it takes."""
    factors = ", ".join(f"{name} ({_files(count)})" for name, count in found.factors.items())
    lines = [
        f"readiness attribute --plan · {found.metric} · {found.id}",
        f"  A            {found.a}",
        f"  B            {found.b}",
        f"  differ       {factors}",
        f"  same         {', '.join(found.same) or 'nothing'}: no run is spent on these",
        f"  runs         {found.screening} to screen, then what the live factors need, at most {found.at_most} in all",
    ]
    if found.inside_at_most:
        lines.append(f"               and at most {found.inside_at_most} more inside the factor that matters most, and along its commits")
        lines.append(f"  commits      {_commits_planned(found)}")
    if found.finished:
        lines.append(f"  finished     {found.finished} runs, which are gone on with")
    lines.append(f"  time         {_time(found)}")
    lines += [f"  would write  {path}" for path in found.writes]
    lines += [f"  note         {note}" for note in found.notes]
    return "\n".join(lines)


def _commits_planned(found: Plan) -> str:
    if found.no_commits:
        return f"none are run: {found.no_commits}"
    return f"between A and B that change {', '.join(f'{name}: {count}' for name, count in found.commits.items())}"


def _files(count: int) -> str:
    return counted(count, "file") if count else "set up differently"


def _time(found: Plan) -> str:
    if found.seconds is None:
        return "unknown until the first run"
    left = max(0, found.screening - found.finished), max(0, found.at_most - found.finished)
    each = f"{found.seconds:.1f} s a run, as measured"
    return f"{each}: {left[0] * found.seconds:.0f} s to screen, at most {left[1] * found.seconds:.0f} s, without installing"


def text(found: Report) -> str:
    """The whole answer for a reader."""
    said = found.attribution
    lines = [
        f"readiness attribute · {found.metric} · {found.demo}",
        f"  A  {found.a}   mean {number(said.before)}",
        f"  B  {found.b}   mean {number(said.before + said.total.mean)}",
        f"  B - A  {signed(said.total.mean)}{_range(said.total)}, {_seeds(said)}",
        "",
        *_table([COLUMNS, *rows(found)]),
        "",
    ]
    if said.interactions:
        lines += [_interaction(item.names, item.estimate, item.sure) for item in said.interactions if item.sure]
    if said.beyond is not None and said.beyond.sure:
        lines.append(f"  together  {signed(said.beyond.mean)}{_range(said.beyond)} beyond what each does one at a time")
    lines += [_chance_line(said)] if said.seeded else []
    lines += [f"  ran apart  no: {', '.join(item.cell)} from B (SEED={item.seed}): {item.reason}" for item in said.unrunnable]
    if found.inside is not None:
        executed = found.commits is not None and bool(found.commits.carrying)
        lines += _inside(found.inside, () if executed else found.inside.commits)
    if found.commits is not None:
        lines += _brought(found.commits)
    lines += [f"  note  {note}" for note in (*found.notes, *_own_notes(said))]
    lines.append(_spent(found))
    return "\n".join(lines)


def rows(found: Report) -> list[tuple[str, ...]]:
    """A row for each factor, those whose files are the same last, and one for chance."""
    said = found.attribution
    told: list[tuple[str, ...]] = [
        (part.name, signed(part.estimate.mean) if part.word is not Word.INERT else "0", _interval(part.estimate),
         f"{part.share:.0%}" if part.share is not None and part.word is not Word.INERT else "", words(part))
        for part in said.parts
    ]  # fmt: skip
    told += [(name, "0", "", "", "inert: the same files on both sides") for name in found.same]
    if said.seeded:
        told.append(("chance", signed(said.chance.mean), _interval(said.chance), "", "what seeds explain of the one run with SEED=0"))
    return told


def words(part: Part) -> str:
    """A part in words."""
    if part.word is Word.INERT:
        return "inert: swapping it changes no bit"
    shown = part.word.value if len(part.names) == 1 else f"{part.word.value}; cannot be separated: they run only together"
    extra = [f"interaction with {', '.join(part.interacts)}"] if part.interacts else []
    return "; ".join([shown, *extra, *([part.note] if part.note else [])])


def _interval(estimate: Estimate) -> str:
    return f"{signed(estimate.low)} to {signed(estimate.high)}" if estimate.low != estimate.high else ""


def _range(estimate: Estimate) -> str:
    return f" ({_interval(estimate)})" if estimate.low != estimate.high else ""


def _seeds(said: Attribution) -> str:
    if not said.seeded:
        return "the same with every seed"
    return f"{said.seeds} {'seeds' if said.paired else 'runs each: the same seed twice gives different results, so intervals are unpaired'}"


def _table(lines: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in lines) for column in range(len(COLUMNS))]
    return ["  " + "  ".join(_cell(cell, widths[i], i) for i, cell in enumerate(row)).rstrip() for row in lines]


def _cell(text: str, width: int, column: int) -> str:
    return text.rjust(width) if column in (1, 3) else text.ljust(width)


def _interaction(names: tuple[str, str], estimate: Estimate, sure: bool) -> str:
    return f"  {names[0]} and {names[1]} together  {signed(estimate.mean)}{_range(estimate)} more than alone"


def _chance_line(said: Attribution) -> str:
    share = f"; {said.wrong_sign:.0%} of single runs would show the other sign or none" if said.total.sure and said.wrong_sign else ""
    return f"  one run of each with SEED=0 showed {signed(said.observed)}, of which {signed(said.chance.mean)} is chance{share}"


def _inside(found: Inside, commits: tuple[str, ...]) -> list[str]:
    if found.note:
        return [f"  inside {found.factor}  {found.note}"]
    least = "" if found.whole else "; the runs ended before it was known that less would not do"
    lines = [
        f"  inside {found.factor}  {', '.join(found.units)}",
        f"    {len(found.units)} of {found.candidates} {'units' if found.candidates != 1 else 'unit'}: {signed(found.effect)} of "
        f"{signed(found.factor_effect)} ({found.share:.0%}), {counted(found.seeds, 'seed')}, {counted(found.runs, 'run')}{least}",
    ]
    return [*lines, *(f"    touched by commit {commit}" for commit in commits)]


def _brought(found: Brought) -> list[str]:
    if found.note:
        return [f"  commits of {found.factor}  {found.note}"]
    way = "from A back to B" if found.backwards else "from A to B"
    lines = [
        f"  commits of {found.factor}  {counted(len(found.commits), 'commit')} {way}: "
        f"{signed(found.effect)}, {counted(found.seeds, 'seed')}, {counted(found.runs, 'run')}",
    ]
    lines += [f"    {stretch(found, item)}" for item in (*found.carrying, *found.against)]
    if not found.whole:
        lines.append(f"    no single commits were found that bring what was asked for: these bring {found.share:.2f} of it")
    return [*lines, *(f"    commit {item.commit.short} was skipped: {item.reason}" for item in found.skipped)]


def stretch(found: Brought, item: Stretch) -> str:
    """One commit, or the range that was not narrowed, and how much of the effect it explains."""
    commits = found.of(item)
    does = f"explains {item.share:.2f} of it" if item.share > 0 else f"works against it by {-item.share:.2f}"
    without = "without " if found.backwards else ""
    if len(commits) == 1:
        return f"{without}commit {_who(commits[0])} {does} ({signed(item.effect.mean)}){_merges(commits[0])}"
    why = f": {item.why}" if item.why else ""
    return f"{without}one or more of {commits[0].short}..{commits[-1].short} ({counted(len(commits), 'commit')}) {does}{why}"


def _who(commit: Commit) -> str:
    return f'{commit.short} "{commit.subject}" ({commit.author}, {commit.date})'


def _merges(commit: Commit) -> str:
    return f"; it merges {counted(commit.brings, 'commit')}, which are not told apart" if commit.brings else ""


def _own_notes(said: Attribution) -> list[str]:
    notes = []
    if not said.seeded:
        notes.append("the seed changes nothing, in A or in B: one run of each cell is enough, and there is no chance in it")
    if said.paired and not said.bitwise:
        notes.append("outputs differ from one run to the next even with the same seed: inert means that the metric stays the same")
    if not said.exact:
        notes.append("combinations were sampled by permutations, since all of them are too many; interactions are not told")
    if not said.decided:
        notes.append("not every factor was settled: more seeds would narrow the intervals (--max-runs N)")
    return notes


def _spent(found: Report) -> str:
    said = found.attribution
    more = f", {found.inside.runs} inside" if found.inside is not None else ""
    more += f", {found.commits.runs} along commits" if found.commits is not None and found.commits.runs else ""
    again = f"; {found.resumed} were there from earlier" if found.resumed else ""
    looks = f"; looked after {', '.join(map(str, said.looks))} seeds at most" if said.seeded and said.looks else ""
    return f"  {said.runs} runs{more} (all combinations with as many seeds: {said.full}){looks}{again} · {found.id}"


def to_json(found: Report) -> str:
    """The answer for programs."""
    said = found.attribution
    content = {
        "schema": "readiness/attribute/1", "id": found.id, "a": found.a, "b": found.b, "metric": found.metric, "demo": found.demo,
        "as_of": f"{found.made_at:%Y-%m-%dT%H:%M:%SZ}", "min_effect": found.min_effect, "confidence": 0.95,
        "before": said.before, "difference": _estimate(said.total), "observed": said.observed, "chance": _estimate(said.chance),
        "wrong_sign": said.wrong_sign, "beyond_one_at_a_time": _estimate(said.beyond) if said.beyond else None,
        "factors": [
            {"names": list(part.names), "word": part.word.value, **_estimate(part.estimate), "share": part.share,
             "interacts": list(part.interacts), "note": part.note, "files": sum(found.files.get(name, 0) for name in part.names)}
            for part in said.parts
        ],
        "same": list(found.same),
        "interactions": [{"names": list(item.names), **_estimate(item.estimate), "sure": item.sure} for item in said.interactions],
        "unrunnable": [{"from_b": list(item.cell), "seed": item.seed, "reason": item.reason} for item in said.unrunnable],
        "seeds": said.seeds, "looks": list(said.looks), "decided": said.decided, "paired": said.paired, "seeded": said.seeded,
        "exact": said.exact, "outputs_repeat": said.bitwise, "runs": said.runs, "full_factorial_runs": said.full,
        "resumed_runs": found.resumed,
        "inside": _inside_json(found.inside), "commits": _brought_json(found.commits), "notes": [*found.notes, *_own_notes(said)],
    }  # fmt: skip
    return json.dumps(content, indent=2, ensure_ascii=False)


def _estimate(found: Estimate) -> dict[str, Any]:
    return {"mean": found.mean, "low": found.low, "high": found.high, "sd": found.sd, "n": found.n}


def _inside_json(found: Inside | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "factor": found.factor, "units": list(found.units), "candidates": found.candidates, "effect": found.effect,
        "factor_effect": found.factor_effect, "share": found.share, "seeds": found.seeds, "runs": found.runs, "minimal": found.whole,
        "commits": list(found.commits), "note": found.note,
    }  # fmt: skip


def _brought_json(found: Brought | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "factor": found.factor, "commits": [_commit_json(commit) for commit in found.commits], "backwards": found.backwards,
        "carrying": [_stretch_json(found, item) for item in found.carrying],
        "against": [_stretch_json(found, item) for item in found.against],
        "factor_effect": found.effect, "share": found.share, "whole": found.whole,
        "skipped": [{"commit": item.commit.id, "reason": item.reason} for item in found.skipped],
        "seeds": found.seeds, "runs": found.runs, "note": found.note,
    }  # fmt: skip


def _commit_json(commit: Commit) -> dict[str, Any]:
    merges = commit.brings if commit.brings or not commit.merged else None  # of those that are named it is counted
    return {"id": commit.id, "subject": commit.subject, "author": commit.author, "date": commit.date, "merges": merges}


def _stretch_json(found: Brought, item: Stretch) -> dict[str, Any]:
    names = [commit.id for commit in found.of(item)]
    return {"commits": names, **_estimate(item.effect), "share": item.share, "why": item.why.value if item.why else ""}


def waterfall(found: Report) -> Waterfall:
    """The picture of the answer."""
    said = found.attribution
    live = [part for part in said.parts if part.word is not Word.INERT]
    inert = [part.name for part in said.parts if part.word is Word.INERT] + list(found.same)
    steps = tuple(
        Step(part.name, part.estimate.mean, part.estimate.low, part.estimate.high, _shown(part), part.word is not Word.EFFECT)
        for part in live
    )
    chance = (
        Step("chance (SEED=0)", said.chance.mean, said.chance.low, said.chance.high, "of one single run", True) if said.seeded else None
    )
    below = [f"inert: {', '.join(inert)}"] if inert else []
    if found.inside is not None and found.inside.units:
        below.append(f"inside {found.inside.factor}: {', '.join(found.inside.units[:3])} ({found.inside.share:.0%} of its effect)")
    if found.commits is not None and found.commits.carrying:
        below.append(stretch(found.commits, found.commits.carrying[0]))
    below.append(f"means over {counted(said.seeds, 'seed')}; whiskers: 95 % intervals, valid however often one looks")
    return Waterfall(
        f"What changed {found.metric}", f"{found.a}  →  {found.b}", found.metric, said.before, "mean", steps,
        said.before + said.total.mean, "mean", chance, tuple(below),
    )  # fmt: skip


def _shown(part: Part) -> str:
    extra = f", with {', '.join(part.interacts)}" if part.interacts else ""
    return f"{'' if part.word is Word.EFFECT else part.word.value}{extra}".strip(", ")
