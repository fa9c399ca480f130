"""Django: an order, a command for the inbox and a user, each as a model with every column of its table."""
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


def money(**more):
    return models.DecimalField(max_digits=20, decimal_places=8, null=True, **more)


class Terms(models.Model):
    """What a client says of an order."""

    class Meta:
        abstract = True

    symbol = models.TextField()
    side = models.TextField()
    price = money()
    amount = money()
    order_type = models.TextField(null=True)
    time_in_force = models.TextField(null=True)
    post_only = models.BooleanField(null=True)
    stop_price = money()
    display_amount = money()
    quote_amount = money()
    self_trade_prevention = models.TextField(null=True)
    expires_at = models.DateTimeField(null=True)


class Order(Terms):
    class Meta:
        app_label = "orders"
        db_table = 'exchange"."orders'
        managed = False

    user_id = models.BigIntegerField()
    client_order_id = models.TextField(null=True)
    filled_amount = money()
    status = models.TextField(null=True)
    reserved = money(default=0)
    maker_rate = money(default=0)
    taker_rate = money(default=0)
    priority = models.BigIntegerField(default=0)
    accepted_sequence = models.BigIntegerField(null=True)
    cancel_reason = models.TextField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    accepted_status = models.TextField(db_default="open")
    visible_amount = money()
    triggered_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    traded_until = models.DateTimeField(null=True)


class Command(Terms):
    """The inbox is not for reading: the key of a command is the user's own id for it."""

    class Meta:
        app_label = "orders"
        db_table = 'exchange"."order_commands'
        managed = False

    pk = models.CompositePrimaryKey("user_id", "client_order_id")
    user_id = models.BigIntegerField()
    client_order_id = models.TextField()
    action = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)


class User(models.Model):
    class Meta:
        app_label = "orders"
        db_table = 'identity"."users'
        managed = False

    name = models.TextField()
    email = models.TextField(null=True)
    username = models.TextField(null=True)
    email_verified_at = models.DateTimeField(null=True)
    role = models.TextField(null=True)
    is_active = models.BooleanField(default=True)
    developer_name = models.TextField(null=True)
    developer_bio = models.TextField(null=True)
    developer_website = models.TextField(null=True)
    db_role = models.TextField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    last_login = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True)


terms = dict(user_id=user, symbol="ORM-USD", side="buy", price=10, amount=1)
order = Order.objects.create(**terms, client_order_id="django-1")
order.refresh_from_db()
print("order", order.status, order.filled_amount)
Command.objects.create(**terms, action="new", client_order_id="django-2")
made = User.objects.using("admin").create(name="django")
made.refresh_from_db()
print("user", made.role, made.is_active)
