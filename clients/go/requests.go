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
	Time      int64
	Method    string
	Target    string
	Operation string
	// Body is the JSON body.
	Body  json.RawMessage
	Files []string
	Job   string
	// Status is 0 if there was no response.
	Status int
	// Fault is the name of the fault that applied.
	Fault  string
	Advice []string
}

// Filter selects requests. Fields that are zero select all.
type Filter struct {
	// Match is a method and path: "POST /jobs/:jobid/savepoints".
	Match string
	// Body is what the JSON body has to contain; it needs Match.
	Body any
	// Status is the status of the response.
	Status int
	// Job is the name or id of a job.
	Job string
	// Unexpected selects requests that match no operation of the release.
	Unexpected bool
}

// Count says how often requests are expected: Never, Once, Times(3), or "1..10 times".
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

// Requests returns the requests that clients have sent. Calls of the control API are not among them.
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

// ClearRequests forgets the requests.
func (f *FlinkMock) ClearRequests() {
	f.t.Helper()
	f.must(http.MethodDelete, "/requests", nil, nil)
}

// Expect checks how often requests have come, and returns them. Otherwise the test fails, with near misses.
//
// The match is a method and path. The body is what the JSON body has to contain; texts may have * as a wildcard, and
// nil matches all bodies.
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

// ExpectInOrder checks that requests have come one after the other. Others may have come in between.
func (f *FlinkMock) ExpectInOrder(matches ...string) {
	f.t.Helper()
	f.must(http.MethodPost, "/requests/expect-in-order", map[string]any{"matches": matches}, nil)
}

// WaitForRequests waits until so many requests have come. The timeout is of the wall clock.
func (f *FlinkMock) WaitForRequests(times int, match string, timeout time.Duration) []Exchange {
	f.t.Helper()
	var list requestList
	body := map[string]any{"match": match, "times": times, "timeout": text(timeout)}
	f.must(http.MethodPost, "/requests/wait", body, &list)
	return list.Requests
}
