/** The floor, in workerd: sends recorded requests one after another and reads the answers, and does nothing else. */
import type { Exchange } from "./floor.ts";

interface Prepared {
  readonly url: string;
  readonly init: RequestInit;
}

let conversation: readonly Prepared[] = [];

export default {
  async fetch(request: Request): Promise<Response> {
    if (request.method === "PUT") {
      conversation = ((await request.json()) as readonly Exchange[]).map(prepare);
      return new Response(null, { status: 204 });
    }
    const statuses: number[] = [];
    for (const { url, init } of conversation) {
      const response = await fetch(url, init);
      await drain(response);
      statuses.push(response.status);
    }
    return Response.json(statuses);
  },
};

function prepare({ url, method, headers, body }: Exchange): Prepared {
  const bytes = Uint8Array.from(atob(body), (char) => char.charCodeAt(0));
  return {
    url,
    init: { method, headers, redirect: "manual", ...(bytes.byteLength > 0 ? { body: bytes } : {}) },
  };
}

async function drain(response: Response): Promise<void> {
  const reader = response.body?.getReader();
  while (reader !== undefined && !(await reader.read()).done);
}
