"""A SQLAlchemy pool: `healthy` uses it lightly, `forget` begins a transaction on each connection and leaves it open."""

import os
import sys
import threading
import time

import sqlalchemy

kind, url, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
engine = sqlalchemy.create_engine(url, pool_size=size, max_overflow=0)
kept = []


def say(word):
    print(word, flush=True)


def fill():
    """A pool opens what is needed at once: as many as it has, after the first rush."""
    connections = []
    for _ in range(size):
        connections.append(engine.connect())
    for connection in connections:
        connection.close()


def serve():
    while True:
        try:
            with engine.connect() as connection:
                connection.execute(sqlalchemy.text("SELECT COUNT(*) FROM orders")).all()
            say("worked")
        except sqlalchemy.exc.SQLAlchemyError as error:
            say("refused" if "too many" in str(error) or "remaining connection slots" in str(error) else "other")
        time.sleep(0.4)


def forget():
    while True:
        try:
            connection = engine.connect()
            # Begins a transaction, as SQLAlchemy always does.
            connection.execute(sqlalchemy.text("SELECT COUNT(*) FROM orders")).all()
            kept.append(connection)
            say("worked")
        except sqlalchemy.exc.SQLAlchemyError:
            say("refused")
        time.sleep(0.7)


if kind == "healthy":
    fill()
    for _ in range(2):
        threading.Thread(target=serve).start()
else:
    forget()
