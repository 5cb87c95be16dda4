"""The manifests: selectors meet, probes ask what is there, there is time to drain, and nobody gets more rights than needed."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any, Final

import pytest
import yaml
from pydantic import SecretStr

import config
from gateway.compose import plugs
from gateway.compose.channels import uploads_of
from gateway.http.ops import routes
from gateway.uploads import COPIES_BYTES
from tests.deploy.test_watching import exported
from tests.deploy.tools import DEPLOY

FOLDER: Final = DEPLOY / "kubernetes"
KUSTOMIZATION: Final = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
APART: Final = ("monitor.yaml", "secret.example.yaml")
"""Not applied with the rest: the one needs an operator, the other is an example."""
OURS: Final = FOLDER / "frontdesk.yaml"

Manifest = Mapping[str, Any]


def manifests(*names: str) -> list[Manifest]:
    return [each for name in names for each in yaml.safe_load_all((FOLDER / name).read_text())]


ALL: Final = manifests(*KUSTOMIZATION["resources"], *APART)


def one(kind: str, name: str = "frontdesk") -> Manifest:
    (found,) = [each for each in ALL if each["kind"] == kind and each["metadata"]["name"] == name]
    return found


DEPLOYMENT: Final = one("Deployment")
POD: Final = DEPLOYMENT["spec"]["template"]
JOB_POD: Final = one("CronJob", "frontdesk-sync")["spec"]["jobTemplate"]["spec"]["template"]
PODS: Final = [POD, JOB_POD]
SECRETS: Final[Mapping[str, str]] = one("Secret")["stringData"]


def selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return selector.items() <= labels.items()


@pytest.fixture(scope="module")
def settings() -> config.Settings:
    examined = config.examine(OURS, plugs(), SECRETS)
    assert not examined.problems, [str(problem) for problem in examined.problems]
    assert examined.settings is not None
    return examined.settings


def test_every_file_is_applied_or_said_to_be_apart() -> None:
    known = {*KUSTOMIZATION["resources"], *APART, "kustomization.yaml", OURS.name}
    assert known == {path.name for path in FOLDER.iterdir()}
    assert KUSTOMIZATION["configMapGenerator"] == [{"name": "frontdesk", "files": [OURS.name]}]


def test_selectors_find_the_serving_pods_and_not_the_sync() -> None:
    labels = POD["metadata"]["labels"]
    chosen = [
        DEPLOYMENT["spec"]["selector"]["matchLabels"],
        one("Service")["spec"]["selector"],
        one("Service", "frontdesk-internal")["spec"]["selector"],
        one("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        *(each["labelSelector"]["matchLabels"] for each in POD["spec"]["topologySpreadConstraints"]),
    ]
    assert all(selects(each, labels) for each in chosen)
    assert not any(selects(each, JOB_POD["metadata"]["labels"]) for each in chosen)
    guarded = one("NetworkPolicy")["spec"]["podSelector"]["matchLabels"]
    assert all(selects(guarded, pod["metadata"]["labels"]) for pod in PODS)


def test_ports_are_called_alike_everywhere(settings: config.Settings) -> None:
    ports = {port["name"]: port["containerPort"] for port in POD["spec"]["containers"][0]["ports"]}
    assert ports == {"public": settings.server.public.port, "internal": settings.server.internal.port}
    assert [port["targetPort"] for port in one("Service")["spec"]["ports"]] == ["public"]
    assert [port["targetPort"] for port in one("Service", "frontdesk-internal")["spec"]["ports"]] == ["internal"]
    for rule in one("NetworkPolicy")["spec"]["ingress"]:
        assert rule["from"] and {port["port"] for port in rule["ports"]} <= set(ports)
    assert POD["metadata"]["annotations"]["prometheus.io/port"] == str(ports["internal"])


def test_the_internal_listener_is_not_on_the_internet() -> None:
    paths = [path for rule in one("Ingress")["spec"]["rules"] for path in rule["http"]["paths"]]
    backends = [path["backend"]["service"] for path in paths]
    assert backends == [{"name": "frontdesk", "port": {"name": "public"}}]
    assert {each["spec"].get("type", "ClusterIP") for each in ALL if each["kind"] == "Service"} == {"ClusterIP"}


def test_probes_ask_what_is_there() -> None:
    container = POD["spec"]["containers"][0]
    probes = {name: container[f"{name}Probe"]["httpGet"] for name in ("startup", "readiness", "liveness")}
    assert {each["port"] for each in probes.values()} == {"internal"}
    assert {each["path"] for each in probes.values()} <= {route.path for route in routes()}
    assert probes["readiness"]["path"] == "/readyz"
    assert probes["liveness"]["path"] == "/healthz", "a store that is away is no reason to restart"


def test_there_is_time_to_drain(settings: config.Settings) -> None:
    before = POD["spec"]["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
    assert before[0] == "sleep"
    assert POD["spec"]["terminationGracePeriodSeconds"] > int(before[1]) + settings.server.drain_s
    assert DEPLOYMENT["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert one("PodDisruptionBudget")["spec"]["maxUnavailable"] == 1


@pytest.mark.parametrize("pod", PODS, ids=["serve", "sync"])
def test_a_pod_has_no_rights_it_does_not_need(pod: Manifest) -> None:
    spec = pod["spec"]
    assert one("Namespace")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True and spec["securityContext"]["runAsUser"] == 10001
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = spec["containers"]
    rights = container["securityContext"]
    assert rights["readOnlyRootFilesystem"] is True and rights["allowPrivilegeEscalation"] is False
    assert rights["capabilities"] == {"drop": ["ALL"]}
    assert container["resources"]["requests"].keys() >= {"cpu", "memory"} and container["resources"]["limits"]["memory"]
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == set(volumes)
    assert volumes["config"]["configMap"]["name"] == "frontdesk"


def test_nothing_that_a_pod_keeps_on_disk_is_missed(settings: config.Settings) -> None:
    """Files of contacts are in MongoDB; what lies here are copies, and they fit."""
    volumes = {volume["name"]: volume for volume in POD["spec"]["volumes"]}
    assert not any("persistentVolumeClaim" in volume for volume in volumes.values())
    places = {mount["mountPath"]: volumes[mount["name"]] for mount in POD["spec"]["containers"][0]["volumeMounts"]}
    near = settings.model_copy(
        update={"store": SecretStr("mongodb://mongodb.example/frontdesk")}
    )  # looked up by no DNS
    assert settings.store.get_secret_value().startswith("mongodb") and uploads_of(near).is_shared
    work = places[str(uploads_of(near).folder.parent)]
    assert int(work["emptyDir"]["sizeLimit"].removesuffix("Gi")) * 2**30 >= 2 * COPIES_BYTES


def test_every_secret_of_the_yaml_is_in_the_example(settings: config.Settings) -> None:
    assert set(re.findall(r"\$\{(\w+)", OURS.read_text())) == set(SECRETS)
    assert str(settings.data_dir) in {mount["mountPath"] for mount in POD["spec"]["containers"][0]["volumeMounts"]}
    for pod in PODS:
        container = pod["spec"]["containers"][0]
        assert container["envFrom"] == [{"secretRef": {"name": one("Secret")["metadata"]["name"]}}]
        assert container["env"] == [{"name": "FRONTDESK_CONFIG", "value": f"/etc/frontdesk/{OURS.name}"}]


def test_streams_are_not_buffered_by_either_controller() -> None:
    said = one("Ingress")["metadata"]["annotations"]
    assert said["nginx.org/proxy-buffering"] == "False"
    assert said["nginx.ingress.kubernetes.io/proxy-buffering"] == "off"
    assert said["nginx.org/proxy-read-timeout"] == said["nginx.ingress.kubernetes.io/proxy-read-timeout"] + "s"
    assert "non_idempotent" not in said["nginx.ingress.kubernetes.io/proxy-next-upstream"]


def test_it_scales_by_what_is_measured() -> None:
    spec = one("HorizontalPodAutoscaler")["spec"]
    assert spec["scaleTargetRef"] == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": DEPLOYMENT["metadata"]["name"],
    }
    assert 2 <= spec["minReplicas"] < spec["maxReplicas"] and "replicas" not in DEPLOYMENT["spec"]
    (of_pods,) = [each["pods"]["metric"]["name"] for each in spec["metrics"] if each["type"] == "Pods"]
    assert of_pods in exported()
    assert "cpu" in POD["spec"]["containers"][0]["resources"]["requests"], "a share of what was asked for"


def test_the_monitor_finds_the_internal_service() -> None:
    monitor, service = one("ServiceMonitor")["spec"], one("Service", "frontdesk-internal")
    assert selects(monitor["selector"]["matchLabels"], service["metadata"]["labels"])
    assert not selects(monitor["selector"]["matchLabels"], one("Service")["metadata"]["labels"])
    assert [end["port"] for end in monitor["endpoints"]] == [port["name"] for port in service["spec"]["ports"]]
    assert service["metadata"]["labels"][monitor["jobLabel"]] == "frontdesk", "the job of dashboards and alerts"


def test_kustomize_agrees() -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("no kubectl here: the files were checked by their structure only")
    ended = subprocess.run([kubectl, "kustomize", str(FOLDER)], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    built = list(yaml.safe_load_all(ended.stdout))
    config_map = next(each["metadata"]["name"] for each in built if each["kind"] == "ConfigMap")
    pod = next(each["spec"]["template"]["spec"] for each in built if each["kind"] == "Deployment")
    assert pod["volumes"][0]["configMap"]["name"] == config_map != "frontdesk", "a changed file rolls the pods"
    assert re.search(r"frontdesk:\d+\.\d+\.\d+$", pod["containers"][0]["image"])
    assert {each["metadata"].get("namespace") for each in built if each["kind"] != "Namespace"} == {"frontdesk"}
