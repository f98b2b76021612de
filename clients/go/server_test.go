package flinkmock

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func writeProgram(t *testing.T, folder, script string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no shell scripts")
	}
	path := filepath.Join(folder, "flinkmock")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFindCommandTriesTheVariableTheVirtualEnvironmentThePathAndPython(t *testing.T) {
	virtualEnv, pathFolder := t.TempDir(), t.TempDir()
	programInVirtualEnv := writeProgram(t, filepath.Join(virtualEnv, "bin"), "")
	t.Setenv("PATH", pathFolder)
	variables := map[string]string{"FLINKMOCK": "/opt/flinkmock", "VIRTUAL_ENV": virtualEnv}
	check := func(want ...string) {
		t.Helper()
		if got := findCommand(func(name string) string { return variables[name] }); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	check("/opt/flinkmock")
	delete(variables, "FLINKMOCK")
	check(programInVirtualEnv)
	delete(variables, "VIRTUAL_ENV")
	check("python3", "-m", "flinkmock")
	check(writeProgram(t, pathFolder, ""))
}

func TestTheReasonForAFailedStartIsReported(t *testing.T) {
	brokenFlinkmock := writeProgram(t, t.TempDir(), "echo 'no module named aiohttp' >&2; exit 3")
	otherProgram := writeProgram(t, t.TempDir(), "echo hello")
	for program, reasons := range map[string][]string{
		"/nowhere/flinkmock": {"no such file", "Install flinkmock with pip"},
		brokenFlinkmock:      {"exit status 3", "no module named aiohttp"},
		otherProgram:         {"unexpected output: hello"},
	} {
		_, _, err := startServer([]string{program})
		if err == nil {
			t.Fatal("the server has started")
		}
		for _, reason := range reasons {
			if !strings.Contains(err.Error(), reason) {
				t.Errorf("%q does not contain %q", err, reason)
			}
		}
	}
}
