/**
 * The line on which the subtasks of one job in one task manager reach those in another, or the submitter of the job: buffers of many channels, each way, and the
 * credit that comes back. A link belongs to one attempt of one job and is closed with it, so that nothing late reaches another.
 *
 * Links know neither records nor credits left: whoever sends keeps to the credit of its channel, so that what waits in a link is bounded.
 */
export interface Link {
  /** Sends a buffer, in memory that `allocate` gave and that belongs to the link from then on. */
  send(channel: number, bytes: Uint8Array<ArrayBuffer>): void;
  /** Gives back the credit of one buffer that came on a channel; and, where nobody looks at it any more, its memory to be used again. */
  grant(channel: number, used: Uint8Array<ArrayBuffer> | undefined): void;
  /** Memory for a buffer to be sent: used before, if there is some, and not cleared. */
  allocate(byteLength: number): Uint8Array<ArrayBuffer>;
  /** Once; what arrived before is held for it. */
  listen(listener: LinkListener): void;
  /** Both ends learn of it, once. Of what was sent before it, the last may be lost; sends after it do nothing. */
  close(): void;
}

export interface LinkListener {
  /** Buffers of one channel come in order. */
  onBuffer(channel: number, bytes: Uint8Array<ArrayBuffer>): void;
  onCredit(channel: number): void;
  onClose(): void;
}
