import { type Served, servePages } from "../scripts/browsers/page-server.ts";
import { type BrowserName, launchBrowser } from "../scripts/browsers/test-browser.ts";

/** A real browser and a server for its pages. */
export interface BrowserPages {
  readonly version: string;
  /** What the page at `/` leaves in `globalThis.outcome`. Each call has a page of its own, so nothing is warm from the one before. */
  outcomeOf(query: Readonly<Record<string, string>>): Promise<unknown>;
  close(): Promise<void>;
}

const running = new Set<BrowserPages>();

/** Closes the browsers that run, for whoever interrupts the benchmark. */
export async function endBrowsers(): Promise<void> {
  await Promise.allSettled([...running].map((pages) => pages.close()));
}

/** `headers` go with all that is served. Rejects where the browser is missing. */
export async function openPages(
  name: BrowserName,
  served: (path: string) => Served | undefined,
  headers: Readonly<Record<string, string>> = {},
): Promise<BrowserPages> {
  const server = await servePages(served, headers);
  const browser = await launchBrowser(name).catch(async (cause: unknown) => {
    await server.close();
    throw cause;
  });
  const pages: BrowserPages = {
    version: browser.version,
    outcomeOf: (query) => browser.outcomeOf(`${server.origin}/?${new URLSearchParams(query).toString()}`),
    async close() {
      running.delete(pages);
      await browser.close();
      await server.close();
    },
  };
  running.add(pages);
  return pages;
}
