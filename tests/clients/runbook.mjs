// What a build server does with runbooks through @octopusdeploy/api-client: write one, publish it, run it, wait.
// Takes one JSON argument, prints one JSON answer. Driven by test_npm_client.py.

import { readFileSync } from "node:fs";

import octopus from "@octopusdeploy/api-client";

const given = JSON.parse(readFileSync(0, "utf8"));
const { Client, ProjectRepository, ServerTaskWaiter, SpaceServerTaskRepository } = octopus;
const { RunbookRepository, RunbookProcessRepository } = octopus;
const { RunbookRunRepository, RunbookSnapshotRepository } = octopus;

const client = await Client.create({
  userAgentApp: "octoplat-tests",
  instanceURL: given.url,
  apiKey: given.apiKey,
});
const space = given.spaceName;
const found = await new ProjectRepository(client, space).list({ partialName: given.project });
const project = found.Items[0];

const runbooks = new RunbookRepository(client, space, project);
const runbook = await runbooks.create({ Name: given.runbook, ProjectId: project.Id });
const processes = new RunbookProcessRepository(client, space, project);
const process_ = await processes.get(runbook);
process_.Steps = given.steps;
await processes.update(process_);
const snapshots = new RunbookSnapshotRepository(client, space, project);
const snapshot = await snapshots.create(runbook, "First", true, "By the client");

const runs = new RunbookRunRepository(client, space);
const response = await runs.create({
  spaceName: space,
  ProjectName: given.project,
  RunbookName: given.runbook,
  EnvironmentNames: [given.environment],
});
const taskIds = response.RunbookRunServerTasks.map((task) => task.ServerTaskId);
const waiter = new ServerTaskWaiter(client, space);
const finished = await waiter.waitForServerTasksToComplete(taskIds, 200, 120_000);
const raw = await new SpaceServerTaskRepository(client, space).getRaw(taskIds[0]);
const listed = await runs.list({ ids: response.RunbookRunServerTasks.map((run) => run.RunbookRunId) });
const shown = await runbooks.get(runbook.Id);
await runbooks.del(shown);

console.log(JSON.stringify({ runbook: shown, snapshot, finished, raw, runs: listed.Items }));
