package flinkmock

import (
	"net/http"
	"time"
)

// Now returns the cluster time.
func (f *FlinkMock) Now() time.Time {
	f.t.Helper()
	return f.callClock(http.MethodGet, "/clock", nil)
}

// Advance advances the cluster time and returns it. Durations are rounded down to milliseconds.
func (f *FlinkMock) Advance(by time.Duration) time.Time {
	f.t.Helper()
	return f.callClock(http.MethodPost, "/clock/advance", map[string]string{"by": durationText(by)})
}

// RunUntil advances the cluster time until the job is in the state, and returns the cluster time.
func (f *FlinkMock) RunUntil(job, state string) time.Time {
	f.t.Helper()
	return f.callClock(http.MethodPost, "/clock/run-until", map[string]string{"job": job, "state": state})
}

// callClock calls an operation on the clock and returns the cluster time after it.
func (f *FlinkMock) callClock(method, path string, body any) time.Time {
	f.t.Helper()
	var response struct{ Now int64 }
	f.must(method, path, body, &response)
	return time.UnixMilli(response.Now)
}
