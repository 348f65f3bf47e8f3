/** The template and the image of the Lambda function say what the runner and the other tests take for granted. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { parseDocument } from "yaml";
import { LAMBDA_TIMEOUT_SECONDS } from "../../../sandbox-runner/src/aws/limits.ts";

const LAMBDA = resolve(import.meta.dirname, "../../../sandbox-runner/lambda");
const read = (name: string) => readFileSync(resolve(LAMBDA, name), "utf8");

test("the template gives each sandbox its own machines, no network and a role that allows commands nothing", () => {
  const document = parseDocument(read("template.yaml"), { logLevel: "silent" });
  expect(document.errors).toEqual([]);
  const { Resources: resources } = document.toJS() as {
    Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>;
  };
  expect(resources["Function"]?.Properties).toMatchObject({
    PackageType: "Image",
    Timeout: LAMBDA_TIMEOUT_SECONDS,
    ReservedConcurrentExecutions: "MaxConcurrency",
    TenancyConfig: { TenantIsolationMode: "PER_TENANT" },
    VpcConfig: { SubnetIds: ["SubnetOne", "SubnetTwo"], SecurityGroupIds: ["NoTraffic"] },
  });
  // Nothing in the network leads anywhere: gateways, routes and endpoints would be resources.
  expect(
    Object.values(resources)
      .map(({ Type }) => Type)
      .filter((type) => type.startsWith("AWS::EC2::")),
  ).toEqual(["AWS::EC2::VPC", "AWS::EC2::Subnet", "AWS::EC2::Subnet", "AWS::EC2::SecurityGroup"]);
  expect(resources["NoTraffic"]?.Properties["SecurityGroupEgress"]).toEqual([
    { IpProtocol: "-1", CidrIp: "127.0.0.1/32", Description: "Nothing" },
  ]);
  expect(JSON.stringify(resources["Role"])).toContain(
    '{"Effect":"Deny","Action":"*","Resource":"*","Condition"',
  );
  expect(JSON.stringify(resources["RunnerPolicy"])).toContain('"Action":"lambda:InvokeFunction"');
});

test("the image runs the function as the tests do", () => {
  const dockerfile = read("Dockerfile");
  expect(dockerfile).toContain("RUN install -D -m 0111 /usr/local/bin/node /usr/local/libexec/lambda-node\n");
  expect(dockerfile).toContain("WORKDIR /var/task\n");
  expect(dockerfile).toContain(
    'ENTRYPOINT ["/usr/local/libexec/lambda-node", "/var/task/node_modules/aws-lambda-ric/index.mjs"]\nCMD ["sandbox-runner/lambda/index.handler"]\n',
  );
});
