/** Makes a worker tell its page of every ring in shared memory that is made there. */
export function countRings(): void {
  if (typeof SharedArrayBuffer !== "function") return;
  const told = new BroadcastChannel("rings");
  globalThis.SharedArrayBuffer = new Proxy(SharedArrayBuffer, {
    construct(target, args: [number]) {
      told.postMessage("made");
      return new target(...args);
    },
  });
}
