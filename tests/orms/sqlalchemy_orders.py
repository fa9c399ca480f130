"""SQLAlchemy: an order, a command for the inbox and a user, each as a mapped object with every column of its table."""
import os

from sqlalchemy import BigInteger, Boolean, DateTime, Numeric, Text, create_engine
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column

user = int(os.environ["ORM_USER_ID"])


def engine(login):
    return create_engine("postgresql+psycopg://", connect_args={"user": login})


class Declared(DeclarativeBase):
    pass


class Order(Declared):
    """A column that is not given is sent as NULL, the id is left out."""

    __tablename__ = "orders"
    __table_args__ = {"schema": "exchange"}
    id = mapped_column(BigInteger, primary_key=True)
    user_id = mapped_column(BigInteger)
    symbol = mapped_column(Text)
    side = mapped_column(Text)
    price = mapped_column(Numeric(20, 8))
    amount = mapped_column(Numeric(20, 8))
    filled_amount = mapped_column(Numeric(20, 8))
    status = mapped_column(Text)
    order_type = mapped_column(Text)
    time_in_force = mapped_column(Text)
    post_only = mapped_column(Boolean)
    stop_price = mapped_column(Numeric(20, 8))
    display_amount = mapped_column(Numeric(20, 8))
    client_order_id = mapped_column(Text)
    self_trade_prevention = mapped_column(Text)
    expires_at = mapped_column(DateTime(timezone=True))
    reserved = mapped_column(Numeric(20, 8))
    maker_rate = mapped_column(Numeric(9, 8))
    taker_rate = mapped_column(Numeric(9, 8))
    priority = mapped_column(BigInteger)
    accepted_sequence = mapped_column(BigInteger)
    cancel_reason = mapped_column(Text)
    created_at = mapped_column(DateTime(timezone=True))
    updated_at = mapped_column(DateTime(timezone=True))
    quote_amount = mapped_column(Numeric(20, 8))
    accepted_status = mapped_column(Text)
    visible_amount = mapped_column(Numeric(20, 8))
    triggered_at = mapped_column(DateTime(timezone=True))
    ended_at = mapped_column(DateTime(timezone=True))
    traded_until = mapped_column(DateTime(timezone=True))


class Command(Declared):
    """The inbox is not for reading: the key of a command is the user's own id for it."""

    __tablename__ = "order_commands"
    __table_args__ = {"schema": "exchange"}
    user_id = mapped_column(BigInteger, primary_key=True)
    client_order_id = mapped_column(Text, primary_key=True)
    action = mapped_column(Text)
    symbol = mapped_column(Text)
    side = mapped_column(Text)
    price = mapped_column(Numeric)
    amount = mapped_column(Numeric)
    order_type = mapped_column(Text)
    time_in_force = mapped_column(Text)
    stop_price = mapped_column(Numeric)
    display_amount = mapped_column(Numeric)
    quote_amount = mapped_column(Numeric)
    post_only = mapped_column(Boolean)
    expires_at = mapped_column(DateTime(timezone=True))
    self_trade_prevention = mapped_column(Text)
    created_at = mapped_column(DateTime(timezone=True))


class User(Declared):
    __tablename__ = "users"
    __table_args__ = {"schema": "identity"}
    id = mapped_column(BigInteger, primary_key=True)
    name = mapped_column(Text)
    email = mapped_column(Text)
    username = mapped_column(Text)
    email_verified_at = mapped_column(DateTime(timezone=True))
    role = mapped_column(Text)
    is_active = mapped_column(Boolean)
    developer_name = mapped_column(Text)
    developer_bio = mapped_column(Text)
    developer_website = mapped_column(Text)
    db_role = mapped_column(Text)
    created_at = mapped_column(DateTime(timezone=True))
    updated_at = mapped_column(DateTime(timezone=True))
    last_login = mapped_column(DateTime(timezone=True))
    erased_at = mapped_column(DateTime(timezone=True))


terms = dict(user_id=user, symbol="ORM-USD", side="buy", price=10, amount=1)
with Session(engine(os.environ["ORM_TRADER"])) as session:
    order = Order(**terms, client_order_id="sqlalchemy-1")
    session.add(order)
    session.commit()  # and what is read after it is read anew
    print("order", order.status, order.filled_amount)
    session.add(Command(**terms, action="new", client_order_id="sqlalchemy-2"))
    session.commit()
with Session(engine(os.environ["ORM_ADMIN"])) as session:
    made = User(name="sqlalchemy")
    session.add(made)
    session.commit()
    print("user", made.role, made.is_active)
