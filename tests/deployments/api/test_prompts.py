"""Prompted variables over the API: asked for in the preview, answered by the form's own names."""

from deployments.models import Deployment
from deployments.services.variables import VariableRow, save_variables
from tests.factories.deployments import SYSTEM, make_project, make_release, make_target


def test_answers_by_the_names_of_the_form_reach_the_deployment(api, manager, space, dev):
    make_target(space, dev)
    project = make_project(space)
    rows = [
        VariableRow("Ticket", "", prompt={"label": "Which ticket?", "required": True}),
        VariableRow("Pin", "", is_sensitive=True, prompt={"label": "Pin", "required": False}),
    ]
    save_variables(actor=SYSTEM, variable_set=project.variable_set, rows=rows)
    release = make_release(project)
    base, client = f"/api/{space.wire_id}", api(manager)

    path = f"{base}/releases/{release.wire_id}/deployments/preview/{dev.wire_id}"
    form = client.get(path).json()["Form"]
    by_variable = {e["Control"]["Name"]: e["Name"] for e in form["Elements"]}
    body = {"ReleaseId": release.wire_id, "EnvironmentId": dev.wire_id}
    refused = client.send("POST", f"{base}/deployments", body)
    answers = {by_variable["Ticket"]: "OPS-7", by_variable["Pin"]: "canary-12"}
    answer = client.send("POST", f"{base}/deployments", body | {"FormValues": answers})

    assert refused.status_code == 400, refused.json()
    assert answer.status_code == 201, answer.json()
    assert "canary-12" not in answer.content.decode()
    deployment = Deployment.objects.get()
    assert deployment.form_values == {"Ticket": "OPS-7"}
    assert deployment.reveal_json("sealed_form_values") == {"Pin": "canary-12"}
