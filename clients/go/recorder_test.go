package flinkmock_test

import (
	"fmt"
	"runtime"
	"testing"
)

// recorder is a testing.TB that records messages and failures instead of reporting them.
type recorder struct {
	testing.TB
	failed   bool
	messages []string
	cleanups []func()
}

// record runs a function like a test, including its cleanups, the last one first.
func record(t *testing.T, test func(t testing.TB)) *recorder {
	t.Helper()
	r := &recorder{TB: t}
	r.run(func() { test(r) })
	for len(r.cleanups) > 0 {
		last := len(r.cleanups) - 1
		cleanup := r.cleanups[last]
		r.cleanups = r.cleanups[:last]
		r.run(cleanup)
	}
	return r
}

// run runs a function in a goroutine of its own, because Fatal ends the goroutine.
func (r *recorder) run(function func()) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		function()
	}()
	<-ended
}

func (r *recorder) Helper() {}

func (r *recorder) Cleanup(function func()) { r.cleanups = append(r.cleanups, function) }

func (r *recorder) Failed() bool { return r.failed }

func (r *recorder) Log(arguments ...any) { r.messages = append(r.messages, fmt.Sprint(arguments...)) }

func (r *recorder) Error(arguments ...any) {
	r.failed = true
	r.Log(arguments...)
}

func (r *recorder) Fatal(arguments ...any) {
	r.Error(arguments...)
	runtime.Goexit()
}
