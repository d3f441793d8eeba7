// The few globals that every host has: browsers, Node, workerd, Deno, Bun. Nothing else of a platform is visible in core/.

interface TextEncoderEncodeIntoResult {
  readonly read: number;
  readonly written: number;
}

declare class TextEncoder {
  encode(input?: string): Uint8Array<ArrayBuffer>;
  encodeInto(source: string, destination: Uint8Array): TextEncoderEncodeIntoResult;
}

declare class TextDecoder {
  constructor(label?: string, options?: { readonly fatal?: boolean; readonly ignoreBOM?: boolean });
  decode(input?: ArrayBufferView | ArrayBuffer): string;
}

interface AbortSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void, options?: { readonly once?: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

interface ReadableStreamDefaultReader<R> {
  read(): Promise<{ readonly done: false; readonly value: R } | { readonly done: true; readonly value?: R | undefined }>;
  cancel(reason?: unknown): Promise<void>;
  releaseLock(): void;
}

interface ReadableStream<R = unknown> {
  getReader(): ReadableStreamDefaultReader<R>;
}

declare const console: {
  log(...values: readonly unknown[]): void;
  error(...values: readonly unknown[]): void;
};

declare function structuredClone<T>(value: T, options?: { readonly transfer?: readonly ArrayBuffer[] }): T;
