"""Fills a SQLite database of Crier with posts, as if somebody had worked with it for years."""

import datetime
import json
import os
import sqlite3
import time

WORDS = "the quick brown fox jumps over a lazy dog while seven wizards boxing make toxic brew for evil queens and jacks".split()
POSTS = 10_000
IN_MONTH = 300
# The month that is asked for.
MONTH = (datetime.datetime(2031, 5, 1, tzinfo=datetime.UTC), datetime.datetime(2031, 6, 1, tzinfo=datetime.UTC))


def uuid7(ms):
    """A UUIDv7 of a time, as the database keeps it."""
    random = bytearray(os.urandom(10))
    random[0] = 0x70 | random[0] & 0x0F
    random[2] = 0x80 | random[2] & 0x3F
    return ms.to_bytes(6, "big") + bytes(random)


def milliseconds(moment):
    return int(moment.timestamp() * 1000)


def times(in_month, posts):
    """When the posts are due: so many of them within MONTH, the others over the years around it."""
    first, end = map(milliseconds, MONTH)
    step = (end - first) // in_month
    yield from (first + i * step for i in range(in_month))
    day = 24 * 3600 * 1000
    # Not so many before it that they would be due by now.
    half = min((posts - in_month) // 2, 5_000)
    yield from (first - day - i * day // 10 for i in range(half))
    yield from (end + day + i * day // 10 for i in range(posts - in_month - half))


def post(user, workspace, channels, number, due, made, now):
    """A post's row, and the rows of its publications and their due work."""
    text = " ".join(WORDS[(number * 7 + i) % len(WORDS)] for i in range(12 + number % 30))
    body = [{"type": "paragraph", "content": [{"type": "text", "text": text}]}]
    content = {"parts": [{"body": body, "media": [], "delay_minutes": 0}], "variants": {}}
    id = uuid7(made)
    ids = [format_uuid(channel) for channel in channels]
    row = (id, workspace, user, due, "Europe/Berlin", json.dumps(content), json.dumps(ids), text[:200], 0, False, 1, now, now)
    publications, work = [], []
    for channel in channels:
        publication = uuid7(made)
        publications.append((publication, workspace, id, channel, "webhook", 0, "scheduled", due, 0, 1, now, now))
        work.append((uuid7(now), workspace, "publish", format_uuid(publication), channel, due, 0, 0, "null", now))
    return row, publications, work


def format_uuid(value):
    text = value.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def fill(path, in_month=IN_MONTH, count=POSTS):
    """Fills the database at `path`, in which there must be one person with one workspace. Returns the workspace's id."""
    now = int(time.time() * 1000)
    connection = sqlite3.connect(path)
    with connection:
        user, workspace = connection.execute("SELECT user_id, workspace_id FROM member").fetchone()
        channels = [uuid7(now), uuid7(now + 1)]
        for number, channel in enumerate(channels):
            connection.execute(
                "INSERT INTO channel (id, workspace_id, network, way, instance, remote_id, name, handle, state, scopes, credentials, "
                "credentials_version, renews, settings, created_at, updated_at) VALUES (?, ?, 'webhook', 'form', '', ?, ?, ?, 'active', '[]', '', 1, 0, '{}', ?, ?)",
                (channel, workspace, f"bench-{number}", f"Bench {number}", f"bench-{number}", now, now))
        posts, publications, work = [], [], []
        for number, due in enumerate(times(in_month, count)):
            row, of_post, due_work = post(user, workspace, channels, number, due, now - count + number, now)
            posts.append(row)
            publications.extend(of_post)
            work.extend(due_work)
        connection.executemany(
            "INSERT INTO post (id, workspace_id, created_by, due_at, time_zone, content, channels, excerpt, media_count, is_draft, version, "
            "created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", posts)
        connection.executemany(
            "INSERT INTO publication (id, workspace_id, post_id, channel_id, network, occurrence, state, due_at, tries, version, created_at, "
            "updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", publications)
        connection.executemany(
            "INSERT INTO due_work (id, workspace_id, kind, subject, lane, due_at, fence, tries, payload, created_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", work)
        # Of each lane, the first row is the one that is ready.
        connection.execute(
            "UPDATE due_work SET ready_at = due_at WHERE id IN (SELECT (SELECT w.id FROM due_work w WHERE w.lane = l.lane "
            "ORDER BY w.due_at, w.id LIMIT 1) FROM (SELECT DISTINCT lane FROM due_work WHERE lane IS NOT NULL) l)")
        connection.execute("ANALYZE")
    connection.close()
    return format_uuid(workspace)
