"""The manifests in `docs/kubernetes/` are what `docs/kubernetes.md` says of them.

KubeRay drops fields that it does not know without a word, so those that we use are listed here.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest
import yaml  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs/kubernetes"
FILES = ("namespace.yaml", "networkpolicy.yaml", "raycluster.yaml", "volume.yaml")
# Of `ray.io/v1`, as far as it is used here.
CLUSTER = {"rayVersion", "headGroupSpec", "workerGroupSpecs"}
HEAD = {"serviceType", "rayStartParams", "template"}
WORKERS = {"groupName", "replicas", "minReplicas", "maxReplicas", "rayStartParams", "template"}
Document = Mapping[str, Any]


def documents(name: str) -> list[Document]:
    return [cast("Document", each) for each in yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8"))]


def cluster() -> Document:
    (found,) = documents("raycluster.yaml")
    return found


def groups() -> Iterator[Document]:
    yield cluster()["spec"]["headGroupSpec"]
    yield from cluster()["spec"]["workerGroupSpecs"]


def test_the_list_of_files_is_whole() -> None:
    (kustomization,) = documents("kustomization.yaml")
    assert sorted(kustomization["resources"]) == sorted(FILES)
    assert {path.name for path in FOLDER.glob("*.yaml")} == {*FILES, "kustomization.yaml"}
    generated = kustomization["secretGenerator"]
    assert [(each["name"], each["files"]) for each in generated] == [("clawc-ray-token", ["auth_token=token"])]
    assert "token" in (FOLDER / ".gitignore").read_text().splitlines()


def test_kuberay_knows_every_field() -> None:
    found = cluster()
    assert (found["apiVersion"], found["kind"], set(found["spec"])) == ("ray.io/v1", "RayCluster", CLUSTER)
    assert set(found["spec"]["headGroupSpec"]) == HEAD
    assert [set(group) for group in found["spec"]["workerGroupSpecs"]] == [WORKERS]
    for group in groups():
        # Ray gets them as options on a command line, where everything is a text.
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())


def test_every_pod_asks_for_the_token_and_has_few_rights() -> None:
    for group in groups():
        pod = group["template"]["spec"]
        assert (pod["hostUsers"], pod["shareProcessNamespace"]) == (False, True)
        assert (pod["automountServiceAccountToken"], pod["securityContext"]["runAsNonRoot"]) == (False, True)
        assert not {"hostNetwork", "hostPID", "hostIPC", "serviceAccountName"} & set(pod)
        assert {kind for volume in pod["volumes"] for kind in volume if kind != "name"} <= {
            "emptyDir", "persistentVolumeClaim"}  # fmt: skip
        (container,) = pod["containers"]
        rights = container["securityContext"]
        assert (rights["allowPrivilegeEscalation"], rights["readOnlyRootFilesystem"]) == (False, True)
        assert rights["capabilities"] == {"drop": ["ALL"]} and "privileged" not in rights
        assert (rights["procMount"], rights["seccompProfile"], rights["appArmorProfile"]) == (
            "Unmasked", {"type": "Unconfined"}, {"type": "Unconfined"})  # fmt: skip
        variables = {each["name"]: each for each in container["env"]}
        assert variables["RAY_AUTH_MODE"]["value"] == "token"
        secret = variables["RAY_AUTH_TOKEN"]["valueFrom"]["secretKeyRef"]
        assert secret == {"name": "clawc-ray-token", "key": "auth_token"}
        assert (
            "@sha256:" in container["image"] and container["resources"]["limits"] == container["resources"]["requests"]
        )
        assert {mount["mountPath"] for mount in container["volumeMounts"]} >= {"/tmp", "/dev/shm"}


def test_the_head_plays_nothing() -> None:
    head, *workers = groups()
    assert head["rayStartParams"]["num-cpus"] == "0"
    assert all("num-cpus" not in group["rayStartParams"] for group in workers)


def test_the_network_is_closed_but_for_the_cluster_and_names() -> None:
    closed, opened = documents("networkpolicy.yaml")
    assert closed["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    ours = {"podSelector": {"matchLabels": {"ray.io/cluster": cluster()["metadata"]["name"]}}}
    assert {"podSelector": opened["spec"]["podSelector"]} == ours
    assert opened["spec"]["ingress"][0]["from"] == opened["spec"]["egress"][0]["to"] == [ours]
    assert {port["port"] for port in opened["spec"]["egress"][1]["ports"]} == {53}
    assert all("ipBlock" not in peer for rule in opened["spec"]["egress"] for peer in rule["to"])


def test_image_and_cluster_have_the_ray_that_is_tested() -> None:
    pinned = next(
        line.split()[0].removeprefix("ray==")
        for line in (ROOT / "requirements-dev.txt").read_text().splitlines()
        if line.startswith("ray==")
    )
    assert cluster()["spec"]["rayVersion"] == pinned
    assert f'"ray=={pinned}"' in (FOLDER / "Dockerfile").read_text()
    namespaces = {each["metadata"].get("namespace", "clawc") for name in FILES for each in documents(name)}
    assert namespaces == {"clawc"}


@pytest.mark.skipif(importlib.util.find_spec("kubernetes_validate") is None, reason="kubernetes-validate is large")
@pytest.mark.parametrize("version", ["1.33", "1.37"])
def test_kubernetes_knows_every_field(version: str, tmp_path: Path) -> None:
    files = [FOLDER / name for name in FILES if name != "raycluster.yaml"]
    for number, group in enumerate(groups()):
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, "spec": group["template"]["spec"]}
        files.append(tmp_path / f"pod{number}.yaml")
        files[-1].write_text(yaml.safe_dump(pod))
    done = subprocess.run(
        [sys.executable, "-m", "kubernetes_validate", "--strict", "-k", version, *map(str, files)],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
