/** Tools as vendors are told of them: the names and fields that are promised, as schemas that say what is taken. */
import Ajv from "ajv";
import { describe, expect, test } from "vitest";
import { createTools, toolSpecs } from "../../../../src/agent/llm/tools/registry.ts";

const FIELDS = {
  list_files: ["path?", "glob?"],
  read_file: ["path", "start_line?", "end_line?"],
  search_files: ["query", "regex?", "glob?"],
  edit_file: ["path", "old_text", "new_text", "replace_all?"],
  write_file: ["path", "content"],
  delete_file: ["path"],
  move_file: ["from", "to"],
  run_command: ["command"],
  finish: ["title", "summary"],
};

function fieldsOf({
  parameters,
}: {
  readonly parameters: Readonly<Record<string, unknown>>;
}): readonly string[] {
  const required = (parameters["required"] ?? []) as readonly string[];
  return Object.keys(parameters["properties"] as object).map((name) =>
    required.includes(name) ? name : `${name}?`,
  );
}

describe("the tools", () => {
  test("have the promised names and fields, in one order", () => {
    const specs = toolSpecs(createTools({ commands: true }));
    expect(Object.fromEntries(specs.map((spec) => [spec.name, fieldsOf(spec)]))).toEqual(FIELDS);
    expect(specs.map(({ name }) => name)).toEqual(Object.keys(FIELDS));
    expect(toolSpecs(createTools({ commands: false }))).toEqual(
      specs.filter(({ name }) => name !== "run_command"),
    );
  });

  test("are told with the same bytes every time", () => {
    const tell = () => JSON.stringify(toolSpecs(createTools({ commands: true })));
    expect(tell()).toBe(tell());
    expect(tell().length).toBeLessThan(6_000);
  });

  test("are objects without further fields; every field has a type and a description", () => {
    for (const { name, description, parameters } of toolSpecs(createTools({ commands: true }))) {
      expect(name).toMatch(/^[a-z_]{1,64}$/);
      expect(description).toMatch(/\.$/);
      const { type, additionalProperties, properties: _, required = [], ...others } = parameters;
      expect([type, additionalProperties, others]).toEqual(["object", false, {}]);
      expect(required).toEqual(FIELDS[name as keyof typeof FIELDS].filter((field) => !field.endsWith("?")));
      for (const field of Object.values(parameters["properties"] as object)) {
        expect(field).toMatchObject({
          type: expect.stringMatching(/^(string|boolean|integer)$/),
          description: expect.stringMatching(/\.$/),
        });
        expect(Object.keys(field).filter((key) => !["type", "description", "minimum"].includes(key))).toEqual(
          [],
        );
      }
    }
  });

  test("take what their schemas say, and nothing else", () => {
    const tools = createTools({ commands: true });
    const values = ["x", 1, 0, 1.5, true, null, undefined, []];
    const ajv = new Ajv({ strict: true });
    for (const { name, parameters } of toolSpecs(tools)) {
      const accepts = ajv.compile(parameters);
      const schema = tools.find((tool) => tool.name === name)?.schema;
      const valid = Object.fromEntries(
        Object.entries(parameters["properties"] as Record<string, { type: string }>).map(
          ([field, { type }]) => [field, { string: "x", boolean: true, integer: 3 }[type]],
        ),
      );
      const cases: Record<string, unknown>[] = [valid, {}, { ...valid, other: 1 }];
      for (const field of Object.keys(valid))
        for (const value of values) cases.push({ ...valid, [field]: value });
      for (const value of cases) {
        const plain = JSON.parse(JSON.stringify(value)) as unknown;
        expect([name, plain, schema?.safeParse(plain).success]).toEqual([name, plain, accepts(plain)]);
      }
    }
  });
});
