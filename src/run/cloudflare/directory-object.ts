/** The one Durable Object that knows all runs. */
import { DurableObject, type DurableObjectState } from "cloudflare:workers";
import type { Place } from "../host/cursor.ts";
import {
  type Admission,
  type Admitted,
  type Configured,
  createDirectory,
  type Directory,
  type DirectoryLimits,
  type Idempotency,
} from "../host/directory.ts";
import type { Ended } from "../host/hosted-run.ts";
import type { RunPage } from "../host.ts";
import type { RuntimeConfigChange } from "../runtime-config.ts";
import { storageSql } from "./storage.ts";

/** The class to export: `limits` is called once for the object. */
export function createDirectoryObject<Env>(limits: (env: Env) => DirectoryLimits) {
  return class DirectoryObject extends DurableObject<Env> {
    readonly #directory: Directory;

    constructor(ctx: DurableObjectState, env: Env) {
      super(ctx, env);
      this.#directory = createDirectory(storageSql(ctx.storage), limits(env), Date.now, () =>
        crypto.randomUUID(),
      );
    }

    async admit(admission: Admission): Promise<Admitted> {
      return this.#directory.admit(admission);
    }

    async known(caller: string, idempotency: Idempotency): Promise<Admitted | undefined> {
      return this.#directory.known(caller, idempotency);
    }

    async forget(id: string): Promise<void> {
      this.#directory.forget(id);
    }

    async started(id: string): Promise<void> {
      this.#directory.started(id);
    }

    async ended(ended: Ended): Promise<void> {
      this.#directory.ended(ended);
    }

    async list(caller: string, limit: number, before: Place | undefined): Promise<RunPage> {
      return this.#directory.list(caller, limit, before);
    }

    async configured(): Promise<Configured> {
      return this.#directory.configured();
    }

    async configure(change: RuntimeConfigChange): Promise<Configured> {
      return this.#directory.configure(change);
    }
  };
}

export type DirectoryObject = InstanceType<ReturnType<typeof createDirectoryObject>>;
