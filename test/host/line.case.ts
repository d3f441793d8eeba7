import { type Case, type HostUnderTest, Log } from "./case.ts";

/** Lines both of whose ends are in this thread. */
export const LINE_CASES: readonly Case<HostUnderTest>[] = [
  {
    title: "what is sent before the other end listens is held, in order",
    expected: Array.from({ length: 20 }, (_, message) => `b got ${message}`),
    async run({ host, until, settle }) {
      const [a, b] = host.network.openLine();
      for (let message = 0; message < 10; message += 1) a.send(message);
      await settle();
      const log = new Log(until);
      log.listen(b, "b");
      for (let message = 10; message < 20; message += 1) a.send(message);
      await log.reached(20);
      return log.entries;
    },
  },
  {
    title: "messages and closes come later, not inside the call",
    expected: ["sent", "b got 1", "closing", "a closed", "b closed"],
    async run({ host, until }) {
      const [a, b] = host.network.openLine();
      const log = new Log(until);
      log.listen(b, "b");
      log.listen(a, "a");
      a.send(1);
      log.note("sent");
      await log.reached(2);
      a.close();
      log.note("closing");
      await log.reached(5);
      return [...log.entries.slice(0, 3), ...log.entries.slice(3).toSorted()];
    },
  },
  {
    title: "both ends learn once of a close, after the messages sent before it",
    expected: ["b got last words", "b closed", "a closed"],
    async run({ host, until, settle }) {
      const [a, b] = host.network.openLine();
      const log = new Log(until);
      log.listen(b, "b");
      log.listen(a, "a");
      a.send("last words");
      a.close();
      a.close();
      await log.reached(3);
      b.close();
      await settle();
      return sortedBy(log.entries, ["b", "a"]);
    },
  },
  {
    title: "both ends learn once of a close where both close",
    expected: ["b closed", "a closed"],
    async run({ host, until, settle }) {
      const [a, b] = host.network.openLine();
      const log = new Log(until);
      log.listen(b, "b");
      log.listen(a, "a");
      a.send("not heard");
      b.close();
      a.close();
      await log.reached(2);
      await settle();
      return sortedBy(log.entries, ["b", "a"]);
    },
  },
  {
    title: "sends after a close do nothing, at either end",
    expected: ["b closed", "a closed"],
    async run({ host, until, settle }) {
      const [a, b] = host.network.openLine();
      const log = new Log(until);
      log.listen(b, "b");
      log.listen(a, "a");
      a.close();
      a.send("too late");
      await log.reached(2);
      b.send("too late");
      a.send("too late");
      await settle();
      return sortedBy(log.entries, ["b", "a"]);
    },
  },
  {
    title: "who listens after the close still gets what was sent, then the close",
    expected: ["b got held", "b closed"],
    async run({ host, until, settle }) {
      const [a, b] = host.network.openLine();
      a.send("held");
      a.close();
      await settle();
      const log = new Log(until);
      log.listen(b, "b");
      await log.reached(2);
      await settle();
      return log.entries;
    },
  },
  {
    title: "who closes and then listens learns of the close",
    expected: ["a closed"],
    async run({ host, until, settle }) {
      const [a] = host.network.openLine();
      a.close();
      const log = new Log(until);
      log.listen(a, "a");
      await log.reached(1);
      await settle();
      return log.entries;
    },
  },
  {
    title: "what is received may close the line: nothing comes behind it but the close",
    expected: ["got 1", "closed"],
    async run({ host, until, settle }) {
      const [a, b] = host.network.openLine();
      const log = new Log(until);
      a.send(1);
      a.send(2);
      b.listen((message) => {
        log.note(`got ${String(message)}`);
        b.close();
      }, () => log.note("closed"));
      await log.reached(2);
      await settle();
      return log.entries;
    },
  },
  {
    title: "ports are carried with messages, and what was sent to them before",
    expected: ["b got take this", "carried got before", "carried got after", "carried closed", "kept got back", "kept closed"],
    async run({ host, until }) {
      const [a, b] = host.network.openLine();
      const [kept, carried] = host.network.openLine();
      const log = new Log(until);
      kept.send("before");
      a.send("take this", { ports: [carried] });
      b.listen((message, [port]) => {
        log.note(`b got ${String(message)}`);
        log.listen(port!, "carried");
        port!.send("back");
      }, () => {});
      await log.reached(2);
      kept.send("after");
      await log.reached(3);
      log.listen(kept, "kept");
      await log.reached(4);
      kept.close();
      await log.reached(6);
      return sortedBy(log.entries, ["b", "carried", "kept"]);
    },
  },
  {
    title: "a port that a message carries nowhere, because the line is closed, is closed",
    expected: ["kept closed"],
    async run({ host, until }) {
      const [a] = host.network.openLine();
      const [kept, carried] = host.network.openLine();
      const log = new Log(until);
      log.listen(kept, "kept");
      a.close();
      a.send("too late", { ports: [carried] });
      await log.reached(1);
      return log.entries;
    },
  },
  {
    title: "a port that is carried to an end that has closed meanwhile is closed",
    expected: ["kept closed"],
    async run({ host, until }) {
      const [a, b] = host.network.openLine();
      const [kept, carried] = host.network.openLine();
      const log = new Log(until);
      log.listen(kept, "kept");
      b.listen(() => {}, () => {});
      b.close();
      // This end has not learned of it yet.
      a.send("on the way", { ports: [carried] });
      await log.reached(1);
      return log.entries;
    },
  },
  {
    title: "memory is carried",
    expected: [[7, 8, 9]],
    async run({ host, until }) {
      const [a, b] = host.network.openLine();
      const log = new Log(until);
      const bytes = Uint8Array.of(7, 8, 9);
      b.listen((message) => log.note([...(message as Uint8Array)]), () => {});
      a.send(bytes, { buffers: [bytes.buffer] });
      await log.reached(1);
      return log.entries;
    },
  },
];

/** The order between the ends of a line says nothing; that at one end does. */
function sortedBy(entries: readonly unknown[], names: readonly string[]): unknown[] {
  return names.flatMap((name) => entries.filter((entry) => String(entry).startsWith(name)));
}
