/**
 * What a job tells the page beside its results, from whichever thread it runs in: how far its input is loaded, and how many flights of which hour were read. Both are
 * for eyes only; nothing that the job computes depends on them.
 */
export type JobNews =
  | { readonly kind: "loading"; readonly rowsRead: number; readonly rowsTotal: number }
  /** Since the last one: `counts[i]` flights of the hour that is number `hours[i]` since the epoch. */
  | { readonly kind: "read"; readonly hours: Int32Array; readonly counts: Int32Array };

export interface NewsChannel {
  post(news: JobNews): void;
  close(): void;
}

/** A channel's name is that of one run: news of a run that was canceled reach nobody. */
export function openNews(name: string): NewsChannel {
  const channel = new BroadcastChannel(name);
  return { post: (news) => channel.postMessage(news), close: () => channel.close() };
}

export function listenToNews(name: string, onNews: (news: JobNews) => void): { close(): void } {
  const channel = new BroadcastChannel(name);
  channel.onmessage = ({ data }: MessageEvent<JobNews>) => onNews(data);
  return channel;
}
