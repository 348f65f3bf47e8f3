/** The template and the image of the Lambda function say what the runner and the other tests take for granted. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { parseDocument } from "yaml";
import { LAMBDA_TIMEOUT_SECONDS } from "../../../sandbox-runner/src/aws/limits.ts";

const LAMBDA = resolve(import.meta.dirname, "../../../sandbox-runner/lambda");
const read = (name: string) => readFileSync(resolve(LAMBDA, name), "utf8");

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly Metadata?: Readonly<Record<string, unknown>>;
}

/** Short forms of AWS's functions (`!Ref`, `!Sub`, `!GetAtt`) read as what they are given. */
function readResources(): Readonly<Record<string, Resource>> {
  const document = parseDocument(read("template.yaml"), { logLevel: "silent" });
  expect(document.errors).toEqual([]);
  return document.toJS().Resources;
}

test("the template gives each sandbox its own machines, and the image it is made from", () => {
  const { Function: lambda } = readResources();
  expect(lambda?.Properties).toMatchObject({
    PackageType: "Image",
    Timeout: LAMBDA_TIMEOUT_SECONDS,
    ReservedConcurrentExecutions: "MaxConcurrency",
    TenancyConfig: { TenantIsolationMode: "PER_TENANT" },
    VpcConfig: { SubnetIds: ["SubnetOne", "SubnetTwo"], SecurityGroupIds: ["NoTraffic"] },
  });
  expect(lambda?.Metadata).toEqual({
    Dockerfile: "sandbox-runner/lambda/Dockerfile",
    DockerContext: "../..",
    DockerTag: "latest",
    DockerBuildArgs: { SANDBOX_IMAGE: "tiny-backspace-sandbox" },
  });
});

test("the template's network has no way out, and looks up no names", () => {
  const resources = readResources();
  // Gateways, routes and endpoints would be resources.
  expect(
    Object.values(resources)
      .map(({ Type }) => Type)
      .filter((type) => type.startsWith("AWS::EC2::")),
  ).toEqual(["AWS::EC2::VPC", "AWS::EC2::Subnet", "AWS::EC2::Subnet", "AWS::EC2::SecurityGroup"]);
  expect(resources["Network"]?.Properties).toEqual({ CidrBlock: "10.0.0.0/24", EnableDnsSupport: false });
  expect(resources["NoTraffic"]?.Properties).toEqual({
    GroupDescription: "Lets nothing in or out.",
    VpcId: "Network",
    SecurityGroupEgress: [{ IpProtocol: "-1", CidrIp: "127.0.0.1/32", Description: "Nothing" }],
  });
});

test("the template's role allows commands nothing but to write to the log, and its policy the runner nothing but to invoke", () => {
  const { Role: role, RunnerPolicy: policy } = readResources();
  const logs = ["logs:CreateLogStream", "logs:PutLogEvents"];
  expect(role?.Properties).toEqual({
    AssumeRolePolicyDocument: {
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" },
      ],
    },
    Policies: [
      {
        PolicyName: "WhatLambdaItselfDoes",
        PolicyDocument: {
          Version: "2012-10-17",
          Statement: [
            {
              Effect: "Allow",
              Action: [
                "ec2:CreateNetworkInterface",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSubnets",
                "ec2:DeleteNetworkInterface",
                "ec2:AssignPrivateIpAddresses",
                "ec2:UnassignPrivateIpAddresses",
              ],
              Resource: "*",
            },
            // biome-ignore lint/suspicious/noTemplateCurlyInString: CloudFormation's own.
            { Effect: "Allow", Action: logs, Resource: "${Log.Arn}" },
            {
              Effect: "Deny",
              NotAction: logs,
              Resource: "*",
              Condition: {
                ArnLike: {
                  "lambda:SourceFunctionArn":
                    // biome-ignore lint/suspicious/noTemplateCurlyInString: CloudFormation's own.
                    "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:*",
                },
              },
            },
          ],
        },
      },
    ],
  });
  expect(policy?.Properties["PolicyDocument"]).toEqual({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "lambda:InvokeFunction", Resource: "Function.Arn" }],
  });
});

test("the image runs the function as the tests do", () => {
  const dockerfile = read("Dockerfile");
  expect(dockerfile).toContain("RUN install -D -m 0111 /usr/local/bin/node /usr/local/libexec/lambda-node\n");
  expect(dockerfile).toContain("WORKDIR /var/task\n");
  expect(dockerfile).toContain(
    'ENTRYPOINT ["/usr/local/libexec/lambda-node", "/var/task/node_modules/aws-lambda-ric/index.mjs"]\nCMD ["sandbox-runner/lambda/index.handler"]\n',
  );
});
