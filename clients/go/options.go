package flinkmock

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Option is an option of Start, Connect and LoadScenario. With LoadScenario, options that are not set stay as the cluster
// was created.
type Option func(*options)

type options struct {
	release, clock, seed, startTime string
	allowUnexpected                 bool
}

// Release sets the minor release to serve, such as "1.20". Default: the scenario's, else the newest.
func Release(minor string) Option {
	return func(o *options) { o.release = minor }
}

// Clock sets the clock mode: "1s per request", "virtual", "real" or "10x".
func Clock(mode string) Option {
	return func(o *options) { o.clock = mode }
}

// Seed sets the seed of ids and random values. Default: the scenario's.
func Seed(seed int) Option {
	return func(o *options) { o.seed = strconv.Itoa(seed) }
}

// StartTime sets the cluster time at which the scenario begins. Default: the scenario's, else now.
func StartTime(start time.Time) Option {
	return func(o *options) { o.startTime = start.UTC().Format(time.RFC3339Nano) }
}

// AllowUnexpected makes Verify accept requests that match no operation of the cluster. LoadScenario ignores it, and it is
// the only option that Connect reads.
func AllowUnexpected() Option {
	return func(o *options) { o.allowUnexpected = true }
}

func mergeOptions(opts []Option) options {
	var merged options
	for _, option := range opts {
		option(&merged)
	}
	return merged
}

func (o options) query() url.Values {
	query := url.Values{}
	values := map[string]string{"flink": o.release, "clock": o.clock, "seed": o.seed, "start-time": o.startTime}
	for name, value := range values {
		if value != "" {
			query.Set(name, value)
		}
	}
	return query
}

// scenarioBody returns the body of a request that loads a scenario. A file is sent as its path if flinkmock runs on this
// machine (isLocal), and else as its content.
func scenarioBody(scenario any, isLocal bool) ([]byte, error) {
	if scenario == nil {
		return nil, nil
	}
	text, isText := scenario.(string)
	if !isText {
		return json.Marshal(scenario)
	}
	isName := !strings.Contains(text, "\n") && (strings.HasSuffix(text, ".yaml") || strings.HasSuffix(text, ".yml"))
	if _, err := os.Stat(text); !isName || err != nil {
		return []byte(text), nil // YAML or JSON, or the name of a built-in scenario
	}
	if !isLocal {
		return os.ReadFile(text)
	}
	path, err := filepath.Abs(text)
	return []byte(path), err
}
