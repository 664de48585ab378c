"""A plan as text."""

from __future__ import annotations

from readiness.runs.plan import Line, Plan


def render(plan: Plan) -> str:
    """What would run, be written and be downloaded, and about how long it takes."""
    lines = [
        f"readiness check --plan · {plan.id}",
        f"  stakes       {plan.asked}",
        f"  interpreter  {plan.interpreter}; {plan.declared}",
        f"  set up by    {plan.source}",
    ]
    lines += [f"  would run    {command}" for command in plan.commands]
    if plan.demo:
        lines.append(f"  demo         {plan.demo}")
    lines += [f"  would write  {path}" for path in plan.writes]
    lines.append(f"  network      {plan.network if plan.commands else 'not used'}")
    lines += [_check(line) for line in plan.lines]
    lines.append(f"  {_total(plan)}")
    return "\n".join(lines)


def _check(line: Line) -> str:
    name = f"{line.spec.id:<38} {'' if line.required else '(advises) '}"
    if line.answered:
        return f"    {name}answered by evidence"
    took = f"about {max(line.seconds, 1):.0f} s, as last time" if line.seconds is not None else "not run here yet"
    return f"    {name}{took}"


def _total(plan: Plan) -> str:
    open_lines = [line for line in plan.lines if not line.answered]
    if not open_lines:
        return "nothing would be run"
    known = [line.seconds for line in open_lines if line.seconds is not None]
    if len(known) == len(open_lines):
        return f"about {max(sum(known), 1):.0f} s in all"
    return "a first run takes as long as installing the project two or three times, plus up to five demos; most take one to five minutes"
