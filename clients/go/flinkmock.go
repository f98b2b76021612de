// Package flinkmock gives each test a fake Apache Flink cluster.
//
//	func TestReport(t *testing.T) {
//		flink := flinkmock.Start(t, `jobs: {orders: streaming}`)
//		response, err := http.Get(flink.URL + "/jobs/overview")
//		...
//	}
//
// The first call of Start starts flinkmock, which ends with the test binary. It runs the program in $FLINKMOCK, else
// flinkmock in the active virtual environment, else flinkmock on the path, else python3 -m flinkmock. The methods
// call flinkmock's control API. If a call fails, the test fails and ends.
package flinkmock

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

const defaultClock = "1s per request"

// FlinkMock is a fake Flink cluster.
type FlinkMock struct {
	// URL is the base URL of Flink's REST API.
	URL string
	// URLs lists the base URL of each JobManager.
	URLs []string
	// ControlURL is the base URL of the control API.
	ControlURL string
	// Flink is the version that is served, such as "1.20.5".
	Flink string

	t       testing.TB
	control controlAPI
	isLocal bool // whether flinkmock runs on this machine: it can read the test's files, and the test can reach all URLs
	options options
}

// Start creates a cluster for a test. At the end of the test, the cluster is deleted. If the test has passed, the cluster
// is verified first, and its findings are logged; see Verify and Findings.
//
// The scenario is a string (YAML or JSON text, the name of a .yaml file, or of a built-in scenario), a value that
// encoding/json encodes as an object, or nil for a cluster without jobs. If neither an option nor the scenario sets the
// clock mode, it is "1s per request".
func Start(t testing.TB, scenario any, opts ...Option) *FlinkMock {
	t.Helper()
	server, err := sharedServer()
	if err != nil {
		t.Fatal(err)
	}
	merged := mergeOptions(opts)
	body, err := scenarioBody(scenario, true)
	if err != nil {
		t.Fatal(err)
	}
	query := merged.query()
	query.Set("default-clock", defaultClock)
	query.Set("idle-timeout", "never")
	var cluster struct {
		ID         string   `json:"id"`
		URL        string   `json:"url"`
		URLs       []string `json:"urls"`
		ControlURL string   `json:"control-url"`
		Flink      string   `json:"flink"`
	}
	if err := server.send(http.MethodPost, "/clusters?"+query.Encode(), yamlType, body, &cluster); err != nil {
		t.Fatal(err)
	}
	f := &FlinkMock{
		URL:        cluster.URL,
		URLs:       cluster.URLs,
		ControlURL: cluster.ControlURL,
		Flink:      cluster.Flink,
		t:          t,
		control:    controlAPI{url: cluster.ControlURL},
		isLocal:    true,
		options:    merged,
	}
	t.Cleanup(func() {
		t.Helper()
		if !t.Failed() {
			f.Verify()
			findings := f.Findings()
			for _, finding := range append(findings.Unused, findings.Ignored...) {
				t.Log(finding)
			}
		}
		if err := server.call(http.MethodDelete, "/clusters/"+cluster.ID, nil, nil); err != nil {
			t.Error(err)
		}
	})
	return f
}

// Connect returns the cluster of a running `flinkmock serve`, for example in a container. The control token may be
// empty. The cluster is neither verified nor deleted at the end of the test.
func Connect(t testing.TB, url, token string, opts ...Option) *FlinkMock {
	t.Helper()
	base := strings.TrimSuffix(url, "/")
	control := controlAPI{url: base + apiPrefix, token: token}
	options := mergeOptions(opts)
	f := &FlinkMock{URL: base, URLs: []string{base}, ControlURL: control.url, t: t, control: control, options: options}
	f.Flink = f.version().Flink
	return f
}

// Addr returns the host and port of URL.
func (f *FlinkMock) Addr() string {
	f.t.Helper()
	parsed, err := url.Parse(f.URL)
	if err != nil {
		f.t.Fatal(err)
	}
	return parsed.Host
}

// Call calls an operation of the control API and decodes its response.
//
// The path is below ControlURL. The body is encoded as JSON; nil sends no body. The result is a pointer; nil ignores
// the response. Error responses are returned as *Error.
func (f *FlinkMock) Call(method, path string, body, result any) error {
	return f.control.call(method, path, body, result)
}

// LoadScenario replaces the cluster with one that has another scenario, at the same address.
func (f *FlinkMock) LoadScenario(scenario any, opts ...Option) {
	f.t.Helper()
	body, err := scenarioBody(scenario, f.isLocal)
	if err != nil {
		f.t.Fatal(err)
	}
	path := "/scenario?" + mergeOptions(opts).query().Encode()
	if err := f.control.send(http.MethodPut, path, yamlType, body, nil); err != nil {
		f.t.Fatal(err)
	}
	version := f.version()
	f.Flink = version.Flink
	if f.isLocal {
		f.URLs = version.URLs
	}
}

// Reset starts the cluster again with the same scenario, at the same address.
func (f *FlinkMock) Reset() {
	f.t.Helper()
	f.must(http.MethodPost, "/reset", nil, nil)
}

// Snapshot takes a snapshot of the cluster and returns its id.
func (f *FlinkMock) Snapshot() string {
	f.t.Helper()
	var snapshot struct{ ID string }
	f.must(http.MethodPost, "/snapshots", nil, &snapshot)
	return snapshot.ID
}

// Restore restores a snapshot.
func (f *FlinkMock) Restore(snapshotID string) {
	f.t.Helper()
	f.must(http.MethodPost, "/snapshots/"+url.PathEscape(snapshotID)+"/restore", nil, nil)
}

// Verify checks the expectations of the scenario, and that each request matched an operation of the release, unless a
// fault applied to it or the test expected it. If a check fails, the test fails, but continues.
func (f *FlinkMock) Verify() {
	f.t.Helper()
	var response struct {
		Expectations []struct {
			Met     bool
			Message string
		}
	}
	f.must(http.MethodGet, "/expectations", nil, &response)
	for _, expectation := range response.Expectations {
		if !expectation.Met {
			f.t.Error(expectation.Message)
		}
	}
	if f.options.allowUnexpected {
		return
	}
	for _, request := range f.Requests(Filter{Unexpected: true}) {
		f.t.Error(fmt.Sprintf("Flink %s has no operation %s %s.", f.Flink, request.Method, request.Target))
	}
}

// Findings are the faults, expectations and parts of requests that have no effect.
type Findings struct {
	// Unused are sentences about faults that applied to no request, and expectations that no request can match.
	Unused []string
	// Ignored are sentences about fields and query parameters of requests that the release does not read.
	Ignored []string
}

// Findings returns the current findings. Start logs them at the end of a test.
func (f *FlinkMock) Findings() Findings {
	f.t.Helper()
	var findings Findings
	f.must(http.MethodGet, "/findings", nil, &findings)
	return findings
}

type servedVersion struct {
	Flink string
	URLs  []string
}

func (f *FlinkMock) version() servedVersion {
	f.t.Helper()
	var response servedVersion
	f.must(http.MethodGet, "/version", nil, &response)
	return response
}

// must calls an operation of the control API. If the call fails, the test fails and ends.
func (f *FlinkMock) must(method, path string, body, result any) {
	f.t.Helper()
	if err := f.control.call(method, path, body, result); err != nil {
		f.t.Fatal(err)
	}
}

func durationText(d time.Duration) string {
	return fmt.Sprintf("%dms", d.Milliseconds())
}
