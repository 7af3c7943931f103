package deploytest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// object is one YAML document.
type object map[string]any

// at is what stands below a path of keys and list positions; nil where there is nothing.
func (o object) at(path ...any) any {
	var here any = map[string]any(o)
	for _, step := range path {
		switch s := step.(type) {
		case string:
			m, _ := here.(map[string]any)
			here = m[s]
		case int:
			l, _ := here.([]any)
			if s >= len(l) {
				return nil
			}
			here = l[s]
		}
	}
	return here
}

// documents reads all of a file, strictly: a key given twice is an error.
func documents(t *testing.T, text string) (list []object) {
	t.Helper()
	decoder := yaml.NewDecoder(strings.NewReader(text))
	for {
		var o map[string]any
		err := decoder.Decode(&o)
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, o)
	}
}

// base is every object of the kustomization by kind, and the kustomization itself.
func base(t *testing.T) map[string]object {
	t.Helper()
	all := map[string]object{}
	all["Kustomization"] = documents(t, deployed(t, "kubernetes/kustomization.yaml"))[0]
	resources, _ := all["Kustomization"].at("resources").([]any)
	for _, name := range resources {
		for _, o := range documents(t, deployed(t, "kubernetes/"+name.(string))) {
			kind, _ := o.at("kind").(string)
			if all[kind] != nil || kind == "" {
				t.Errorf("%s: kind %q is there twice, or none", name, kind)
			}
			all[kind] = o
		}
	}
	return all
}

func TestEveryYAMLFileIsOne(t *testing.T) {
	found := 0
	err := filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if ext := filepath.Ext(path); err != nil || ext != ".yml" && ext != ".yaml" {
			return err
		}
		found++
		name, err := filepath.Rel("..", path)
		if len(documents(t, deployed(t, name))) == 0 {
			t.Errorf("%s is empty", name)
		}
		return err
	})
	if err != nil || found < 10 {
		t.Errorf("%d files, %v", found, err)
	}
}

func TestTheKustomizationIsWhole(t *testing.T) {
	all := base(t)
	for _, kind := range []string{"Namespace", "Deployment", "Service", "PodDisruptionBudget", "HorizontalPodAutoscaler", "NetworkPolicy"} {
		if all[kind] == nil {
			t.Errorf("no %s", kind)
		}
	}
	kubectl, found := installed("kubectl")
	if !found {
		t.Log("kubectl is not installed: the files were only read")
		return
	}
	out, err := output(t, "", nil, kubectl, "kustomize", filepath.Join("..", "kubernetes"))
	if err != nil {
		t.Fatalf("kubectl kustomize: %v\n%s", err, out)
	}
	for _, o := range documents(t, out) {
		if o.at("kind") != "Deployment" {
			continue
		}
		if o.at("spec", "selector", "matchLabels", "app.kubernetes.io/name") != "snowgate" ||
			o.at("spec", "template", "metadata", "labels", "app.kubernetes.io/name") != "snowgate" {
			t.Errorf("the Deployment does not select its own pods: %v", o.at("spec", "selector"))
		}
		if name, _ := o.at("spec", "template", "spec", "volumes", 0, "configMap", "name").(string); !strings.HasPrefix(name, "snowgate-") {
			t.Errorf("the configuration's name %q does not change with it", name)
		}
	}
}

// TestThePodFitsTheGateway keeps: the probes ask pages that are there, the port is the one it listens on, the folder it
// writes is one it may write, and it is given the time to end.
func TestThePodFitsTheGateway(t *testing.T) {
	g := startGateway(t)
	pod := object(base(t)["Deployment"].at("spec", "template", "spec").(map[string]any))
	container := object(pod.at("containers", 0).(map[string]any))
	for probe, path := range map[string]string{"startupProbe": "/livez", "livenessProbe": "/livez", "readinessProbe": "/readyz"} {
		if got := container.at(probe, "httpGet", "path"); got != path || container.at(probe, "httpGet", "port") != "http" {
			t.Errorf("%s asks %v, want %s", probe, got, path)
		}
		eventually(t, "the gateway says yes to "+path, func() bool { return g.get(path, "").status == http.StatusOK })
	}
	for name, want := range map[string][]any{
		"runAsNonRoot":                  {pod.at("securityContext", "runAsNonRoot"), true},
		"seccompProfile":                {pod.at("securityContext", "seccompProfile", "type"), "RuntimeDefault"},
		"automountServiceAccountToken":  {pod.at("automountServiceAccountToken"), false},
		"enableServiceLinks":            {pod.at("enableServiceLinks"), false},
		"readOnlyRootFilesystem":        {container.at("securityContext", "readOnlyRootFilesystem"), true},
		"allowPrivilegeEscalation":      {container.at("securityContext", "allowPrivilegeEscalation"), false},
		"capabilities":                  {fmt.Sprint(container.at("securityContext", "capabilities", "drop")), "[ALL]"},
		"runAsUser is the image's":      {pod.at("securityContext", "runAsUser"), 65532},
		"port":                          {container.at("ports", 0, "containerPort"), 8080},
		"configuration":                 {fmt.Sprint(container.at("args")), "[-c /etc/snowgate/snowgate.yaml]"},
		"a limit of memory":             {container.at("resources", "limits", "memory") != nil, true},
		"the spool is written to":       {container.at("volumeMounts", 1, "mountPath"), "/var/lib/snowgate/spool"},
		"the service's port is the pod": {base(t)["Service"].at("spec", "ports", 0, "targetPort"), container.at("ports", 0, "name")},
		"who is scaled":                 {base(t)["HorizontalPodAutoscaler"].at("spec", "scaleTargetRef", "name"), base(t)["Deployment"].at("metadata", "name")},
		"replicas are the autoscaler's": {base(t)["Deployment"].at("spec", "replicas"), nil},
	} {
		if want[0] != want[1] {
			t.Errorf("%s: got %v, want %v", name, want[0], want[1])
		}
	}
	grace, _ := pod.at("terminationGracePeriodSeconds").(int)
	pause, _ := container.at("lifecycle", "preStop", "sleep", "seconds").(int)
	const drain = 15 // s, server.drain_timeout
	if grace < pause+drain+5 {
		t.Errorf("%d s to end in, %d of them spent waiting", grace, pause)
	}
	if atLeast, _ := base(t)["HorizontalPodAutoscaler"].at("spec", "minReplicas").(int); atLeast < 2 {
		t.Errorf("%d replicas: every rollout would be an outage", atLeast)
	}
}

// TestThePodsConfigurationIsTaken runs check-config on the file of the ConfigMap with the variables of the Secret.
func TestThePodsConfigurationIsTaken(t *testing.T) {
	var environ []string
	for _, line := range strings.Split(deployed(t, "kubernetes/secret.example.env"), "\n") {
		if line != "" && line[0] != '#' {
			environ = append(environ, line)
		}
	}
	file := filepath.Join("..", "kubernetes", "snowgate.yaml")
	out, err := output(t, "", environ, build(t), "-c", file, "check-config")
	if err != nil || !strings.Contains(out, "mode: production") || strings.Contains(out, "unknown") {
		t.Errorf("%v\n%s", err, out)
	}
	for i := range environ { // admin.tokens may be left out
		if out, err := output(t, "", slices.Delete(slices.Clone(environ), i, i+1), build(t), "-c", file, "check-config"); err == nil && !strings.Contains(environ[i], "ADMIN") {
			t.Errorf("%s is not needed:\n%s", environ[i], out)
		}
	}
}
