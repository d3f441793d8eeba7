#!/usr/bin/env python3
"""Recomputes what examples/log-analysis.ts --json must print, with Python's standard library and no code of the project:

    python3 test/examples/recount-log.py FILE [--year YYYY]

The lines come in an order that respects the stream; those that one step of the watermark releases may come in any order.
"""
import argparse
import calendar
import json
import math
import os
import re
import time

FAILED = re.compile(r"Failed password for (?:invalid user )?(.*) from (\S+) port ([0-9]{1,5}) ssh2", re.S)
ACCEPTED = re.compile(r"Accepted (?:password|publickey) for (.*?) from (\S+) port ([0-9]{1,5}) ssh2(?:: .*)?", re.S)
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
KINDS = {str: "a string", bool: "a boolean", int: "a number", float: "a number", list: "an array", dict: "an object"}
DAY = 86_400_000


class Malformed(Exception):
    pass


def reject_constant(name):
    raise ValueError(name)


def kind(value):
    return "not null" if value is None else "not an empty one" if value == "" else f"not {KINDS[type(value)]}"


def depth(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


def read_json(line):
    try:
        event = json.loads(line, parse_constant=reject_constant)
    except ValueError:
        raise Malformed("not valid JSON")
    except RecursionError:
        raise Malformed('"metadata" is nested deeper than 32 levels')
    for name in ["user_id", "session_id", "action", "ip_address", "user_agent"]:
        may_be_empty = name in ("ip_address", "user_agent")
        if not isinstance(event.get(name), str) or (event[name] == "" and not may_be_empty):
            found = kind(event[name]) if name in event else "and it is missing"
            raise Malformed(f'"{name}" must be a {"" if may_be_empty else "non-empty "}string, {found}')
    seconds = event.get("timestamp")
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        found = kind(seconds) if "timestamp" in event else "and it is missing"
        raise Malformed(f'"timestamp" must be a number of seconds, {found}')
    if abs(seconds) > 1.7976931348623157e308:
        raise Malformed('"timestamp" must be finite')
    if abs(seconds) > 253402300799:
        raise Malformed('"timestamp" lies beyond the year 9999: it must be in seconds, not in milliseconds')
    metadata = event.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        raise Malformed(f'"metadata" must be an object, {kind(metadata)}')
    if depth(metadata) > 32:
        raise Malformed('"metadata" is nested deeper than 32 levels')
    return math.floor(float(seconds) * 1000 + 0.5), event


def civil(year, month, day, hour, minute, second):
    if not 1 <= month <= 12:
        raise Malformed(f"month {month} does not exist")
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if not 1 <= day <= (29 if month == 2 and leap else [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]):
        raise Malformed(f"day {day} does not exist in month {month} of {year}")
    if hour > 23 or minute > 59 or second > 60:
        raise Malformed(f"time of day {hour:02}:{minute:02}:{second:02} does not exist")
    return calendar.timegm((year, month, day, hour, minute, second)) * 1000


class Years:
    """Finds the year of classic syslog times."""

    def __init__(self, year):
        self.year, self.newest = year, None

    def resolve(self, month, *rest):
        year = self.year
        if self.newest is not None:
            day, hour, minute, second = rest
            in_year = lambda y: (calendar.timegm((y, month, 1, hour, minute, second)) + (day - 1) * 86400) * 1000
            if self.newest - in_year(year) > 183 * DAY:
                year += 1
            elif month == 12 and self.newest - in_year(year - 1) <= DAY:
                year -= 1
        try:
            at = civil(year, month, *rest)
        except Malformed as fault:
            raise Malformed(f"{fault}: is that the year of the log?" if (month, rest[0]) == (2, 29) else str(fault))
        if self.newest is None or at > self.newest:
            self.year, self.newest = year, at
        return at


def read_time(line, years):
    """The time a syslog line starts with and what follows it, or None."""
    form = re.match(rf"({'|'.join(MONTHS)}) {{1,2}}(\d{{1,2}}) (\d\d):(\d\d):(\d\d)(?= |\Z)", line, re.A)
    if form:
        return years.resolve(MONTHS.index(form[1]) + 1, *map(int, form.groups()[1:])), line[form.end():]
    date = r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))(?= |\Z)"
    form = re.match(date, line, re.A)
    if not form:
        return None
    at = civil(*map(int, form.groups()[:6])) + int(((form[7] or "") + "000")[:3])
    if form[8] and (int(form[9]) > 23 or int(form[10]) > 59):
        raise Malformed(f"zone {form[8]}{form[9]}:{form[10]} does not exist")
    zone = (int(form[9]) * 60 + int(form[10])) * 60_000 if form[8] else 0
    return at + (zone if form[8] == "-" else -zone), line[form.end():]


def read_sshd(rest):
    """(failed?, user, address, count) of a login, or None."""
    tagged = re.fullmatch(r" +\S+ +(?:sshd|sshd-session)(?:\[[0-9]+\])?: ?(.*)", rest, re.S)
    if not tagged:
        return None
    message, count = tagged[1], "1"
    repeated = re.fullmatch(r"message repeated ([0-9]+) times: \[ ?(.*?) ?\]", message, re.S)
    if repeated:
        count, message = repeated[1], repeated[2]
    login = FAILED.fullmatch(message) or ACCEPTED.fullmatch(message)
    if not login:
        return None
    if not 1 <= int(count) <= 10_000:
        raise Malformed(f"a message repeated {count} times; 1 to 10000 can be")
    return message.startswith("Failed"), login[1], login[2], int(count)


class Job:
    def __init__(self):
        self.watermark = -math.inf
        self.failures, self.logins, self.sessions, self.suspicious = {}, {}, {}, {}
        self.actions = {}  # (last ms of a minute, user) -> action -> count

    def emit(self, output):
        print(json.dumps(output))

    def fail(self, key, at, count, output):
        """Whether it raised an alert."""
        counting, alerted = [t for t in self.failures.get(key, []) if at - t < 300_000], False
        for _ in range(count):
            counting.append(at)
            if len(counting) == 5:
                self.emit({"type": "security", **output, "timestamp": at / 1000, "since": counting[0] / 1000, "failures": 5})
                counting, alerted = [], True
        self.failures[key] = counting
        return alerted

    def json_event(self, at, event):
        user, action = event["user_id"], event["action"]
        refused = action == "login" and (event.get("metadata") or {}).get("success") is False
        failed = refused or action in ("login_failed", "failed_login", "login_failure")
        alert = None
        if failed:
            who = {"source": "json", "user_id": user, "ip_address": event["ip_address"]}
            alert = "security" if self.fail(("user", user), at, 1, who) else None
        elif action == "login":
            self.failures.pop(("user", user), None)
            self.logins[user] = at
        elif action in ("view", "purchase", "download") and at - self.logins.get(user, math.inf) > DAY:
            alert = "anomaly"
            fields = {name: event[name] for name in ("user_id", "session_id", "action", "ip_address")}
            self.emit({"type": "anomaly", **fields, "timestamp": at / 1000, "last_login": self.logins[user] / 1000})
        if failed or alert:
            entry = {"timestamp": at / 1000, "action": action, "ip_address": event["ip_address"], "alert": alert}
            self.suspicious[user] = (self.suspicious.get(user, []) + [entry])[-10:]
        session = self.sessions.get(user)
        if session and session[0] == event["session_id"]:
            self.sessions[user] = (session[0], min(session[1], at), max(session[2], at))
        elif not session or at >= session[1]:
            self.sessions[user] = (event["session_id"], at, at)
        counts = self.actions.setdefault((at // 60_000 * 60_000 + 59_999, user), {})
        counts[action] = counts.get(action, 0) + 1

    def sshd_login(self, at, failed, user, address, count):
        if failed:
            self.fail(("address", address), at, count, {"source": "sshd", "user_id": user, "ip_address": address})
        else:
            self.failures.pop(("address", address), None)

    def advance(self, watermark):
        if watermark <= self.watermark:
            return
        self.watermark = watermark
        for last, user in sorted(slot for slot in self.actions if slot[0] <= watermark):
            session, first, latest = self.sessions[user]
            self.emit({
                "type": "metrics", "user_id": user, "minute_start": (last - 59_999) / 1000, "minute_end": (last + 1) / 1000,
                "actions": self.actions.pop((last, user)), "session_id": session, "session_duration": (latest - first) / 1000,
                "suspicious": self.suspicious.get(user, []),
            })

    def line(self, number, text, years):
        line = text.removeprefix("\ufeff").removesuffix("\r")
        if line == "":
            return
        try:
            if len(line.encode("utf-16-le", "surrogatepass")) // 2 > 1_048_576:
                raise Malformed("longer than 1048576 characters")
            if line.startswith("{"):
                at, event = read_json(line)
                self.json_event(at, event)
            else:
                timed = read_time(line, years)
                if timed is None:
                    starts = "a line starts with {, with Mmm d hh:mm:ss or with an RFC 3339 time and its zone"
                    raise Malformed(f"neither JSON nor syslog: {starts}")
                at, login = timed[0], read_sshd(timed[1])
                if login is None:
                    return
                self.sshd_login(at, *login)
            self.advance(at - 10_001)
        except Malformed as fault:
            start = line.encode("utf-16-le", "surrogatepass")[:240].decode("utf-16-le", "surrogatepass")
            self.emit({"type": "malformed", "line": number, "reason": str(fault), "text": start})


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("file")
    arguments.add_argument("--year", type=int)
    given = arguments.parse_args()
    years = Years(given.year or time.gmtime(os.path.getmtime(given.file)).tm_year)
    job = Job()
    with open(given.file, encoding="utf-8", errors="replace", newline="\n") as lines:
        for number, line in enumerate(lines, 1):
            job.line(number, line.removesuffix("\n"), years)
    job.advance(math.inf)


main()
