/** The port through which sandboxes reach allow-listed hosts, and nothing else. */

/** One sandbox's way out: a unix socket in a folder of its own, on which a forward proxy listens. */
export interface SandboxNetwork {
  /** On the engine's host; holds `proxy.sock`. Mounted read-only into the sandbox. */
  readonly folder: string;
  /** Lets connections through, to allow-listed hosts; off at first. Turning it off cuts those that are open. */
  allow(on: boolean): void;
  /** `host:port` of what was refused since this was last called, each once. */
  takeRefused(): readonly string[];
  close(): Promise<void>;
}

export interface Network {
  /** `id` becomes the folder's name. */
  open(id: string): Promise<SandboxNetwork>;
  close(): Promise<void>;
}
