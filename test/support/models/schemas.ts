/** Says whether a request or an event is what the vendor's SDK types it as, by JSON Schema made from those types. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import standaloneCode from "ajv/dist/standalone/index.js";
import type { Protocol } from "./turn.ts";

interface Schema {
  readonly definitions: Readonly<Record<string, Record<string, unknown>>>;
}

/** Both say what is wrong; undefined when nothing is. */
export interface Checks {
  /** The body of a request. */
  checkRequest(protocol: Protocol, body: unknown): string | undefined;
  /** The data of one event of a stream. */
  checkEvent(protocol: Protocol, data: unknown): string | undefined;
}

const TYPES = [
  "ResponsesRequest",
  "ResponsesEvent",
  "ChatRequest",
  "ChatEvent",
  "MessagesRequest",
  "MessagesEvent",
] as const;
type TypeName = (typeof TYPES)[number];
type Schemas = Readonly<Record<TypeName, Schema>>;

const NAMES: Readonly<Record<Protocol, string>> = {
  responses: "Responses",
  chat: "Chat",
  messages: "Messages",
};

/** A validator by the name of its type, and for a member of a union by `Union/type`. */
type Validators = Readonly<Record<string, ValidateFunction | undefined>>;

const here = fileURLToPath(new URL(".", import.meta.url));
const modules = fileURLToPath(new URL("../../../node_modules", import.meta.url));

let checks: Promise<Checks> | undefined;

/** Costs seven seconds once for a version of the SDKs, then some 0.1 s a process. */
export function loadChecks(): Promise<Checks> {
  checks ??= loadValidators().then((validators) => ({
    checkRequest: (protocol, body) => check(validators[`${NAMES[protocol]}Request`], body),
    // a union that is told apart by `type` is checked as the member that has it: its errors are to the point
    checkEvent: (protocol, data) => {
      const union = `${NAMES[protocol]}Event`;
      const type = String((data as { type?: unknown } | null)?.type);
      return check(validators[`${union}/${type}`] ?? validators[union], data);
    },
  }));
  return checks;
}

function check(validator: ValidateFunction | undefined, value: unknown): string | undefined {
  if (validator === undefined) throw new Error("there is no such schema");
  return validator(value) ? undefined : described(validator.errors ?? []);
}

/** The errors that are deepest in the value: those of a union's other members are nearer to its root. */
function described(errors: readonly ErrorObject[]): string {
  const depth = (error: ErrorObject): number => error.instancePath.split("/").length;
  const deepest = Math.max(...errors.map(depth));
  const lines = errors
    .filter((error) => depth(error) === deepest)
    .map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`);
  return [...new Set(lines)].slice(0, 5).join("; ");
}

/** Kept in node_modules as code: the types change only with what is installed there. */
async function loadValidators(): Promise<Validators> {
  const sources = await Promise.all(
    ["openai", "@anthropic-ai/sdk", "ts-json-schema-generator", "ajv"]
      .map((name) => join(modules, name, "package.json"))
      .concat(join(here, "schemas.ts"), join(here, "wire-types.ts"))
      .map((path) => readFile(path)),
  );
  const key = createHash("sha256").update(Buffer.concat(sources)).digest("hex").slice(0, 16);
  const folder = join(modules, ".cache", "model-schemas");
  const path = join(folder, `${key}.mjs`);
  if (!existsSync(path)) {
    const code = compile(await generate());
    await mkdir(folder, { recursive: true });
    // several test processes may do this at once
    const temporary = `${path}.${process.pid}`;
    await writeFile(temporary, code);
    await rename(temporary, path);
  }
  return (await import(pathToFileURL(path).href)).default;
}

/** A module with every validator. */
function compile(schemas: Schemas): string {
  const ajv = new Ajv({ strict: false, code: { source: true, esm: true } });
  const exported: Record<string, string> = {};
  const names: string[] = [];
  const add = (name: string, ref: string): void => {
    const id = `v${names.length}`;
    ajv.addSchema({ $id: id, $ref: ref });
    exported[id] = id;
    names.push(`${JSON.stringify(name)}: ${id}`);
  };
  for (const type of TYPES) {
    const schema = schemas[type];
    ajv.addSchema({ ...schema, $id: type });
    add(type, `${type}#/definitions/${type}`);
    if (!type.endsWith("Event")) continue;
    for (const [definition, { properties }] of Object.entries(schema.definitions)) {
      const told = (properties as { type?: { const?: unknown } } | undefined)?.type?.const;
      if (definition.endsWith("Event") && typeof told === "string") {
        add(`${type}/${told}`, `${type}#/definitions/${definition}`);
      }
    }
  }
  return `${standaloneCode(ajv, exported)}\nexport default { ${names.join(", ")} };\n`;
}

async function generate(): Promise<Schemas> {
  const { createGenerator } = await import("ts-json-schema-generator");
  const generator = createGenerator({
    path: join(here, "wire-types.ts"),
    tsconfig: join(here, "schemas.tsconfig.json"),
    skipTypeCheck: true,
    additionalProperties: false,
    expose: "all",
    jsDoc: "none",
  });
  const made = Object.fromEntries(
    TYPES.map((name) => [name, structuredClone(generator.createSchema(name))]),
  ) as unknown as Record<TypeName, { definitions: Record<string, { required?: string[] }> }>;
  // the SDK adds it; a server does not send it
  const response = made.ResponsesEvent.definitions["Response"];
  if (response?.required === undefined) throw new Error("the type Response has changed");
  response.required = response.required.filter((key) => key !== "output_text");
  return made as unknown as Schemas;
}
