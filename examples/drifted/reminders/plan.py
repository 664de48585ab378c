"""When a customer is reminded."""

from datetime import datetime, timedelta

from apscheduler.triggers.interval import IntervalTrigger


def reminders(first: datetime, days: int, count: int) -> list[datetime]:
    """The next `count` reminders, `days` apart."""
    trigger = IntervalTrigger(days=days, start_date=first, timezone="UTC")
    found: list[datetime] = []
    moment = first
    while len(found) < count:
        moment = trigger.get_next_fire_time(found[-1] if found else None, moment + timedelta(seconds=1))
        found.append(moment)
    return found
