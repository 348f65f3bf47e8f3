/** Connects to a target at an address that was checked, and to no other. */
import { once } from "node:events";
import { connect, isIPv4, type Socket } from "node:net";
import { isReachable } from "./addresses.ts";
import type { Resolve } from "./resolve.ts";
import { isAddress, type Target, targetText } from "./target.ts";

/** Why there is no connection, in a sentence that names the target and nothing of the runner's network. */
export class ConnectError extends Error {
  /** True when a rule forbids it, false when nobody could be reached. */
  readonly forbidden: boolean;

  constructor(message: string, forbidden: boolean) {
    super(message);
    this.name = "ConnectError";
    this.forbidden = forbidden;
  }
}

export interface ConnectOptions {
  readonly resolve: Resolve;
  mayBePrivate(target: Target): boolean;
  /** Milliseconds for the name and the connection together. */
  readonly timeoutMs: number;
}

/** `signal` ends the attempt; not the connection once it is there. */
export type Connect = (target: Target, signal: AbortSignal) => Promise<Socket>;

/**
 * The name is resolved once, and the connection made to those of the addresses that may be reached, in turn
 * (RFC 8305): a name that has another address a moment later gains nothing. Rejects with ConnectError.
 */
export function createConnect({ resolve, mayBePrivate, timeoutMs }: ConnectOptions): Connect {
  return async (target, signal) => {
    const text = targetText(target);
    const ending = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const found = isAddress(target.host) ? [target.host] : await resolved(resolve, target.host, ending, text);
    const isPrivate = mayBePrivate(target);
    const addresses = found.filter((address) => isReachable(address, isPrivate));
    if (addresses.length === 0) {
      throw new ConnectError(`"${text}" is at an address that sandboxes may not reach.`, true);
    }
    const socket = connect({
      host: target.host,
      port: target.port,
      allowHalfOpen: true,
      autoSelectFamily: true,
      noDelay: true,
      // not called for addresses
      lookup: (_name, _options, done) =>
        done(
          null,
          addresses.map((address) => ({ address, family: isIPv4(address) ? 4 : 6 })),
        ),
    });
    try {
      await once(socket, "connect", { signal: ending });
      return socket;
    } catch {
      socket.on("error", () => {}).destroy();
      throw new ConnectError(`"${text}" could not be connected to.`, false);
    }
  };
}

async function resolved(
  resolve: Resolve,
  name: string,
  signal: AbortSignal,
  text: string,
): Promise<readonly string[]> {
  try {
    signal.throwIfAborted();
    // a lookup cannot be called off
    const addresses = await Promise.race([resolve(name), once(signal, "abort").then(() => [])]);
    signal.throwIfAborted();
    return addresses;
  } catch {
    throw new ConnectError(`The name of "${text}" could not be resolved.`, false);
  }
}
