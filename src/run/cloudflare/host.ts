/** The run host on Cloudflare: stubs of the directory's object and of each run's. */
import type { DurableObjectNamespace, DurableObjectStub } from "cloudflare:workers";
import type { EventStream, Result, RunCell } from "../host/cell.ts";
import { createRunHost, type HostParts } from "../host/create-host.ts";
import type { RunHost } from "../host.ts";
import type { DirectoryObject } from "./directory-object.ts";
import type { RunObject } from "./run-object.ts";

export interface RunBindings {
  readonly RUNS: DurableObjectNamespace<RunObject>;
  readonly DIRECTORY: DurableObjectNamespace<DirectoryObject>;
}

export function createCloudflareHost(
  bindings: RunBindings,
  parts: Pick<HostParts, "redact" | "now">,
): RunHost {
  return createRunHost({
    ...parts,
    directory: directoryOf(bindings),
    run: (id) => runCell(bindings.RUNS.getByName(id)),
  });
}

export function directoryOf({ DIRECTORY }: RunBindings): DurableObjectStub<DirectoryObject> {
  return DIRECTORY.getByName("directory");
}

function runCell(stub: DurableObjectStub<RunObject>): RunCell {
  return {
    start: (run) => stub.start(run),
    view: (caller) => stub.view(caller),
    patch: (caller) => stub.patch(caller),
    cancel: (caller) => stub.cancel(caller),
    continuation: (caller) => stub.continuation(caller),
    async events(caller, after): Promise<Result<EventStream | undefined>> {
      const query = new URLSearchParams({ caller, after: String(after) });
      const response = await stub.fetch(`https://run/events?${query}`);
      const { body } = response;
      if (body === null || !response.headers.get("content-type")?.startsWith("text/event-stream")) {
        return response.json();
      }
      return { ok: true, value: { body } };
    },
  };
}
