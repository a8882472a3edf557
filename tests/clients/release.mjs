// What a build server does with @octopusdeploy/api-client: push a package, create a release, deploy it, wait,
// read the log. Takes one JSON argument, prints one JSON answer. Driven by test_npm_client.py.

import { readFileSync } from "node:fs";

import octopus from "@octopusdeploy/api-client";

const given = JSON.parse(readFileSync(0, "utf8"));
const { Client, DeploymentRepository, OverwriteMode, PackageRepository } = octopus;
const { EnvironmentRepository, ProjectRepository, ReleaseRepository } = octopus;
const { ServerTaskWaiter, SpaceRepository, SpaceServerTaskRepository } = octopus;

const client = await Client.create({
  userAgentApp: "octoplat-tests",
  instanceURL: given.url,
  apiKey: given.apiKey,
});
const space = given.spaceName;

const spaces = await new SpaceRepository(client).list({ partialName: space });
const projects = await new ProjectRepository(client, space).list({ partialName: given.project });
const environments = await new EnvironmentRepository(client, space).list({});

await new PackageRepository(client, space).push([given.packagePath], OverwriteMode.FailIfExists);
const packages = await new PackageRepository(client, space).list({ nuGetPackageId: given.packageId });

const release = await new ReleaseRepository(client, space).create({
  spaceName: space,
  ProjectName: given.project,
  ReleaseVersion: given.version,
  PackageVersion: given.version,
});

const response = await new DeploymentRepository(client, space).create({
  spaceName: space,
  ProjectName: given.project,
  ReleaseVersion: release.ReleaseVersion,
  EnvironmentNames: [given.environment],
});

const taskIds = response.DeploymentServerTasks.map((task) => task.ServerTaskId);
const seen = [];
const finished = await new ServerTaskWaiter(client, space).waitForServerTasksToComplete(
  taskIds,
  200,
  120_000,
  (task) => seen.push(task.State),
);
const tasks = new SpaceServerTaskRepository(client, space);
const details = await tasks.getDetails(taskIds[0]);
const raw = await tasks.getRaw(taskIds[0]);
const deployments = await new DeploymentRepository(client, space).list({
  ids: response.DeploymentServerTasks.map((task) => task.DeploymentId),
  take: taskIds.length,
});

// what people see of a refusal
let refusal = "";
try {
  await new ReleaseRepository(client, space).create({
    spaceName: space,
    ProjectName: given.project,
    ReleaseVersion: given.version,
  });
} catch (error) {
  refusal = `${error}`;
}

console.log(
  JSON.stringify({
    spaces: spaces.Items.map((item) => item.Name),
    projects: projects.Items.map((item) => item.Name),
    environments: environments.Items.map((item) => item.Name),
    packages: packages.Items.map((item) => item.Version),
    release,
    finished,
    seen,
    details,
    raw,
    deployments: deployments.Items,
    refusal,
  }),
);
