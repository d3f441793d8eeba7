/** Makes sample logs of any size: equal options give equal lines on every machine. */
import { Chance } from "../chance.ts";
import { civilFromTimestamp, timestampOf, type CivilTime } from "../civil-time.ts";

export interface LogGeneratorOptions {
  /** Equal seeds give equal lines; default 1. */
  readonly seed?: number;
  /** JSON events, lines of a Linux `auth.log`, or both by turns; default `json`. */
  readonly format?: "json" | "sshd" | "mixed";
  /** How syslog writes times; default `rfc3339`. `classic` has whole seconds and no year. */
  readonly syslogTime?: "classic" | "rfc3339";
  /** No line is earlier, ms since the epoch; default 2026-01-05 00:00 UTC. */
  readonly startMs?: number;
  /** Mean time between two lines; default 500 ms. */
  readonly gapMs?: number;
  /** A line is written up to this much after the time it carries; default 10 s, which is what the job waits for. */
  readonly disorderMs?: number;
  /** About the share of lines that are part of an attack, 0 to 0.75; default 0.05. */
  readonly attackShare?: number;
  /** Share of malformed lines, 0 to 1; default 0.001. */
  readonly malformedShare?: number;
  /** Users of the application and of the machine; default 100. */
  readonly users?: number;
}

const DEFAULTS: Required<LogGeneratorOptions> = {
  seed: 1,
  format: "json",
  syslogTime: "rfc3339",
  startMs: timestampOf({ year: 2026, month: 1, day: 5, hour: 0, minute: 0, second: 0 }),
  gapMs: 500,
  disorderMs: 10_000,
  attackShare: 0.05,
  malformedShare: 0.001,
  users: 100,
};

export class LogGenerator {
  readonly #options: Required<LogGeneratorOptions>;

  /** @throws RangeError where an option is out of its range. */
  constructor(options: LogGeneratorOptions = {}) {
    this.#options = { ...DEFAULTS, ...options };
    const { seed, startMs, gapMs, disorderMs, attackShare, malformedShare, users } = this.#options;
    requireRange("seed", seed, 0, 2 ** 32 - 1, true);
    requireRange("startMs", startMs, 0, 253_402_300_799_999, true);
    requireRange("gapMs", gapMs, 0, 86_400_000, false);
    requireRange("disorderMs", disorderMs, 0, 86_400_000, true);
    requireRange("attackShare", attackShare, 0, 0.75, false);
    requireRange("malformedShare", malformedShare, 0, 1, false);
    requireRange("users", users, 1, 1_000_000, true);
  }

  /** The first `count` lines, without `\n`. Every call starts anew, so fewer lines are the beginning of more. */
  *lines(count: number): Generator<string, void, undefined> {
    requireRange("count", count, 0, Number.MAX_SAFE_INTEGER, true);
    const sample = new Sample(this.#options);
    for (let i = 0; i < count; i++) yield sample.nextLine();
  }
}

function requireRange(name: string, value: number, min: number, max: number, isWhole: boolean): void {
  if (min <= value && value <= max && (!isWhole || Number.isInteger(value))) return;
  throw new RangeError(`${name} must be a ${isWhole ? "whole " : ""}number from ${min} to ${max}, not ${value}`);
}

/** Someone who tries passwords, at the application or at sshd, until `attemptsLeft` is used up. */
interface Attack {
  readonly isOnApp: boolean;
  readonly address: string;
  readonly user: number;
  attemptsLeft: number;
}

interface AppUser {
  session: number;
  isLoggedIn: boolean;
}

const ATTEMPTS_MIN = 3;
const ATTEMPTS_SPREAD = 20;
const ATTEMPTS_MEAN = ATTEMPTS_MIN + (ATTEMPTS_SPREAD - 1) / 2;
/** While an attack goes on, lines come at least this fast on average, and every fourth is not part of it. */
const ATTACK_GAP_MS = 1_000;
/** Every tenth user never logs out nor in again, and so becomes an anomaly after a day. */
const STAYS_LOGGED_IN = 10;
const AGENTS = ["Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5)", "okhttp/4.12.0", "curl/8.9.1"];
const TRIED_NAMES = ["root", "admin", "oracle", "postgres", "test", "ubuntu", "pi", "git", "", "x from 10.0.0.1 port 22 ssh2"];
const MALFORMED = ["-- MARK --", "2026-01-05 00:00:00 no zone", "\u001b[31mred\u0007", "{}", "Feb 30 12:00:00 vault sshd[1]: x"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;
const HOST = "vault";

/** One run of the generator: the clock, the users and the attacks under way. */
class Sample {
  readonly #options: Required<LogGeneratorOptions>;
  readonly #chance: Chance;
  readonly #users: AppUser[];
  #attack: Attack | undefined;
  #clockMs: number;
  #pid = 1000;

  constructor(options: Required<LogGeneratorOptions>) {
    this.#options = options;
    this.#chance = new Chance(options.seed);
    this.#users = Array.from({ length: options.users }, () => ({ session: 0, isLoggedIn: false }));
    this.#clockMs = options.startMs + options.disorderMs;
  }

  nextLine(): string {
    const { gapMs, malformedShare } = this.#options;
    const attack = this.#attackGoingOn();
    this.#clockMs += this.#chance.below(2 * (attack === undefined ? gapMs : Math.min(gapMs, ATTACK_GAP_MS)) + 1);
    if (this.#chance.next() < malformedShare) return this.#malformedLine();
    if (attack === undefined || this.#chance.oneIn(4)) return this.#isForApp() ? this.#appEvent() : this.#authLine();
    attack.attemptsLeft--;
    return attack.isOnApp ? this.#attemptOnApp(attack) : this.#attemptOnSshd(attack);
  }

  #isForApp(): boolean {
    const { format } = this.#options;
    return format === "json" || (format === "mixed" && this.#chance.oneIn(2));
  }

  /** Attacks come one after another, each in one go: spread evenly over the log they would not be seen. */
  #attackGoingOn(): Attack | undefined {
    const { attackShare } = this.#options;
    if (this.#attack !== undefined && 0 < this.#attack.attemptsLeft) return this.#attack;
    const begins = this.#chance.next() * ATTEMPTS_MEAN * (1 - attackShare) < attackShare;
    this.#attack = begins
      ? {
          isOnApp: this.#isForApp(),
          address: `203.0.113.${1 + this.#chance.below(250)}`,
          user: this.#chance.below(this.#users.length),
          attemptsLeft: ATTEMPTS_MIN + this.#chance.below(ATTEMPTS_SPREAD),
        }
      : undefined;
    return this.#attack;
  }

  /** The clock never runs backward, so no line carries a time that lies more than `disorderMs` before that of a line above it. */
  #time(isWholeSeconds: boolean): number {
    // Cutting to the second takes up to 999 ms more.
    const disorderMs = Math.max(0, this.#options.disorderMs - (isWholeSeconds ? 999 : 0));
    return this.#clockMs - this.#chance.below(disorderMs + 1);
  }

  #appEvent(): string {
    const id = this.#chance.below(this.#users.length);
    const user = this.#users[id]!;
    const address = `192.0.2.${id % 250 + 1}`;
    if (!user.isLoggedIn) {
      if (this.#chance.oneIn(10)) return this.#event(id, "login_failed", address);
      user.isLoggedIn = true;
      user.session++;
      return this.#event(id, "login", address);
    }
    const roll = this.#chance.below(100);
    if (roll < 5 && id % STAYS_LOGGED_IN !== 0) {
      user.isLoggedIn = false;
      return this.#event(id, "logout", address);
    }
    if (roll < 15) return this.#event(id, "purchase", address, { amount: this.#chance.below(20_000) / 100 });
    if (roll < 30) return this.#event(id, "download", address, { file: `report-${this.#chance.below(50)}.pdf` });
    return this.#event(id, "view", address);
  }

  #attemptOnApp(attack: Attack): string {
    return this.#event(attack.user, "login_failed", attack.address, { reason: "wrong password" });
  }

  #event(id: number, action: string, address: string, metadata?: Readonly<Record<string, unknown>>): string {
    return JSON.stringify({
      user_id: `user-${id}`,
      session_id: `session-${id}-${this.#users[id]!.session}`,
      action,
      timestamp: this.#time(false) / 1000,
      ip_address: address,
      user_agent: AGENTS[id % AGENTS.length],
      metadata,
    });
  }

  #attemptOnSshd(attack: Attack): string {
    const user = this.#chance.pick(TRIED_NAMES);
    const who = user === "root" ? user : `invalid user ${user}`;
    const message = `Failed password for ${who} from ${attack.address} port ${this.#port()} ssh2`;
    if (!this.#chance.oneIn(10)) return this.#syslog("sshd", message);
    return this.#syslog("sshd", `message repeated ${2 + this.#chance.below(4)} times: [ ${message}]`);
  }

  #authLine(): string {
    const id = this.#chance.below(this.#users.length);
    const login = `user-${id} from 198.51.100.${id % 250 + 1} port ${this.#port()} ssh2`;
    const roll = this.#chance.below(100);
    if (roll < 30) return this.#syslog("sshd", `Accepted publickey for ${login}: ED25519 SHA256:${"k3y".repeat(14)}x`);
    if (roll < 45) return this.#syslog("sshd-session", `Accepted password for ${login}`);
    if (roll < 50) return this.#syslog("sshd", `Failed password for ${login}`);
    if (roll < 70) return this.#syslog("sshd", `pam_unix(sshd:session): session opened for user user-${id} by (uid=0)`);
    if (roll < 85) return this.#syslog("CRON", "pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)");
    return this.#syslog("systemd-logind", `New session ${this.#pid} of user user-${id}.`);
  }

  #syslog(program: string, message: string): string {
    this.#pid++;
    const isClassic = this.#options.syslogTime === "classic";
    const time = this.#time(isClassic);
    return `${isClassic ? classicTime(time) : rfc3339Time(time)} ${HOST} ${program}[${this.#pid}]: ${message}`;
  }

  #port(): number {
    return 32_768 + this.#chance.below(28_000);
  }

  #malformedLine(): string {
    const event = this.#event(0, "view", "192.0.2.1");
    const cut = event.slice(0, 1 + this.#chance.below(event.length - 1));
    const untyped = event.replace(/"timestamp":[^,]+/, '"timestamp":"yesterday"');
    return this.#chance.pick([cut, untyped, ...MALFORMED]);
  }
}

/** `Jan  5 09:07:00`: the day is padded with a blank. */
function classicTime(timestamp: number): string {
  const civil = civilFromTimestamp(timestamp);
  return `${MONTHS[civil.month - 1]} ${String(civil.day).padStart(2, " ")} ${timeOfDay(civil)}`;
}

function rfc3339Time(timestamp: number): string {
  const civil = civilFromTimestamp(timestamp);
  const micros = `${padded(timestamp % 1000, 3)}000`;
  return `${civil.year}-${padded(civil.month)}-${padded(civil.day)}T${timeOfDay(civil)}.${micros}+00:00`;
}

function timeOfDay(civil: CivilTime): string {
  return `${padded(civil.hour)}:${padded(civil.minute)}:${padded(civil.second)}`;
}

function padded(value: number, width = 2): string {
  return String(value).padStart(width, "0");
}
