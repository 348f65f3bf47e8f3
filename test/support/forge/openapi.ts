/** GitHub's published OpenAPI document as a judge of answers: what the forge says has to be what GitHub could say. */
import { createRequire } from "node:module";
import { Ajv, type ValidateFunction } from "ajv";
import addFormats from "ajv-formats";

interface Schema {
  readonly [keyword: string]: unknown;
}

interface ResponseObject {
  readonly $ref?: string;
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>;
}

interface OpenApi {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly responses: Readonly<Record<string, ResponseObject>> }>>>
  >;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly responses: Readonly<Record<string, ResponseObject>>;
  };
}

const require = createRequire(import.meta.url);
const validators = new Map<string, ValidateFunction>();
let loaded: OpenApi | undefined;

/** 13 MB of JSON: read at the first use, about 0.1 s. */
function openApi(): OpenApi {
  loaded ??= require("@octokit/openapi/generated/api.github.com.json") as OpenApi;
  return loaded;
}

/**
 * Checks an answer's body against the schema GitHub publishes for it.
 *
 * @param method any case
 * @param template the path as the document has it, e.g. `/repos/{owner}/{repo}/pulls`
 * @param body the parsed JSON
 * @returns what is wrong, one line each; empty when the answer is as published. Errors the document
 * does not list for the call (401 everywhere) are held to its `basic-error`, message required.
 */
export function validateResponse(method: string, template: string, status: number, body: unknown): string[] {
  const operation = openApi().paths[template]?.[method.toLowerCase()];
  if (operation === undefined) return [`GitHub has no ${method} ${template}`];
  const schema = schemaOf(operation.responses[`${status}`]);
  if (schema === undefined && status < 400)
    return [`${method} ${template} never answers ${status} with a body`];
  const validate = validatorFor(schema ?? { $ref: "#/components/schemas/basic-error" });
  const problems = validate(body) ? [] : (validate.errors ?? []).map(describe);
  return status < 400 ? problems : [...problems, ...errorProblems(status, body)];
}

function schemaOf(response: ResponseObject | undefined): Schema | undefined {
  const name = response?.$ref?.replace("#/components/responses/", "");
  const resolved = name === undefined ? response : openApi().components.responses[name];
  return resolved?.content?.["application/json"]?.schema;
}

/** What every error of GitHub's has but `basic-error` does not demand. */
function errorProblems(status: number, body: unknown): string[] {
  const { message, documentation_url, status: repeated } = (body ?? {}) as Record<string, unknown>;
  return [
    ...(typeof message === "string" && message !== "" ? [] : ["an error has a message"]),
    ...(typeof documentation_url === "string" ? [] : ["an error has a documentation_url"]),
    ...(repeated === `${status}` ? [] : [`an error repeats its status: "${status}"`]),
  ];
}

function describe(error: {
  readonly instancePath: string;
  readonly message?: string;
  readonly params: unknown;
}): string {
  return `${error.instancePath || "/"} ${error.message ?? "is wrong"} ${JSON.stringify(error.params)}`;
}

/** Compiles a schema with the components it reaches and no others: the whole document takes seconds. */
function validatorFor(schema: Schema): ValidateFunction {
  const key = JSON.stringify(schema);
  const known = validators.get(key);
  if (known !== undefined) return known;
  const schemas: Record<string, Schema> = {};
  const reach = (json: string) => {
    for (const [, name = ""] of json.matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      const component = openApi().components.schemas[name];
      if (component === undefined || name in schemas) continue;
      schemas[name] = component;
      reach(JSON.stringify(component));
    }
  };
  reach(key);
  const ajv = new Ajv({ strict: false, allErrors: true, logger: false, validateSchema: false });
  addFormats(ajv);
  const validate = ajv.compile(typedNullables({ ...schema, components: { schemas } }));
  validators.set(key, validate);
  return validate;
}

/** OpenAPI 3.0 has `nullable` next to `oneOf`; ajv knows it only next to `type`. */
function typedNullables(schema: Schema): Schema {
  const revived: unknown = JSON.parse(JSON.stringify(schema), (_, value: unknown) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    const { nullable, ...rest }: Schema = { ...value };
    return nullable === true && rest["type"] === undefined ? { anyOf: [rest, { type: "null" }] } : value;
  });
  return { ...(revived as Schema) };
}
