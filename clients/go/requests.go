package flinkmock

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Exchange is a request that a client sent, with its response.
type Exchange struct {
	Number int
	// Time is the cluster time in ms since the epoch.
	Time   int64
	Method string
	Target string
	// Operation is the operation id; empty if the request matched no operation.
	Operation string
	// Body is the JSON body of the request; null if it has none.
	Body json.RawMessage
	// Files are the names of the uploaded files.
	Files []string
	// Job is the name of the job that the request is about; empty if there is none.
	Job string
	// Status is the status of the response; 0 if there was no response.
	Status int
	// Fault is the name of the fault that applied; empty if none did.
	Fault string
	// Advice are sentences about parts of the request that the release ignores or that a later release lacks.
	Advice []string
}

// Filter selects the requests that match all of its fields. A field with its zero value matches all requests.
type Filter struct {
	// Match is a method and path: "POST /jobs/:jobid/savepoints".
	Match string
	// Body is the JSON that the body has to contain; it requires Match.
	Body any
	// Status is the status of the response.
	Status int
	// Job is the name or id of a job.
	Job string
	// Unexpected selects requests that match no operation that the cluster has, and no page of the dashboard, except
	// those to which a fault applied and those that the test expects.
	Unexpected bool
}

// Count is the expected number of requests: Never, Once, AtLeastOnce, Times(3), or "1..10 times".
type Count string

const (
	Never       Count = "never"
	Once        Count = "once"
	AtLeastOnce Count = "1.. times"
)

// Times returns an exact count.
func Times(n int) Count {
	return Count(fmt.Sprintf("%d times", n))
}

type requestList struct{ Requests []Exchange }

// Requests returns the requests that clients have sent. Requests to the control API are not included.
func (f *FlinkMock) Requests(filter Filter) []Exchange {
	f.t.Helper()
	query := url.Values{}
	if filter.Match != "" {
		query.Set("match", filter.Match)
	}
	if filter.Body != nil {
		body, err := json.Marshal(filter.Body)
		if err != nil {
			f.t.Fatal(err)
		}
		query.Set("body", string(body))
	}
	if filter.Status != 0 {
		query.Set("status", strconv.Itoa(filter.Status))
	}
	if filter.Job != "" {
		query.Set("job", filter.Job)
	}
	if filter.Unexpected {
		query.Set("unexpected", "true")
	}
	var list requestList
	f.must(http.MethodGet, "/requests?"+query.Encode(), nil, &list)
	return list.Requests
}

// ClearRequests clears the journal of requests.
func (f *FlinkMock) ClearRequests() {
	f.t.Helper()
	f.must(http.MethodDelete, "/requests", nil, nil)
}

// Expect checks how often a request was sent, and returns the matching requests. If their number differs from the
// count, the test ends with a message that shows near misses.
//
// The match is a method and path. The body is the JSON that the body has to contain; strings may have the wildcard *,
// and nil matches all bodies.
func (f *FlinkMock) Expect(count Count, match string, body any) []Exchange {
	f.t.Helper()
	expected := map[string]any{"match": match, "times": count}
	if body != nil {
		expected["body"] = body
	}
	var list requestList
	f.must(http.MethodPost, "/requests/expect", expected, &list)
	return list.Requests
}

// ExpectInOrder checks that requests were sent in this order. There may be other requests between them.
func (f *FlinkMock) ExpectInOrder(matches ...string) {
	f.t.Helper()
	f.must(http.MethodPost, "/requests/expect-in-order", map[string]any{"matches": matches}, nil)
}

// WaitForRequests waits until clients have sent this number of matching requests, and returns them. The timeout is on
// the wall clock.
func (f *FlinkMock) WaitForRequests(times int, match string, timeout time.Duration) []Exchange {
	f.t.Helper()
	var list requestList
	body := map[string]any{"match": match, "times": times, "timeout": durationText(timeout)}
	f.must(http.MethodPost, "/requests/wait", body, &list)
	return list.Requests
}
