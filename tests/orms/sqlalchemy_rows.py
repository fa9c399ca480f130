"""SQLAlchemy: a trader's schedule and an admin's holiday, each created, read, changed and deleted by its id."""
import os

from sqlalchemy import BigInteger, Boolean, Date, DateTime, Integer, Interval, SmallInteger, Text, create_engine, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column

user = int(os.environ["ORM_USER_ID"])


def engine(login):
    return create_engine("postgresql+psycopg://", connect_args={"user": login})


class Declared(DeclarativeBase):
    pass


class Schedule(Declared):
    """A column that is not given is sent as NULL, the id is left out."""

    __tablename__ = "my_schedules"
    __table_args__ = {"schema": "jobs"}
    id = mapped_column(BigInteger, primary_key=True)
    user_id = mapped_column(BigInteger)
    name = mapped_column(Text)
    job_type = mapped_column(Text)
    target = mapped_column(Text)
    task_params = mapped_column(JSONB(none_as_null=True))
    cron = mapped_column(Text)
    enabled = mapped_column(Boolean)
    next_run_at = mapped_column(DateTime(timezone=True))
    created_at = mapped_column(DateTime(timezone=True))
    updated_at = mapped_column(DateTime(timezone=True))
    timezone = mapped_column(Text)
    misfire = mapped_column(Text)
    grace = mapped_column(Interval)
    max_catch_up = mapped_column(Integer)
    overlap = mapped_column(Text)
    max_attempts = mapped_column(Integer)
    timeout = mapped_column(Interval)
    priority = mapped_column(SmallInteger)
    calendar = mapped_column(Text)
    keep_only_failures = mapped_column(Boolean)
    problem = mapped_column(Text)
    problem_at = mapped_column(DateTime(timezone=True))


class Holiday(Declared):
    __tablename__ = "market_holidays"
    __table_args__ = {"schema": "calendar"}
    id = mapped_column(BigInteger, primary_key=True)
    template_id = mapped_column(BigInteger)
    date = mapped_column(Date)
    holiday_type = mapped_column(Text)
    description = mapped_column(Text)


def life(session, made, change):
    """Creates a row, reads it, changes it, deletes it; what it was after each of them."""
    session.add(made)
    session.commit()
    kind, id = type(made), made.id
    session.expunge_all()
    change(session.get(kind, id))
    session.commit()
    session.expunge_all()
    row = session.get(kind, id)
    session.delete(row)
    session.commit()
    assert session.get(kind, id) is None
    return row


with Session(engine(os.environ["ORM_TRADER"])) as session:
    schedule = Schedule(user_id=user, name="sqlalchemy", job_type="report", target="pnl", cron="@daily")
    changed = life(session, schedule, lambda row: setattr(row, "cron", "@hourly"))
    print("schedule", changed.cron, changed.next_run_at is not None, len(session.scalars(select(Schedule)).all()))
with Session(engine(os.environ["ORM_ADMIN"])) as session:
    holiday = Holiday(template_id=1, date="2029-12-24", holiday_type="full_day")
    changed = life(session, holiday, lambda row: setattr(row, "description", "by a mapper"))
    print("holiday", changed.holiday_type, changed.description)
