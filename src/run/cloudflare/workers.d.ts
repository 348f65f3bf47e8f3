/** What is used of workerd's own module (https://developers.cloudflare.com/durable-objects/api/). */
declare module "cloudflare:workers" {
  /** Calls on one object are delivered in order; its methods are reached through a DurableObjectStub. */
  export abstract class DurableObject<Env = unknown> {
    protected readonly ctx: DurableObjectState;
    protected readonly env: Env;
    constructor(ctx: DurableObjectState, env: Env);
  }

  export interface DurableObjectState {
    readonly id: { readonly name?: string };
    readonly storage: {
      readonly sql: {
        exec(
          statement: string,
          ...values: readonly (string | number | null | Uint8Array)[]
        ): { toArray(): Record<string, string | number | null | ArrayBuffer>[] };
      };
      transactionSync<T>(work: () => T): T;
      /** Milliseconds since the epoch; replaces the alarm that is set. Ordered with writes around it. */
      setAlarm(at: number): Promise<void>;
      /** Deletes every table, and the alarm. */
      deleteAll(): Promise<void>;
    };
  }

  export interface DurableObjectNamespace<T> {
    getByName(name: string): DurableObjectStub<T>;
  }

  /** The object's methods, plus `fetch`. */
  export type DurableObjectStub<T> = T & { fetch(request: Request | string): Promise<Response> };
}
