package flinkmock

import (
	"net/http"
	"net/url"
)

// Fault is a fault between clients and the cluster.
type Fault struct {
	Name string
	// Hits is the number of requests to which the fault applied.
	Hits int
}

// AddFaults adds faults and returns them. The faults are written as in a scenario: YAML text, or a value that
// encoding/json encodes as an object or array, such as
// map[string]any{"match": "GET /jobs", "times": 1, "drop": "after-processing"}.
func (f *FlinkMock) AddFaults(faults any) []Fault {
	f.t.Helper()
	var added struct{ Faults []Fault }
	faultsYAML, isYAML := faults.(string)
	if !isYAML {
		f.must(http.MethodPost, "/faults", faults, &added)
	} else if err := f.control.send(http.MethodPost, "/faults", yamlType, []byte(faultsYAML), &added); err != nil {
		f.t.Fatal(err)
	}
	return added.Faults
}

// Faults returns the faults. If several faults could apply to a request, the first one does.
func (f *FlinkMock) Faults() []Fault {
	f.t.Helper()
	var list struct{ Faults []Fault }
	f.must(http.MethodGet, "/faults", nil, &list)
	return list.Faults
}

// FaultHits returns the number of requests to which the fault applied.
func (f *FlinkMock) FaultHits(name string) int {
	f.t.Helper()
	var fault Fault
	f.must(http.MethodGet, "/faults/"+url.PathEscape(name), nil, &fault)
	return fault.Hits
}

// RemoveFault removes a fault.
func (f *FlinkMock) RemoveFault(name string) {
	f.t.Helper()
	f.must(http.MethodDelete, "/faults/"+url.PathEscape(name), nil, nil)
}

// ClearFaults removes all faults.
func (f *FlinkMock) ClearFaults() {
	f.t.Helper()
	f.must(http.MethodDelete, "/faults", nil, nil)
}
