// Admits pods as the API server does, by its own plugins for admission policies, and compares what comes out with the golden
// pods. Build it with Debian sid's golang-k8s-apiserver-dev in GOPATH mode.
//
//	admission [-write] POLICIES PODS GOLDEN
//
// Each file of PODS has, before its pods, the namespaces and the ConfigMap that they meet. Besides the comparison: a pod keeps
// all that it had, a pod that is admitted again does not change, and what is refused can still be changed elsewhere (so that
// it can be deleted).
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/meta/testrestmapper"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/initializer"
	"k8s.io/apiserver/pkg/admission/plugin/policy/mutating"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizerfactory"
	"k8s.io/apiserver/pkg/util/compatibility"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/apiserver/pkg/warning"
	"k8s.io/client-go/discovery"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/openapi"
	"k8s.io/client-go/openapi/openapitest"
	"k8s.io/klog/v2"
	"sigs.k8s.io/yaml"
)

// The API server's schemas, from files: client-go has them from before native sidecars.
type client struct{ kubernetes.Interface }
type schemas struct{ discovery.DiscoveryInterface }
type files struct{ openapi.Client }
type file struct{ openapi.GroupVersion }

func (c client) Discovery() discovery.DiscoveryInterface { return schemas{c.Interface.Discovery()} }
func (schemas) OpenAPIV3() openapi.Client                { return files{openapitest.NewEmbeddedFileClient()} }

func (f files) Paths() (map[string]openapi.GroupVersion, error) {
	paths, err := f.Client.Paths()
	for path, version := range paths {
		paths[path] = file{version}
	}
	return paths, err
}

func (f file) Schema(contentType string) ([]byte, error) {
	text, err := f.GroupVersion.Schema(contentType)
	of := []byte(`"readinessProbe": {`)
	return bytes.ReplaceAll(text, of, append([]byte(`"restartPolicy": {"type": "string"}, `), of...)), err
}

// What becomes of a pod. One that is admitted as it is has nothing of these.
type outcome struct {
	Refused  string         `json:"refused,omitempty"`
	Warnings []string       `json:"warnings,omitempty"`
	Admitted map[string]any `json:"admitted,omitempty"`
}

func (o *outcome) AddWarning(_, text string) { o.Warnings = append(o.Warnings, text) }

// The two plugins, over the policies and the objects that a pod meets.
type server struct {
	mutating   *mutating.Plugin
	validating *validating.Plugin
	mapper     meta.RESTMapper
}

func start(objects []runtime.Object, done <-chan struct{}) (s server) {
	s.mutating, s.validating = must(mutating.NewPlugin(nil)), must(validating.NewPlugin(nil))
	s.mapper = testrestmapper.TestOnlyStaticRESTMapper(scheme.Scheme)
	for _, object := range objects {
		if policy, is := object.(*admissionregistrationv1.ValidatingAdmissionPolicy); is {
			// As the API server fills it in.
			policy.Spec.MatchConstraints.ObjectSelector = &metav1.LabelSelector{}
		}
	}
	api := client{fake.NewSimpleClientset(objects...)}
	shared := informers.NewSharedInformerFactory(api, time.Hour)
	initialize := initializer.New(api, dynamicfake.NewSimpleDynamicClient(scheme.Scheme), shared,
		authorizerfactory.NewAlwaysAllowAuthorizer(), utilfeature.DefaultFeatureGate,
		compatibility.DefaultBuildEffectiveVersion(), done, s.mapper)
	for _, plugin := range []admission.InitializationValidator{s.mutating, s.validating} {
		initialize.Initialize(plugin.(admission.Interface))
		check(plugin.ValidateInitialization())
	}
	shared.Start(done)
	shared.WaitForCacheSync(done)
	return s
}

// What the plugins make of an object; as it is, it is what it was before (nil where it is new).
func (s server) admit(object, before runtime.Object) (result outcome) {
	kind := object.GetObjectKind().GroupVersionKind()
	given, object := plain(object), object.DeepCopyObject()
	about := must(meta.Accessor(object))
	operation := admission.Create
	if before != nil {
		operation = admission.Update
	}
	attributes := admission.NewAttributesRecord(object, before, kind, about.GetNamespace(), about.GetName(),
		must(s.mapper.RESTMapping(kind.GroupKind(), kind.Version)).Resource, "", operation, nil, false, &user.DefaultInfo{})
	interfaces := admission.NewObjectInterfacesFromScheme(scheme.Scheme)
	ctx := warning.WithWarningRecorder(context.Background(), &result)
	err := s.mutating.Admit(ctx, attributes, interfaces)
	if err == nil {
		err = s.validating.Validate(ctx, attributes, interfaces)
	}
	if err != nil {
		result.Refused = err.Error()
		return result
	}
	object.GetObjectKind().SetGroupVersionKind(kind)
	if admitted := plain(object); !reflect.DeepEqual(admitted, given) {
		result.Admitted = admitted
	}
	return result
}

// Whether all that is in the first is in the second, lists in their order.
func keeps(before, after any) bool {
	switch before := before.(type) {
	case map[string]any:
		after, _ := after.(map[string]any)
		for key, value := range before {
			if other, is := after[key]; !is || !keeps(value, other) {
				return false
			}
		}
		return true
	case []any:
		after, _ := after.([]any)
		for _, other := range after {
			if len(before) > 0 && keeps(before[0], other) {
				before = before[1:]
			}
		}
		return len(before) == 0
	}
	return reflect.DeepEqual(before, after)
}

func main() {
	write := flag.Bool("write", false, "write the golden pods")
	flag.Parse()
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	_, policies := read(flag.Arg(0))
	total, failed, started := 0, 0, time.Now()
	fail := func(name, text string, values ...any) {
		failed++
		fmt.Printf("%s: %s\n", name, fmt.Sprintf(text, values...))
	}
	for _, file := range must(filepath.Glob(flag.Arg(1) + "/*.yaml")) {
		done := make(chan struct{})
		objects, pods := read(file)
		s, outcomes := start(append(objects, policies...), done), map[string]outcome{}
		for _, pod := range pods {
			name := must(meta.Accessor(pod)).GetName()
			result := s.admit(pod, nil)
			if _, is := outcomes[name]; is {
				fail(name, "is there twice")
			}
			outcomes[name] = result
			total++
			if result.Refused != "" {
				if pod.GetObjectKind().GroupVersionKind().Kind != "Pod" && s.admit(pod, pod).Refused != "" {
					fail(name, "is refused without a change, too")
				}
				continue
			}
			if result.Admitted == nil {
				continue
			}
			if !keeps(plain(pod), result.Admitted) {
				fail(name, "does not keep what it had")
			}
			if again := s.admit(decode(must(json.Marshal(result.Admitted))), nil); again.Refused != "" || again.Admitted != nil {
				fail(name, "does not stay as it is when it is admitted again: %s", text(again, 0))
			}
		}
		close(done)
		golden := filepath.Join(flag.Arg(2), strings.TrimSuffix(filepath.Base(file), ".yaml")+".json")
		var written, stored map[string]any
		check(json.Unmarshal(must(json.Marshal(outcomes)), &written))
		if *write {
			check(os.WriteFile(golden, []byte(text(written, 0)+"\n"), 0o644))
		}
		check(json.Unmarshal(must(os.ReadFile(golden)), &stored))
		for name := range stored {
			if _, is := written[name]; !is {
				fail(name, "is only in %s", golden)
			}
		}
		for name, result := range written {
			if !reflect.DeepEqual(result, stored[name]) {
				fail(name, "is not as in %s: %s", golden, text(result, 0))
			}
		}
	}
	fmt.Printf("%d pods and templates in %s, %d failed\n", total, time.Since(started).Round(time.Millisecond), failed)
	if failed > 0 || total == 0 {
		os.Exit(1)
	}
}

// The namespaces and ConfigMaps of a file, or of all files of a directory, and its other objects.
func read(path string) (surroundings, others []runtime.Object) {
	paths := must(filepath.Glob(path + "/*.yaml"))
	if paths == nil {
		paths = []string{path}
	}
	for _, path := range paths {
		for _, document := range strings.Split(string(must(os.ReadFile(path))), "\n---\n") {
			if filepath.Base(path) == "kustomization.yaml" {
				continue
			}
			object := decode(must(yaml.YAMLToJSONStrict([]byte(document))))
			switch object.GetObjectKind().GroupVersionKind().Kind {
			case "Namespace", "ConfigMap":
				surroundings = append(surroundings, object)
			default:
				others = append(others, object)
			}
		}
	}
	return surroundings, others
}

func decode(document []byte) runtime.Object {
	decoder := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	object, _, err := decoder.Decode(document, nil, nil)
	check(err)
	return object
}

func plain(object runtime.Object) (result map[string]any) {
	check(json.Unmarshal(must(json.Marshal(object)), &result))
	delete(result, "status")
	return result
}

// JSON with a line for each field of a container.
func text(value any, depth int) string {
	var open, end string
	var parts []string
	switch value := value.(type) {
	case map[string]any:
		open, end = "{", "}"
		for _, key := range slices.Sorted(maps.Keys(value)) {
			parts = append(parts, fmt.Sprintf("%q: %s", key, text(value[key], depth+1)))
		}
	case []any:
		open, end = "[", "]"
		for _, part := range value {
			parts = append(parts, text(part, depth+1))
		}
	default:
		return string(must(json.Marshal(value)))
	}
	if depth >= 6 || len(parts) == 0 {
		return open + strings.Join(parts, ", ") + end
	}
	indent := "\n" + strings.Repeat("  ", depth)
	return open + indent + "  " + strings.Join(parts, ","+indent+"  ") + indent + end
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "admission:", err)
		os.Exit(2)
	}
}
