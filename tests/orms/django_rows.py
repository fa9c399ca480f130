"""Django: a trader's schedule and an admin's holiday, each created, read, changed and deleted by its id."""
import os

import django
from django.conf import settings

user = int(os.environ["ORM_USER_ID"])


def database(login):
    return {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ["PGDATABASE"], "USER": login,
            "HOST": os.environ["PGHOST"], "PORT": os.environ["PGPORT"]}


settings.configure(USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", INSTALLED_APPS=[],
                   DATABASES={"default": database(os.environ["ORM_TRADER"]), "admin": database(os.environ["ORM_ADMIN"])})
django.setup()

from django.db import models  # noqa: E402  (models need the settings)


class Schedule(models.Model):
    """What a program wants to know of a schedule, and no more."""

    class Meta:
        app_label = "rows"
        managed = False
        db_table = 'jobs"."my_schedules'

    user_id = models.BigIntegerField()
    name = models.TextField()
    job_type = models.TextField()
    target = models.TextField()
    task_params = models.JSONField(default=dict)
    cron = models.TextField()
    enabled = models.BooleanField(default=True)
    timezone = models.TextField(default="UTC")
    next_run_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)


class Holiday(models.Model):
    class Meta:
        app_label = "rows"
        managed = False
        db_table = 'calendar"."market_holidays'

    template_id = models.BigIntegerField()
    date = models.DateField()
    holiday_type = models.TextField(default="full_day")
    description = models.TextField(null=True)


def life(rows, change, **values):
    """Creates a row, reads it, changes it, deletes it; what it was after each of them."""
    id = rows.create(**values).pk
    row = rows.get(pk=id)
    change(row)
    row.save()
    row.refresh_from_db()
    deleted, _ = rows.get(pk=id).delete()
    assert deleted == 1 and not rows.filter(pk=id).exists()
    return row


changed = life(Schedule.objects, lambda row: setattr(row, "cron", "@hourly"),
               user_id=user, name="django", job_type="report", target="pnl", cron="@daily")
print("schedule", changed.cron, changed.next_run_at is not None, Schedule.objects.count())
changed = life(Holiday.objects.using("admin"), lambda row: setattr(row, "description", "by a mapper"),
               template_id=1, date="2029-12-24")
print("holiday", changed.holiday_type, changed.description)
